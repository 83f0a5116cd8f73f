//! Problems with settings: each is a place, a field, and what is wrong. All problems are reported together.

use std::collections::HashMap;
use std::fmt::{self, Display};

use super::suggest::SAID_EACH;
use crate::model::{Invalid, conceal};

/// Upper limit for all fields together.
const MOST_PROBLEMS: usize = 100;

/// What is wrong with a field, and where. Its words, with secrets redacted, are made only when it is displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// `heartbeat.toml:7` or `environment`; empty if the field is enough.
    place: String,
    pub field: String,
    /// The subject of the sentence, if it is not the field: `token_file names a file whose text`.
    subject: Option<String>,
    /// Boxed because problems are passed around a lot.
    pub wrong: Box<Invalid>,
}

impl Problem {
    #[must_use]
    pub fn of(field: impl Into<String>, wrong: impl Into<Invalid>) -> Self {
        Self { place: String::new(), field: field.into(), subject: None, wrong: Box::new(wrong.into()) }
    }

    /// For an error of another part: `says` is a full sentence.
    #[must_use]
    pub fn whole(field: impl Into<String>, says: impl Display) -> Self {
        Self::of(field, Invalid::Other(conceal(&says.to_string())))
    }

    /// A full sentence about a place.
    #[must_use]
    pub fn at(place: impl AsRef<str>, says: impl Display) -> Self {
        Self::whole("", says).placed(place)
    }

    /// A path may be a key in the wrong place, so it is redacted too.
    #[must_use]
    pub fn placed(self, place: impl AsRef<str>) -> Self {
        Self { place: conceal(place.as_ref()), ..self }
    }

    /// With another subject of the sentence, such as the variable of the field.
    #[must_use]
    pub fn called(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    #[must_use]
    pub fn about(self, field: impl Into<String>) -> Self {
        Self { field: field.into(), ..self }
    }

    /// Adds a prefix to the field: `heartbeat.` before `host`.
    #[must_use]
    pub(super) fn below(self, prefix: &str) -> Self {
        let field = format!("{prefix}{}", self.field);
        self.about(field)
    }

    /// The sentence without its place and, if it starts with the name of the field, without that name.
    #[must_use]
    pub fn says(&self) -> String {
        conceal(&self.wrong.to_string())
    }

    /// The sentence without its place, with another name for the field.
    #[must_use]
    pub fn named(&self, name: &str) -> String {
        if self.wrong.is_sentence() { self.says() } else { format!("{name} {}", self.says()) }
    }

    /// With other names for all fields that it names, such as their flags.
    #[must_use]
    pub fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        let subject = self.subject.or_else(|| Some(name(&self.field)));
        Self { subject, wrong: Box::new(self.wrong.renamed(name)), ..self }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.named(self.subject.as_deref().unwrap_or(&self.field)))
    }
}

/// As it is displayed: its values may contain secrets.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({}: {self})", self.field)
    }
}

/// Never empty. Only the first problems of each field are listed, followed by the number of the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `problems` must not be empty.
    #[must_use]
    pub fn of(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "Problems must not be empty");
        Self(bounded(problems))
    }

    /// `made` if there are no problems.
    pub fn or<T>(problems: Vec<Problem>, made: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(made) } else { Err(Self(bounded(problems))) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Limits the problems for each field of a place, and in total.
fn bounded(problems: Vec<Problem>) -> Vec<Problem> {
    if problems.len() <= SAID_EACH {
        return problems;
    }
    let group = |problem: &Problem| (problem.place.clone(), problem.field.clone());
    let mut counted: HashMap<(String, String), usize> = HashMap::new();
    for problem in &problems {
        *counted.entry(group(problem)).or_default() += 1;
    }
    let mut listed: HashMap<(String, String), usize> = HashMap::new();
    let mut bounded = Vec::new();
    for problem in problems {
        let (of_field, listed) = (counted.get(&group(&problem)).copied().unwrap_or(0), listed.entry(group(&problem)).or_default());
        *listed += 1;
        match (*listed, of_field.saturating_sub(SAID_EACH)) {
            // A line "and 1 more" would be no shorter than the problem.
            (..=SAID_EACH, _) | (_, 0 | 1) => bounded.push(problem),
            (listed, more) if listed == SAID_EACH + 1 => bounded.push(Problem { wrong: Box::new(Invalid::More(more)), ..problem }),
            _ => {}
        }
    }
    let more = bounded.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        bounded.truncate(MOST_PROBLEMS);
        bounded.push(Problem::of("", Invalid::More(more)));
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
        let rest = Problem::of("host", Invalid::unusable("usa", "has no protocol"));
        assert_eq!((rest.to_string(), rest.named("--host")), ("host `usa` has no protocol".into(), "--host `usa` has no protocol".into()));
        let whole = Problem::whole("projects", "there is no project `x`");
        assert_eq!((whole.named("--project").as_str(), whole.field.as_str()), ("there is no project `x`", "projects"));
        assert_eq!(Problem::at("heartbeat.toml:7", "host is missing").to_string(), "heartbeat.toml:7: host is missing");
        let missing = || Problem::of("host", Invalid::missing("give one"));
        assert_eq!(missing().below("heartbeat.").to_string(), "heartbeat.host is missing; give one");
        assert_eq!(missing().called("POSTHOG_HOST").placed("environment").to_string(), "environment: POSTHOG_HOST is missing; give one");
        let both = Problem::of("cron", Invalid::CombinedWith("weekly".into())).renamed(|field| format!("--{field}"));
        assert_eq!(both.to_string(), "--cron cannot be combined with --weekly; give one of them");
    }

    #[test]
    fn very_many_problems_are_told_in_few_words() {
        let many = |field: &str, count: usize| {
            (0..count).map(|at| Problem::of(field, Invalid::unusable(&format!("p{at}"), "is none"))).collect::<Vec<_>>()
        };
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
        let wrong = Problem::of("name", Invalid::unquoted("`phx_hunter2` cannot be a name"));
        assert_eq!(wrong.says(), "`phx_***` cannot be a name");
        assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
        assert_eq!(Problem::at("phx_hunter2", "is no file").to_string(), "phx_***: is no file");
    }
}
