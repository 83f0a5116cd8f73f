//! The only place that reads the process environment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::model::Invalid;

const DIRECTORY: &str = "posthog-heartbeat";

const NO_VARIABLE: &str = "names no variable that is set; give the name of a variable, for example `SHOP_KEY`, not the value itself";

/// An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    data_directory: Option<PathBuf>,
}

impl Environment {
    /// The place of a problem with a variable.
    pub(super) const PLACE: &str = "environment";

    #[must_use]
    pub fn of_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        let variables = std::env::vars_os();
        let variables = variables.map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        let directories = directories::ProjectDirs::from("", "", DIRECTORY);
        Self { variables: variables.collect(), data_directory: directories.map(|found| found.data_local_dir().to_owned()) }
    }

    #[must_use]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { variables: variables.into(), data_directory: None }
    }

    #[must_use]
    pub fn with_data_directory(self, path: impl Into<PathBuf>) -> Self {
        Self { data_directory: Some(path.into()), ..self }
    }

    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that a setting names. A text that may be a key in the wrong place is not quoted.
    pub fn named(&self, name: &str) -> Result<String, Invalid> {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        match self.value(name) {
            Some(value) => Ok(value.to_owned()),
            None if is_name => Err(Invalid::unquoted(format!("names the variable `{name}`, which is not set"))),
            None => Err(Invalid::unquoted(NO_VARIABLE)),
        }
    }

    /// The value of a variable that is a setting.
    pub(super) fn read<T, E: Into<Invalid>>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, Problem> {
        self.value(name).map(parse).transpose().map_err(|wrong| Self::problem(name, wrong))
    }

    pub(super) fn problem(name: &str, wrong: impl Into<Invalid>) -> Problem {
        Problem::of(name, wrong).placed(Self::PLACE)
    }

    #[must_use]
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.value(name))
    }

    /// The default location of database and key; none if the platform or user has no such directory.
    #[must_use]
    pub fn data_directory(&self) -> Option<&Path> {
        self.data_directory.as_deref()
    }

    /// `HEARTBEAT_LOG`, else `RUST_LOG`.
    #[must_use]
    pub fn log_filter(&self) -> Option<&str> {
        self.first(&["HEARTBEAT_LOG", "RUST_LOG"])
    }

    /// See no-color.org.
    #[must_use]
    pub fn no_color(&self) -> bool {
        self.value("NO_COLOR").is_some()
    }
}

/// Prints only names: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset() {
        let environment = Environment::of([("NO_COLOR", ""), ("RUST_LOG", "debug"), ("HEARTBEAT_LOG", "")]);
        assert!(!environment.no_color());
        assert_eq!(environment.log_filter(), Some("debug"));
    }

    #[test]
    fn no_value_is_printed() {
        assert_eq!(format!("{:?}", Environment::of([("HEARTBEAT_KEY", "hunter2")])), r#"{"HEARTBEAT_KEY"}"#);
    }
}
