//! What is wrong with what was asked for: each thing a sentence, tied to its place and to the field that it is about; all of them at once.

use std::fmt::{self, Display};

use crate::model::conceal;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `heartbeat.toml:7`, `environment`. Empty where the field alone says it.
    place: String,
    /// The field that it is about, by the name under which its text was given.
    pub field: String,
    /// What is wrong: a sentence, or the rest of one that starts with the field's name. Without secrets.
    pub says: String,
    is_whole: bool,
}

impl Problem {
    /// The rest of a sentence that starts with the field's name. Secrets in it are concealed here, once for all.
    #[must_use]
    pub fn of(field: impl Into<String>, says: impl Display) -> Self {
        Self { place: String::new(), field: field.into(), says: conceal(&says.to_string()), is_whole: false }
    }

    /// A whole sentence about a field.
    #[must_use]
    pub fn whole(field: impl Into<String>, says: impl Display) -> Self {
        Self { is_whole: true, ..Self::of(field, says) }
    }

    /// A whole sentence about what stands at `place`. Even a path may be a key in the wrong place.
    #[must_use]
    pub fn at(place: impl AsRef<str>, says: impl Display) -> Self {
        Self { place: conceal(place.as_ref()), ..Self::whole("", says) }
    }

    /// The sentence, with the field under another name: a flag's, or the variable's that its text came from.
    #[must_use]
    pub fn named(&self, name: &str) -> String {
        if self.is_whole { self.says.clone() } else { format!("{name} {}", self.says) }
    }

    /// The same about a field that is called otherwise.
    #[must_use]
    pub fn about(self, field: impl Into<String>) -> Self {
        Self { field: field.into(), ..self }
    }

    /// The same about a field of a part: `heartbeat.` before `host`.
    #[must_use]
    pub(super) fn below(self, prefix: &str) -> Self {
        let field = format!("{prefix}{}", self.field);
        self.about(field)
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.named(&self.field))
    }
}

/// Everything that is wrong. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All of these; there must be one at least.
    #[must_use]
    pub fn of(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "what has no problem is right");
        Self(problems)
    }

    /// What was made, where nothing is wrong with it.
    ///
    /// # Errors
    /// All of `problems`.
    pub fn or<T>(problems: Vec<Problem>, made: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(made) } else { Err(Self(problems)) }
    }

    /// Each of them, in the order of the fields, or of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_a_sentence_about_its_field_whatever_that_is_called() {
        let rest = Problem::of("host", "`usa` has no protocol");
        assert_eq!((rest.to_string(), rest.named("--host")), ("host `usa` has no protocol".into(), "--host `usa` has no protocol".into()));
        let whole = Problem::whole("projects", "there is no project `x`");
        assert_eq!((whole.named("--project").as_str(), whole.field.as_str()), ("there is no project `x`", "projects"));
        assert_eq!(Problem::at("heartbeat.toml:7", "host is missing").to_string(), "heartbeat.toml:7: host is missing");
        assert_eq!(Problem::of("host", "is missing").below("heartbeat.").to_string(), "heartbeat.host is missing");
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_told() {
        assert_eq!(Problem::of("name", "`phx_hunter2` cannot be a name").says, "`phx_***` cannot be a name");
        assert_eq!(Problem::at("phx_hunter2", "is no file").to_string(), "phx_***: is no file");
    }
}
