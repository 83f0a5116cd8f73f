//! The title and the text of a web page that was received instead of an answer.

const READ: usize = 64 * 1024;
const SILENT: [&str; 4] = ["script", "style", "noscript", "svg"];

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    pub(super) title: Option<String>,
    pub(super) text: String,
    pub(super) asks_for_password: bool,
}

impl Page {
    pub(super) fn read(body: &[u8]) -> Self {
        let whole = String::from_utf8_lossy(&body[..body.len().min(READ)]);
        let (mut page, mut rest, mut title, mut in_title) = (Self::default(), &*whole, String::new(), false);
        while !rest.is_empty() {
            let (text, tag, after) = next_tag(rest);
            rest = after;
            append(if in_title { &mut title } else { &mut page.text }, text);
            let name = tag.trim_start_matches('/').split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
            let is_end = tag.starts_with('/');
            if let Some(element) = SILENT.into_iter().find(|silent| name.eq_ignore_ascii_case(silent))
                && !is_end
                && !tag.ends_with('/')
            {
                rest = behind_end_of(element, rest);
            }
            if name.eq_ignore_ascii_case("title") {
                in_title = !is_end && page.title.is_none();
                if is_end && page.title.is_none() && !title.is_empty() {
                    page.title = Some(std::mem::take(&mut title));
                }
            }
            page.asks_for_password |= name.eq_ignore_ascii_case("input") && tag.to_ascii_lowercase().contains("password");
        }
        page
    }
}

fn behind_end_of<'a>(name: &str, rest: &'a str) -> &'a str {
    let end = format!("</{name}");
    // Lowering only ASCII keeps all byte offsets.
    let at = rest.to_ascii_lowercase().find(&end);
    at.map_or("", |at| rest[at..].split_once('>').map_or("", |(_, after)| after))
}

fn next_tag(rest: &str) -> (&str, &str, &str) {
    let Some((text, behind)) = rest.split_once('<') else { return (rest, "", "") };
    if let Some(comment) = behind.strip_prefix("!--") {
        return (text, "", comment.split_once("-->").map_or("", |(_, after)| after));
    }
    match behind.split_once('>') {
        Some((tag, after)) => (text, tag, after),
        None => (text, "", ""),
    }
}

/// Appends words separated by single spaces, with common entities decoded.
fn append(to: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if !to.is_empty() {
            to.push(' ');
        }
        let plain = word.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        to.push_str(plain.replace("&amp;", "&").trim());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_its_title_and_its_words() {
        let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>";
        let page = Page::read(nginx.as_bytes());
        assert_eq!((page.title.as_deref(), page.text.as_str()), (Some("502 Bad Gateway"), "502 Bad Gateway nginx"));
        let login = "<!doctype html><!-- a > b --><title>Sign in &amp; go</title><style>p{}</style><script>if (a<b) {}</script>\
                     <p>Hello<br/>you <INPUT type='Password' name=p>";
        let page = Page::read(login.as_bytes());
        assert_eq!((page.title.as_deref(), page.text.as_str(), page.asks_for_password), (Some("Sign in & go"), "Hello you", true));
        assert_eq!(Page::read(b"plain words"), Page { text: "plain words".into(), ..Page::default() });
    }

    proptest! {
        #[test]
        fn whatever_came_is_read(body in "[<>/a-z!\\- \"'=&;]{0,200}") {
            let page = Page::read(body.as_bytes());
            prop_assert!(!page.text.contains("  "));
        }
    }
}
