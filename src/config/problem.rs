//! What is wrong with the settings: each thing one sentence, all of them at once.

use std::fmt;

use super::conceal;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: String,
    says: String,
}

impl Problem {
    /// Something wrong at `place` (`heartbeat.toml:7`, `environment`). Secrets are concealed here, once for all: even a
    /// path may be a key in the wrong place.
    #[must_use]
    pub fn new(place: impl AsRef<str>, says: impl AsRef<str>) -> Self {
        Self { place: conceal(place.as_ref()), says: conceal(says.as_ref()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

/// Everything that is wrong with the settings. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// All of these; there must be one at least.
    pub(super) fn of(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "settings without a problem are settings");
        Self(problems)
    }

    /// Each of them, in the order of the file.
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
