//! The parts of a sentence.

use std::fmt::Display;

/// `1 beat`, `3 beats`.
#[must_use]
pub fn count<N: Copy + Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    let end = if number == N::from(1) { "" } else { "s" };
    format!("{number} {what}{end}")
}

/// With a capital first letter.
#[must_use]
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}
