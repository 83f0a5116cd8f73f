//! "Did you mean ...?", and lists of limited length.

use crate::model::{Invalid, Suggestion, nearest};

/// Upper limit for the items of one kind in a list.
pub(super) const SAID_EACH: usize = 10;

/// The first items, and the number of the others.
#[must_use]
pub fn few<T>(mut all: Vec<T>) -> (Vec<T>, Option<Invalid>) {
    let more = all.len().saturating_sub(SAID_EACH);
    all.truncate(SAID_EACH);
    (all, (more > 0).then_some(Invalid::More(more)))
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
