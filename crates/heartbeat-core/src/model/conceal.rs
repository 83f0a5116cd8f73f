//! Removes secrets from texts: the last step before any text is shown.

/// Prefixes of secret keys. A project token (`phc_`) is not secret: every visitor's browser sees it.
const SECRET_PREFIXES: [&str; 3] = ["phx_", "phs_", "pha_"];
const STARS: &str = "***";
/// The login in our examples: not a secret, and it shows what belongs there.
const EXAMPLE: &str = "user:password";

/// Cuts each secret key to `phx_***`, each `user:password@` of an address to `***@`, and the value of each `password=` to `***`.
#[must_use]
pub fn conceal(text: &str) -> String {
    SECRET_PREFIXES.iter().fold(conceal_password(&conceal_login(text)), |text, prefix| conceal_key(&text, prefix))
}

/// `password=...`, as in libpq and in the query of an address: up to the closing quote, white space or the next parameter.
fn conceal_password(text: &str) -> String {
    const KEY: &str = "password";
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(KEY) {
        let (before, behind) = rest.split_at(at + KEY.len());
        shown.push_str(before);
        rest = behind;
        let Some(value) = behind.trim_start_matches(' ').strip_prefix('=').map(|value| value.trim_start_matches(' ')) else { continue };
        let end = match value.strip_prefix('\'') {
            Some(quoted) => quoted.find('\'').map_or(value.len(), |end| end + 2),
            None => value.find(|c: char| c.is_whitespace() || "&`".contains(c)).unwrap_or(value.len()),
        };
        if end > 0 {
            shown.push('=');
            shown.push_str(STARS);
            rest = &value[end..];
        }
    }
    shown + rest
}

fn conceal_key(text: &str, prefix: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, key) = rest.split_at(at + prefix.len());
        shown.push_str(before);
        rest = key.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '='));
        if rest.len() < key.len() {
            shown.push_str(STARS);
        }
    }
    shown + rest
}

/// A password may contain any character except white space, so everything up to the last `@` of the word counts as the login.
fn conceal_login(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        shown.push_str(before);
        let word = address.find(|c: char| c.is_whitespace() || c == '`').unwrap_or(address.len());
        rest = address;
        if let Some(host) = address[..word].rfind('@').filter(|host| address[..*host] != *EXAMPLE) {
            shown.push_str(STARS);
            rest = &address[host..];
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::conceal;

    #[test]
    fn a_secret_is_cut_wherever_it_stands() {
        for (text, shown) in [
            ("nothing to hide", "nothing to hide"),
            ("a token phc_abc is public", "a token phc_abc is public"),
            ("`phx_Abc-1_2` and phs_xyz.", "`phx_***` and phs_***."),
            ("here belongs (phx_...)", "here belongs (phx_...)"),
            ("phx_*** stays", "phx_*** stays"),
            ("phx_a phx_b", "phx_*** phx_***"),
            ("postgres://me:hunter2@db/x?a=b", "postgres://***@db/x?a=b"),
            ("postgres://db/x?password=hunter2&a=b", "postgres://db/x?password=***&a=b"),
            ("host=db PASSWORD = hunter2 user=me", "host=db PASSWORD=*** user=me"),
            ("`sslpassword='my hunter2' user=me`", "`sslpassword=*** user=me`"),
            ("a password is asked for", "a password is asked for"),
            ("write `postgres://user:password@host/database`", "write `postgres://user:password@host/database`"),
            ("postgres://user:password@ss@host/x", "postgres://***@host/x"),
            ("postgres://me:h@hun/te?r#2@db/x", "postgres://***@db/x"),
            ("`https://u:p@ss/w@h`; did you mean `http://x@y`?", "`https://***@h`; did you mean `http://***@y`?"),
            ("https://example.com/ingest", "https://example.com/ingest"),
        ] {
            assert_eq!(conceal(text), shown);
        }
    }
}
