//! Texts with words of code, such as names of settings, between backticks.

/// Escapes text as HTML; text between backticks becomes `<code>`.
pub(super) fn marked(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn what_is_between_backticks_is_code_and_everything_is_escaped() {
        assert_eq!(marked("give `us` or <b>"), "give <code>us</code> or &lt;b&gt;");
        assert_eq!(marked("`<a>` & \"b\""), "<code>&lt;a&gt;</code> &amp; &quot;b&quot;");
    }
}
