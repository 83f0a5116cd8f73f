//! Names that are valid in files, on the command line and in addresses.

use super::Invalid;
use super::invalid::all;

const LONGEST: usize = 64;

/// Reads 1 to 64 ASCII letters, digits and these marks, a letter or digit first.
pub(super) fn plain_name(text: &str, marks: &[char]) -> Result<String, Invalid> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    let wrong = |because: String| Err(Invalid::unusable(&text.chars().take(80).collect::<String>(), because));
    if text.is_empty() {
        Err(Invalid::Empty("give letters and digits"))
    } else if !text.chars().all(|letter| is_plain(letter) || marks.contains(&letter)) {
        let marks: Vec<String> = marks.iter().map(|mark| format!("`{mark}`")).collect();
        wrong(format!("may only contain letters (a-z, A-Z), digits, {}", all(&marks)))
    } else if !text.starts_with(is_plain) {
        wrong("must begin with a letter or digit".to_owned())
    } else if text.len() > LONGEST {
        Err(Invalid::TooLong { length: text.len(), unit: "characters", most: LONGEST })
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_name_is_said() {
        let long = "a".repeat(65);
        for (text, says) in [
            ("", "is empty; give letters and digits"),
            ("a b", "`a b` may only contain letters (a-z, A-Z), digits, `-` and `.`"),
            ("ä", "`ä` may only contain letters (a-z, A-Z), digits, `-` and `.`"),
            ("-a", "`-a` must begin with a letter or digit"),
            (&long, "is 65 characters long; at most 64 are allowed"),
        ] {
            assert_eq!(plain_name(text, &['-', '.']).unwrap_err().to_string(), says);
        }
        assert_eq!(plain_name(&long[1..], &[]).unwrap(), long[1..]);
    }
}
