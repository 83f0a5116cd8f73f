//! What is wrong with what was asked for: each thing a sentence, tied to its place and to the field that it is about; all of them at once.

use std::collections::HashMap;
use std::fmt::{self, Display};

use super::suggest::{SAID_EACH, and_more};
use crate::model::conceal;

/// So many are said in all, whatever they are about.
const SAID_IN_ALL: usize = 100;

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

/// Everything that is wrong; of very many things the first ones of each field, and how many more there are. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All of these; there must be one at least.
    #[must_use]
    pub fn of(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "what has no problem is right");
        Self(bounded(problems))
    }

    /// What was made, where nothing is wrong with it.
    ///
    /// # Errors
    /// All of `problems`.
    pub fn or<T>(problems: Vec<Problem>, made: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(made) } else { Err(Self(bounded(problems))) }
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

/// Of each field some, and of all not too many.
fn bounded(problems: Vec<Problem>) -> Vec<Problem> {
    if problems.len() <= SAID_EACH {
        return problems;
    }
    let mut counted: HashMap<String, usize> = HashMap::new();
    for problem in &problems {
        *counted.entry(problem.field.clone()).or_default() += 1;
    }
    let mut said: HashMap<String, usize> = HashMap::new();
    let mut bounded = Vec::new();
    for problem in problems {
        let (of_field, said) = (counted.get(&problem.field).copied().unwrap_or(0), said.entry(problem.field.clone()).or_default());
        *said += 1;
        match (*said, of_field.saturating_sub(SAID_EACH)) {
            // One more would be told in as many words.
            (..=SAID_EACH, _) | (_, 0 | 1) => bounded.push(problem),
            (said, more) if said == SAID_EACH + 1 => bounded.push(Problem::whole(problem.field, and_more(more))),
            _ => {}
        }
    }
    let more = bounded.len().saturating_sub(SAID_IN_ALL);
    if more > 0 {
        bounded.truncate(SAID_IN_ALL);
        bounded.push(Problem::whole("", and_more(more)));
    }
    bounded
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
    fn very_many_problems_are_told_in_few_words() {
        let many = |field: &str, count: usize| (0..count).map(|at| Problem::of(field, format!("`p{at}` is none"))).collect::<Vec<_>>();
        let said = |problems: Vec<Problem>| Problems::of(problems).iter().map(Problem::to_string).collect::<Vec<_>>();
        assert_eq!(said(many("projects", 11)).len(), 11);
        let all = said([many("name", 1), many("projects", 2000), many("url", 1)].concat());
        assert_eq!((all.len(), all[11].as_str(), all[12].as_str()), (13, "... and 1,990 more", "url `p0` is none"));
        let strange = (0..5000).flat_map(|at| many(&format!("field{at}"), 1)).collect();
        let all = said(strange);
        assert_eq!((all.len(), all[100].as_str()), (101, "... and 4,900 more"));
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_told() {
        assert_eq!(Problem::of("name", "`phx_hunter2` cannot be a name").says, "`phx_***` cannot be a name");
        assert_eq!(Problem::at("phx_hunter2", "is no file").to_string(), "phx_***: is no file");
    }
}
