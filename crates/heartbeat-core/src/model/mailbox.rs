//! E-mail addresses: <https://www.rfc-editor.org/rfc/rfc5322#section-3.4>, without comments and groups.

use url::Host;

/// An address with an optional name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, without quotes.
    pub name: Option<String>,
    /// The part before the `@`, with its quotes if it has any.
    pub user: String,
    /// The domain in ASCII; internationalized names in their DNS form.
    pub domain: String,
}

impl Mailbox {
    /// Reads addresses separated by commas. The error is the part that is not an address.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, &str> {
        parts(text).into_iter().map(|part| Self::parse(part).ok_or(part)).collect()
    }

    /// `a@example.com`, `Ann <a@example.com>` or `"Doe, Jane" <j@example.com>`.
    fn parse(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let (name, address) = match text.strip_suffix('>') {
            Some(begin) => {
                let at = outside_quotes(begin).filter(|(_, letter)| *letter == '<').map(|(at, _)| at).next()?;
                (Some(name(begin[..at].trim())?).filter(|name| !name.is_empty()), &begin[at + 1..])
            }
            None => (None, text),
        };
        let at = outside_quotes(address).filter(|(_, letter)| *letter == '@').map(|(at, _)| at).next()?;
        let (user, domain) = (&address[..at], &address[at + 1..]);
        let domain = domain_of(domain).filter(|_| is_user(user))?;
        Some(Self { name, user: user.to_owned(), domain })
    }

    #[must_use]
    pub fn address(&self) -> String {
        format!("{}@{}", self.user, self.domain)
    }
}

/// The parts between the commas outside of quotes.
fn parts(text: &str) -> Vec<&str> {
    let commas: Vec<usize> = outside_quotes(text).filter(|(_, letter)| *letter == ',').map(|(at, _)| at).collect();
    let begins = std::iter::once(0).chain(commas.iter().map(|at| at + 1));
    let ends = commas.iter().copied().chain([text.len()]);
    begins.zip(ends).map(|(begin, end)| text[begin..end].trim()).collect()
}

/// The characters outside of quotes, with their indexes; without the quotes themselves.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().filter(move |(_, letter)| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match letter {
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return !is_quoted,
        }
        false
    })
}

/// A display name, in quotes or without, possibly empty; none if it is invalid.
fn name(text: &str) -> Option<String> {
    match text.strip_prefix('"') {
        Some(rest) => unescaped(rest.strip_suffix('"')?),
        // Other special characters should be quoted too; they are quoted in the mail's header.
        None if text.contains(['"', '<', '>', '@', ',']) => None,
        None => Some(text.to_owned()),
    }
}

/// Unescapes the text within quotes; none if a quote ends within it.
fn unescaped(text: &str) -> Option<String> {
    let mut bare = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => bare.push(letters.next()?),
            letter => bare.push(letter),
        }
    }
    Some(bare)
}

fn is_user(text: &str) -> bool {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inside) => unescaped(inside).is_some(),
        None => !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "<>()[]:;@\\,\"".contains(letter)),
    }
}

/// The domain in ASCII. An IP address is in brackets.
fn domain_of(text: &str) -> Option<String> {
    if text.starts_with('[') && text.ends_with(']') {
        let inside = text.trim_matches(['[', ']']);
        let is_address = inside.strip_prefix("IPv6:").unwrap_or(inside).parse::<std::net::IpAddr>().is_ok();
        return is_address.then(|| text.to_owned());
    }
    if text.contains(|letter: char| letter.is_whitespace() || "<>@\",%/".contains(letter)) {
        return None;
    }
    match Host::parse(text) {
        Ok(Host::Domain(domain)) if !domain.is_empty() => Some(domain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_mail_programs_write_them() {
        for (text, expected) in [
            ("a@example.com", vec![(None, "a@example.com")]),
            ("Ann <a@example.com>, b@example.org", vec![(Some("Ann"), "a@example.com"), (None, "b@example.org")]),
            (r#""Doe, Jane" <j@example.com>"#, vec![(Some("Doe, Jane"), "j@example.com")]),
            (r#""a \"b\" <c@d>, e" <j@example.com>,k@l"#, vec![(Some(r#"a "b" <c@d>, e"#), "j@example.com"), (None, "k@l")]),
            (r#""john @ doe"@example.com"#, vec![(None, r#""john @ doe"@example.com"#)]),
            ("Jörg Müller <j+x@bücher.example>", vec![(Some("Jörg Müller"), "j+x@xn--bcher-kva.example")]),
            ("<a@[127.0.0.1]>", vec![(None, "a@[127.0.0.1]")]),
        ] {
            let read = Mailbox::parse_all(text).unwrap();
            let read: Vec<(Option<&str>, String)> = read.iter().map(|one| (one.name.as_deref(), one.address())).collect();
            let expected: Vec<(Option<&str>, String)> = expected.into_iter().map(|(name, address)| (name, address.to_owned())).collect();
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, wrong) in [
            ("a@example.com, ops", "ops"),
            ("a@example.com,", ""),
            ("Doe, Jane <j@example.com>", "Doe"),
            ("a b@example.com", "a b@example.com"),
            ("@example.com", "@example.com"),
            ("a@", "a@"),
            ("a@b@c", "a@b@c"),
            ("<a@example.com", "<a@example.com"),
            ("a@example.com>", "a@example.com>"),
            (r#""Jane <j@example.com>"#, r#""Jane <j@example.com>"#),
            ("a@ex ample.com", "a@ex ample.com"),
            ("a@1.2.3.4", "a@1.2.3.4"),
            ("a\r\nb@example.com", "a\r\nb@example.com"),
        ] {
            assert_eq!(Mailbox::parse_all(text), Err(wrong), "{text}");
        }
    }
}
