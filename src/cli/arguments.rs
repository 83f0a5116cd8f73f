//! The flags `--set`, `--set-file` and `--set-env`. No error quotes a value, since it may be a secret.

use std::path::Path;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::{Environment, Problem, Problems, Texts, hint, key_file, unknown_field};
use crate::model::Invalid;
use crate::settings::ChangeError;

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Set a field (repeatable); an empty value restores its default. Other users of this machine can see flags: use --set-file or --set-env for
    /// a secret
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<SecretString>,

    /// Set a field to the content of a file (repeatable)
    #[arg(long, value_name = "FIELD=FILE")]
    pub set_file: Vec<String>,

    /// Set a field to the value of an environment variable (repeatable)
    #[arg(long, value_name = "FIELD=VARIABLE")]
    pub set_env: Vec<String>,
}

/// The fields that can be set.
pub(super) struct Fields<'a> {
    pub(super) keys: Vec<&'a str>,
    /// Their owner, for example `a webhook channel`.
    pub(super) of: &'a str,
}

impl Arguments {
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.set_file.is_empty() && self.set_env.is_empty()
    }

    /// Without `fields`, any field is read.
    pub(super) fn read(&self, fields: Option<&Fields<'_>>, environment: &Environment) -> Assigned {
        let mut assigned = Assigned::default();
        for text in &self.set {
            assigned.add(split("--set", "VALUE", text.expose_secret(), fields).map(|(key, value)| (key, value.trim().to_owned())));
        }
        for text in &self.set_file {
            assigned.add(split("--set-file", "FILE", text, fields).and_then(|(key, path)| {
                let read = key_file(Path::new(path)).map_err(|wrong| Problem::of(key, wrong).called(format!("--set-file {key}")));
                Ok((key, read?.trim().to_owned()))
            }));
        }
        for text in &self.set_env {
            assigned.add(split("--set-env", "VARIABLE", text, fields).and_then(|(key, name)| {
                let read = environment.named(name.trim()).map_err(|wrong| Problem::of(key, wrong).called(format!("--set-env {key}")));
                Ok((key, read?.trim().to_owned()))
            }));
        }
        assigned
    }
}

/// Text that is not a plain word may be a secret in the wrong place, so it is not quoted.
fn split<'a>(flag: &'static str, what: &str, text: &'a str, fields: Option<&Fields<'_>>) -> Result<(&'a str, &'a str), Problem> {
    let no_value = || Problem::of(flag, Invalid::unquoted(format!("must be FIELD={what}; the `=` is missing")));
    let (key, value) = text.split_once('=').ok_or_else(no_value)?;
    let key = key.trim();
    match fields.filter(|fields| !fields.keys.contains(&key)) {
        Some(Fields { keys, of }) => Err(unknown_field(key, &format!("a field of {of}"), hint(key, keys))),
        None => Ok((key, value)),
    }
}

/// The settings of a command line in their order: those that could be read, and the problems of the others.
#[derive(Default)]
pub(super) struct Assigned {
    pub(super) texts: Texts,
    /// The key of each setting, or its problem.
    read: Vec<Result<String, Problem>>,
}

impl Assigned {
    pub(super) fn add(&mut self, read: Result<(&str, impl AsRef<str>), Problem>) {
        self.read.push(read.map(|(key, text)| {
            self.texts.put(key, text.as_ref());
            key.to_owned()
        }));
    }

    pub(super) fn unread(&self) -> impl Iterator<Item = &Problem> {
        self.read.iter().filter_map(|read| read.as_ref().err())
    }

    /// Makes a value of the settings, or reports all problems in the order of the command line. A field whose text could not be read is not
    /// reported as missing too.
    pub(super) fn with<T>(&self, make: impl FnOnce(&Texts) -> Result<T, ChangeError>) -> Result<T, ChangeError> {
        let (value, wrong) = match make(&self.texts) {
            Ok(value) => (Some(value), Vec::new()),
            Err(ChangeError::Wrong(problems)) => (None, problems.into_iter().collect()),
            Err(other) => return Err(other),
        };
        let is_known =
            |problem: &Problem| self.texts.one(&problem.field).is_none() && self.unread().any(|unread| unread.field == problem.field);
        let mut wrong = wrong.into_iter().filter(|problem| !is_known(problem)).peekable();
        let mut problems = Vec::new();
        for read in &self.read {
            match read {
                Err(unread) => problems.push(unread.clone()),
                Ok(key) => problems.extend(wrong.next_if(|problem| problem.field == *key || problem.field.is_empty())),
            }
        }
        problems.extend(wrong);
        match value {
            Some(value) => Ok(Problems::or(problems, value)?),
            None => Err(Problems::of(problems).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(set: &[&str], set_env: &[&str]) -> Arguments {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        Arguments { set: set.iter().map(|text| (*text).into()).collect(), set_file: Vec::new(), set_env: texts(set_env) }
    }

    #[test]
    fn what_cannot_be_read_is_told_all_at_once_and_without_a_value() {
        let fields = Fields { keys: vec!["url", "secret", "posthogApiKey"], of: "a webhook channel" };
        let environment = Environment::of([("SLACK_URL", "https://hunter2")]);
        let wrong = arguments(
            &["hunter2", "ulr=hunter2", "posthogapikey=hunter2", "https://x.example.com/hunter2?a=b", "colour=hunter2"],
            &["url=hunter2", "url=NOT_SET"],
        );
        let assigned = wrong.read(Some(&fields), &environment);
        assert!(assigned.texts.is_empty(), "{:?}", assigned.texts);
        assert_eq!(
            assigned.unread().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "--set must be FIELD=VALUE; the `=` is missing",
                "`ulr` is not a field of a webhook channel; did you mean `url`?",
                "`posthogapikey` is not a field of a webhook channel; did you mean `posthogApiKey`?",
                "(not shown) is not a field of a webhook channel; there are url, secret, posthogApiKey",
                "`colour` is not a field of a webhook channel; there are url, secret, posthogApiKey",
                "--set-env url names no variable that is set; give the name of a variable, for example `SHOP_KEY`, not the value itself",
                "--set-env url names the variable `NOT_SET`, which is not set",
            ]
        );
        let assigned = arguments(&["secret = a=b "], &["url=SLACK_URL"]).read(Some(&fields), &environment);
        assert_eq!(assigned.unread().count(), 0);
        assert_eq!(assigned.texts.iter().collect::<Vec<_>>(), [("secret", "a=b"), ("url", "https://hunter2")]);
    }

    #[test]
    fn a_field_that_could_not_be_read_is_not_missing_too() {
        let assigned = arguments(&[], &["url=NOT_SET"]).read(None, &Environment::of([]));
        let missing = |field: &str| Problem::of(field, Invalid::missing("give it"));
        let made = assigned.with::<()>(|_| Err(Problems::of(vec![missing("name"), missing("url")]).into()));
        assert_eq!(made.unwrap_err().to_string(), "--set-env url names the variable `NOT_SET`, which is not set\nname is missing; give it");
    }
}
