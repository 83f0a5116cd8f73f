//! "Did you mean ...?", and lists of limited length.

use crate::model::{Invalid, Suggestion};

/// Upper limit for the items of one kind in a list.
pub(super) const SAID_EACH: usize = 10;

/// The first items, and the number of the others.
#[must_use]
pub fn few<T>(mut all: Vec<T>) -> (Vec<T>, Option<Invalid>) {
    let more = all.len().saturating_sub(SAID_EACH);
    all.truncate(SAID_EACH);
    (all, (more > 0).then_some(Invalid::More(more)))
}

/// The likely intended word: the edit distance is at most a third of the length.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase().replace('-', "_");
    let measured = known.into_iter().map(|known| (strsim::osa_distance(&word, known), known));
    measured.filter(|(distance, known)| *distance <= known.len().max(word.len()) / 3).min().map(|(_, known)| known)
}

const MOST_NAMES: usize = 12;

/// The likely intended word, or the valid words.
#[must_use]
pub fn hint(word: &str, known: &[&str]) -> Suggestion {
    let same = known.iter().copied().find(|known| known.eq_ignore_ascii_case(word));
    if let Some(meant) = same.or_else(|| nearest(word, known.iter().copied())) {
        return Suggestion::Meant(meant.to_owned());
    }
    let first = known.iter().take(MOST_NAMES).map(|name| (*name).to_owned()).collect();
    Suggestion::OneOf(first, known.len().saturating_sub(MOST_NAMES))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let known = ["host", "api_host", "token", "personal_api_key", "late_after"];
        for (word, meant) in [
            ("hots", Some("host")),
            ("api-host", Some("api_host")),
            ("Token", Some("token")),
            ("personal_key", Some("personal_api_key")),
            ("late_aftr", Some("late_after")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}
