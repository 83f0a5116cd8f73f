//! Cuts text to the length that a service accepts.

const ELLIPSIS: char = '…';

/// At most `most` UTF-16 units, the unit of the strictest services. Cuts between characters and ends with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    cut_by(text, most, char::len_utf16)
}

pub(super) fn cut_bytes(text: &str, most: usize) -> String {
    cut_by(text, most, char::len_utf8)
}

fn cut_by(text: &str, most: usize, size: impl Fn(char) -> usize) -> String {
    if text.chars().map(&size).sum::<usize>() <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(size(ELLIPSIS)) else { return String::new() };
    let mut used = 0;
    let fits = |letter: &char| {
        used += size(*letter);
        used <= room
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push(ELLIPSIS);
    short
}

/// The text on one line: white space and control characters become one space.
pub(super) fn line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(cut("fünf", 4), "fünf");
        assert_eq!(cut_bytes("fünf", 5), "fünf");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis_on_a_character() {
        assert_eq!(cut("fünfzig", 4), "fün…");
        assert_eq!(cut_bytes("fünfzig", 5), "f…");
        assert_eq!(cut("🦔🦔🦔", 5), "🦔🦔…");
        assert_eq!(cut("ab", 0), "");
    }

    proptest::proptest! {
        #[test]
        fn no_bound_is_passed(text in "\\PC{0,40}", most in 0..40_usize) {
            proptest::prop_assert!(cut(&text, most).encode_utf16().count() <= most);
            proptest::prop_assert!(cut_bytes(&text, most).len() <= most);
        }
    }

    #[test]
    fn a_line_has_no_break_in_it() {
        assert_eq!(line(" a\r\nBcc: b\t\u{0}c "), "a Bcc: b c");
    }
}
