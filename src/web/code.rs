//! Texts with words of code, such as names of settings, between backticks.

use askama::filters::{Html, escape};

/// Escapes text as HTML; text between backticks becomes `<code>`.
pub(super) fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) }).collect()
}

fn escaped(text: &str) -> String {
    let Ok(safe) = escape(text, Html);
    safe.to_string()
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn what_is_between_backticks_is_code_and_everything_is_escaped() {
        assert_eq!(marked("give `us` or <b>"), "give <code>us</code> or &#60;b&#62;");
        assert_eq!(marked("`<a>` & \"b\""), "<code>&#60;a&#62;</code> &#38; &#34;b&#34;");
    }
}
