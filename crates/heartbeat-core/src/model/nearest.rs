//! The word that a user probably meant.

/// The likely intended word: the edit distance is at most a third of the length.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase().replace('-', "_");
    let measured = known.into_iter().map(|known| (strsim::osa_distance(&word, known), known));
    measured.filter(|(distance, known)| *distance <= known.len().max(word.len()) / 3).min().map(|(_, known)| known)
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
