//! Makes a server's text safe to show inside our own.

/// The text on one line, without anything that ends a quote or changes the text direction: white space and control characters become a space, a
/// backtick an apostrophe, and direction overrides and isolates are written as escapes.
#[must_use]
pub fn legible(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        for letter in word.chars() {
            match letter {
                '`' => line.push('\''),
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
                    line.extend(letter.escape_unicode());
                }
                letter => line.push(letter),
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_their_line_in_their_quote_and_in_their_direction() {
        for (text, shown) in [
            ("", ""),
            (" a\r\n\tb\u{0}c ", "a b c"),
            ("no `such` thing", "no 'such' thing"),
            ("safe\u{202e}gpj.exe", "safe\\u{202e}gpj.exe"),
            ("\u{2066}x\u{2069}\u{200f}\u{61c}", "\\u{2066}x\\u{2069}\\u{200f}\\u{61c}"),
            ("שלום 🦔", "שלום 🦔"),
        ] {
            assert_eq!(legible(text), shown, "{text:?}");
        }
    }
}
