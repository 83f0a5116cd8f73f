//! Who makes a change, as recorded in the audit log.

use std::fmt;
use std::path::Path;

use crate::config::{Environment, conceal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By(String);

impl By {
    /// `ann on the command line`.
    #[must_use]
    pub fn command_line(environment: &Environment) -> Self {
        match environment.first(&["USER", "LOGNAME"]) {
            Some(user) => Self(format!("{} on the command line", one_line(user))),
            None => Self("the command line".to_owned()),
        }
    }

    /// `file heartbeat.toml`.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        let name = path.display().to_string();
        Self(if name == "-" { "standard input".to_owned() } else { format!("file {}", one_line(&conceal(&name))) })
    }

    #[must_use]
    pub fn environment() -> Self {
        Self("the environment".to_owned())
    }

    #[must_use]
    pub fn user(name: &str) -> Self {
        Self(one_line(name))
    }

    /// `token dbt`.
    #[must_use]
    pub fn token(name: &str) -> Self {
        Self(format!("token {}", one_line(name)))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// At most 100 characters, without control characters.
fn one_line(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_it_was_is_named() {
        let command = |variables| By::command_line(&Environment::of(variables)).to_string();
        assert_eq!(command([("USER", "ann"), ("LOGNAME", "bob")]), "ann on the command line");
        assert_eq!(command([("USER", ""), ("LOGNAME", "bob\n")]), "bob on the command line");
        assert_eq!(By::command_line(&Environment::of([])).as_str(), "the command line");
        assert_eq!(By::file(Path::new("etc/heartbeat.toml")).as_str(), "file etc/heartbeat.toml");
        assert_eq!(By::file(Path::new("-")).as_str(), "standard input");
        assert_eq!(By::token("dbt").as_str(), "token dbt");
    }
}
