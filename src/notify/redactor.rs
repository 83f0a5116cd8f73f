//! Replaces a channel's secrets, in every form in which a service or proxy might repeat them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::model::{ChannelSpec, SecretUrl, Takes, headers};

/// Shorter path segments are words such as `api`: only the whole path is redacted.
const SHORTEST_SEGMENT: usize = 6;
const SHORTEST_VALUE: usize = 4;

#[derive(Default)]
pub(super) struct Redactor(Vec<String>);

impl Redactor {
    pub(super) fn over(channel: &ChannelSpec) -> Self {
        let mut redactor = Self::default();
        for field in channel.kind.fields() {
            let value = channel.value(field.key);
            match field.takes {
                Takes::Url | Takes::SmtpUrl => redactor.hide_address(value, field.secret),
                // Several secrets, separated by spaces.
                Takes::SigningSecret => value.split_whitespace().for_each(|one| redactor.hide(one)),
                Takes::Headers => redactor.hide_headers(value),
                _ if field.secret => redactor.hide(value),
                _ => {}
            }
        }
        redactor.hide(&STANDARD.encode(format!("{}:{}", channel.value("username"), channel.value("password"))));
        redactor.in_order()
    }

    pub(super) fn over_address(address: &SecretUrl) -> Self {
        let mut redactor = Self::default();
        redactor.hide_address(address.expose(), true);
        redactor.in_order()
    }

    pub(super) fn clear(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Each value, and what follows a scheme such as `Bearer`.
    fn hide_headers(&mut self, text: &str) {
        for (_, value) in headers(text).unwrap_or_default() {
            for form in [value, value.rsplit(' ').next().unwrap_or_default()] {
                if form.len() >= SHORTEST_VALUE {
                    self.hide(form);
                }
            }
        }
    }

    fn hide_address(&mut self, text: &str, is_secret: bool) {
        let Ok(url) = Url::parse(text.trim()) else { return };
        if let Some(password) = url.password() {
            self.hide(password);
            let (user, password) = (decoded(url.username()), decoded(password));
            // HTTP basic authentication, and the two SMTP mechanisms PLAIN and LOGIN.
            for form in [format!("{user}:{password}"), format!("\0{user}\0{password}"), password] {
                self.hide(&STANDARD.encode(form));
            }
        }
        if url.username().len() >= SHORTEST_VALUE {
            self.hide(url.username());
        }
        if !is_secret {
            return;
        }
        self.hide(text);
        if url.path().len() > 1 {
            self.hide(url.path());
        }
        for segment in url.path().split('/').filter(|segment| segment.len() >= SHORTEST_SEGMENT) {
            self.hide(segment);
        }
        self.hide(url.query().unwrap_or_default());
        for (_, value) in url.query_pairs().filter(|(_, value)| value.len() >= SHORTEST_VALUE) {
            self.hide(&value);
        }
        self.hide(url.fragment().unwrap_or_default());
    }

    fn hide(&mut self, value: &str) {
        let value = value.trim();
        let json = serde_json::to_string(value).unwrap_or_default();
        let in_address: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let bare = value.strip_prefix("whsec_").unwrap_or(value);
        let forms = [value, bare, json.trim_matches('"'), &json.trim_matches('"').replace('/', "\\/"), &in_address, &decoded(value)];
        self.0.extend(forms.into_iter().filter(|form| !form.is_empty()).map(str::to_owned));
    }

    /// Longest first, so that nothing is left of a secret that contains another.
    fn in_order(mut self) -> Self {
        self.0.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.0.dedup();
        self
    }
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelKind, ProjectName};

    fn redactor(kind: ChannelKind, values: &[(&str, &str)]) -> Redactor {
        let mut channel = ChannelSpec::new(ProjectName::parse("ops").unwrap(), kind);
        for (key, value) in values {
            channel.values.set(key, value);
        }
        Redactor::over(&channel)
    }

    #[test]
    fn an_address_that_is_a_key_is_hidden_whole_and_in_parts() {
        let redactor = redactor(ChannelKind::Webhook, &[("url", "https://u:p%40ss@hooks.example.com/in/T0KENT0KEN?sig=abcd%2Fef")]);
        for (said, shown) in [
            ("got https://u:p%40ss@hooks.example.com/in/T0KENT0KEN?sig=abcd%2Fef", "got ***"),
            ("POST /in/T0KENT0KEN?sig=abcd%2Fef", "POST ***?***"),
            (r#"{"path":"\/in\/T0KENT0KEN"}"#, r#"{"path":"***"}"#),
            ("no T0KENT0KEN here", "no *** here"),
            ("abcd/ef is wrong", "*** is wrong"),
            ("p@ss is wrong, and so is p%40ss", "*** is wrong, and so is ***"),
            ("Basic dTpwQHNz", "Basic ***"),
            ("hooks.example.com says no", "hooks.example.com says no"),
        ] {
            assert_eq!(redactor.clear(said), shown);
        }
    }

    #[test]
    fn an_address_that_is_no_key_is_shown_but_for_its_password() {
        let redactor = redactor(
            ChannelKind::Alertmanager,
            &[("url", "https://am.example.com/alertmanager"), ("username", "ops"), ("password", "hunter2!")],
        );
        assert_eq!(redactor.clear("/alertmanager/api refuses hunter2!"), "/alertmanager/api refuses ***");
        assert_eq!(redactor.clear("Basic b3BzOmh1bnRlcjIh"), "Basic ***");
    }

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        assert_eq!(decoded("a%20b%2Fc"), "a b/c");
        assert_eq!(decoded("100% %zz %4 %+1 ü"), "100% %zz %4 %+1 ü");
    }
}
