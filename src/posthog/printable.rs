//! Text of an answer on one line that can be printed, shortened and without our key.

use crate::model::{PersonalKey, legible};

const LOOKED_AT: usize = 64 * 1024;

/// At most `most` bytes. `secret` was sent with the request and may be echoed in the answer.
pub(super) fn printable(bytes: &[u8], most: usize, secret: Option<&PersonalKey>) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let text = match secret {
        Some(key) => text.replace(key.expose(), "phx_***"),
        None => text.into_owned(),
    };
    let mut line = legible(&text);
    line.truncate(line.floor_char_boundary(most));
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_came_is_quoted_on_one_line_within_its_bound(bytes: Vec<u8>, most in 0..100_usize) {
            let line = printable(&bytes, most, None);
            prop_assert!(line.len() <= most);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!line.contains("  "));
        }

        #[test]
        fn a_key_is_never_quoted_wherever_it_stands(before in "[a-z <>]{0,40}", after in "[a-z <>]{0,40}", most in 0..100_usize) {
            let key = PersonalKey::parse("phx_secret").unwrap();
            let line = printable(format!("{before}phx_secret{after}").as_bytes(), most, Some(&key));
            prop_assert!(!line.contains("phx_s"));
        }
    }
}
