//! Values under names, as a command line gives them: `--set field=value`, or the file or variable that holds the value. None of them is
//! quoted in an error, for it may be a secret.

use std::path::Path;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Environment, key_file, nearest};

/// The flags that give values under names.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A field and its value (may be given more than once). Other users of this machine can see flags: better one of the next two for a
    /// secret
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<SecretString>,

    /// A field, and the file that holds nothing but its value
    #[arg(long, value_name = "FIELD=FILE")]
    pub set_file: Vec<String>,

    /// A field, and the environment variable that holds its value
    #[arg(long, value_name = "FIELD=VARIABLE")]
    pub set_env: Vec<String>,
}

/// One value under its name.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) key: String,
    value: SecretString,
}

impl Value {
    /// The value, in clear.
    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret().trim()
    }
}

impl Arguments {
    /// Everything that is given, in the order of the flags; what cannot be read becomes a problem. `known` are the names that there
    /// are, `of` is whose they are.
    pub(super) fn read(&self, known: &[&str], of: &str, environment: &Environment) -> (Vec<Value>, Vec<String>) {
        let (mut values, mut problems) = (Vec::new(), Vec::new());
        let mut take = |read: Result<Value, String>| match read {
            Ok(value) => values.push(value),
            Err(says) => problems.push(says),
        };
        for text in &self.set {
            take(split("--set", "VALUE", text.expose_secret(), known, of).map(|(key, value)| Value { key, value: value.into() }));
        }
        for text in &self.set_file {
            take(split("--set-file", "FILE", text, known, of).and_then(|(key, path)| {
                let read = key_file(Path::new(path)).map_err(|says| format!("--set-file {key} {says}"))?;
                Ok(Value { key, value: read.into() })
            }));
        }
        for text in &self.set_env {
            take(split("--set-env", "VARIABLE", text, known, of).and_then(|(key, name)| {
                let read = variable(name, environment).map_err(|says| format!("--set-env {key} {says}"))?;
                Ok(Value { key, value: read.into() })
            }));
        }
        (values, problems)
    }
}

/// The name, one of those that there are, and what stands behind it.
fn split<'a>(flag: &str, what: &str, text: &'a str, known: &[&str], of: &str) -> Result<(String, &'a str), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{flag} must be FIELD={what}; the `=` is missing"))?;
    let key = key.trim();
    if known.contains(&key) {
        return Ok((key.to_owned(), value));
    }
    let hint = match known.iter().copied().find(|known| known.eq_ignore_ascii_case(key)).or_else(|| nearest(key, known.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", listed(known)),
    };
    // What is no name may be a secret that stands in the wrong place.
    let says = if is_name(key) { format!("`{key}` is not") } else { format!("{flag} does not begin with") };
    Err(format!("{says} a field of {of}; {hint}"))
}

/// The names, as many as can be read.
fn listed(known: &[&str]) -> String {
    const MOST: usize = 8;
    let first = known.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if known.len() > MOST { format!("{first} and {} more", known.len() - MOST) } else { first }
}

/// Whether a text can be quoted, because it is a slip of a name and no value.
fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// The value of the variable of this name. A name that could be a secret put in the wrong place is not quoted.
fn variable(name: &str, environment: &Environment) -> Result<String, String> {
    let name = name.trim();
    let is_usual = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match environment.value(name) {
        Some(value) => Ok(value.to_owned()),
        None if is_usual => Err(format!("names the variable `{name}`, which is not set")),
        None => Err("names no variable that is set; here belongs a name such as `SLACK_URL`, not the value itself".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["url", "secret", "posthogApiKey"];

    fn given(set: &[&str], set_env: &[&str]) -> Arguments {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Arguments { set: set.iter().map(|text| (*text).into()).collect(), set_file: Vec::new(), set_env: texts(set_env) }
    }

    #[test]
    fn what_cannot_be_read_is_told_all_at_once_and_without_a_value() {
        let environment = Environment::of([("SLACK_URL", "https://hunter2")]);
        let wrong = given(
            &["hunter2", "ulr=hunter2", "posthogapikey=hunter2", "https://x.example.com/hunter2?a=b", "colour=hunter2"],
            &["url=hunter2", "url=NOT_SET"],
        );
        let (values, problems) = wrong.read(KNOWN, "a webhook channel", &environment);
        assert!(values.is_empty(), "{values:?}");
        assert_eq!(
            problems,
            [
                "--set must be FIELD=VALUE; the `=` is missing",
                "`ulr` is not a field of a webhook channel; did you mean `url`?",
                "`posthogapikey` is not a field of a webhook channel; did you mean `posthogApiKey`?",
                "--set does not begin with a field of a webhook channel; there are url, secret, posthogApiKey",
                "`colour` is not a field of a webhook channel; there are url, secret, posthogApiKey",
                "--set-env url names no variable that is set; here belongs a name such as `SLACK_URL`, not the value itself",
                "--set-env url names the variable `NOT_SET`, which is not set",
            ]
        );
        let (values, problems) = given(&["secret = a=b "], &["url=SLACK_URL"]).read(KNOWN, "a webhook channel", &environment);
        assert_eq!(problems, [""; 0]);
        assert_eq!(values.iter().map(Value::expose).collect::<Vec<_>>(), ["a=b", "https://hunter2"]);
        assert!(!format!("{values:?}").contains("hunter2"), "{values:?}");
    }
}
