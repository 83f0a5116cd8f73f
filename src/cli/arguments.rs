//! The flags `--set`, `--set-file` and `--set-env`. No error quotes a value, since it may be a secret.

use std::path::Path;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Environment, key_file, nearest};

const NO_VARIABLE: &str = "does not name a variable that is set; give a name such as `SLACK_URL`, not the value";

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Set a field (repeatable). Other users of this machine can see flags: use --set-file or --set-env for a secret
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<SecretString>,

    /// Set a field to the content of a file (repeatable)
    #[arg(long, value_name = "FIELD=FILE")]
    pub set_file: Vec<String>,

    /// Set a field to the value of an environment variable (repeatable)
    #[arg(long, value_name = "FIELD=VARIABLE")]
    pub set_env: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) key: String,
    value: SecretString,
}

impl Value {
    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret().trim()
    }
}

impl Arguments {
    /// Returns the values in the order of the flags, and one problem for each flag that cannot be read. `of` names the owner of the fields
    /// in a problem.
    pub(super) fn read(&self, fields: &[&str], of: &str, environment: &Environment) -> (Vec<Value>, Vec<String>) {
        let (mut values, mut problems) = (Vec::new(), Vec::new());
        let mut take = |read: Result<Value, String>| match read {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        };
        for text in &self.set {
            take(split("--set", "VALUE", text.expose_secret(), fields, of).map(|(key, value)| Value { key, value: value.into() }));
        }
        for text in &self.set_file {
            take(split("--set-file", "FILE", text, fields, of).and_then(|(key, path)| {
                let read = key_file(Path::new(path)).map_err(|problem| format!("--set-file {key} {problem}"))?;
                Ok(Value { key, value: read.into() })
            }));
        }
        for text in &self.set_env {
            take(split("--set-env", "VARIABLE", text, fields, of).and_then(|(key, name)| {
                let read = environment.named(name.trim(), NO_VARIABLE).map_err(|problem| format!("--set-env {key} {problem}"))?;
                Ok(Value { key, value: read.into() })
            }));
        }
        (values, problems)
    }
}

fn split<'a>(flag: &str, what: &str, text: &'a str, fields: &[&str], of: &str) -> Result<(String, &'a str), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{flag} must be FIELD={what}; the `=` is missing"))?;
    let key = key.trim();
    if fields.contains(&key) {
        return Ok((key.to_owned(), value));
    }
    let hint = match fields.iter().copied().find(|field| field.eq_ignore_ascii_case(key)).or_else(|| nearest(key, fields.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the fields are {}", listed(fields)),
    };
    // Text that is not a name may be a secret in the wrong place, so it is not quoted.
    let problem = if is_name(key) { format!("`{key}` is not") } else { format!("{flag} does not begin with") };
    Err(format!("{problem} a field of {of}; {hint}"))
}

fn listed(fields: &[&str]) -> String {
    const MOST: usize = 8;
    let first = fields.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if fields.len() > MOST { format!("{first} and {} more", fields.len() - MOST) } else { first }
}

/// Whether the text looks like a misspelled name, so that an error can quote it.
fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["url", "secret", "posthogApiKey"];

    fn arguments(set: &[&str], set_env: &[&str]) -> Arguments {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Arguments { set: set.iter().map(|text| (*text).into()).collect(), set_file: Vec::new(), set_env: texts(set_env) }
    }

    #[test]
    fn what_cannot_be_read_is_told_all_at_once_and_without_a_value() {
        let environment = Environment::of([("SLACK_URL", "https://hunter2")]);
        let wrong = arguments(
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
                "--set does not begin with a field of a webhook channel; the fields are url, secret, posthogApiKey",
                "`colour` is not a field of a webhook channel; the fields are url, secret, posthogApiKey",
                "--set-env url does not name a variable that is set; give a name such as `SLACK_URL`, not the value",
                "--set-env url names the variable `NOT_SET`, which is not set",
            ]
        );
        let (values, problems) = arguments(&["secret = a=b "], &["url=SLACK_URL"]).read(KNOWN, "a webhook channel", &environment);
        assert_eq!(problems, [""; 0]);
        assert_eq!(values.iter().map(Value::expose).collect::<Vec<_>>(), ["a=b", "https://hunter2"]);
        assert!(!format!("{values:?}").contains("hunter2"), "{values:?}");
    }
}
