//! The body of a request that a user writes as a template. Values are escaped for its content type, so that no text of a message breaks it. The
//! quotes around a text are the template's own: `{"text": "{{ text }}"}`.

use minijinja::value::Value;
use url::form_urlencoded;

use super::TemplateError;
use super::template::{render_one, try_on_samples};
use crate::model::{Message, NotificationKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'t> {
    template: &'t str,
    content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Json,
    Form,
    Plain,
}

impl<'t> Payload<'t> {
    #[must_use]
    pub fn new(template: &'t str, content_type: &str) -> Self {
        let content = match content_type {
            "application/json" => Content::Json,
            "application/x-www-form-urlencoded" => Content::Form,
            _ => Content::Plain,
        };
        Self { template, content }
    }

    /// Tries it on a sample of every kind of message.
    pub fn check(self) -> Result<(), TemplateError> {
        try_on_samples(self.template, self.writer())?.into_iter().try_for_each(|(kind, body)| self.content.check(kind, &body))
    }

    pub fn render(self, message: &Message) -> Result<String, TemplateError> {
        let body = render_one(self.template, message, self.writer())?;
        self.content.check(message.kind, &body)?;
        Ok(body)
    }

    fn writer(self) -> fn(&Value) -> String {
        match self.content {
            Content::Json => in_json,
            Content::Form => in_form,
            Content::Plain => Value::to_string,
        }
    }
}

impl Content {
    fn check(self, kind: NotificationKind, body: &str) -> Result<(), TemplateError> {
        match self {
            Self::Json => match serde_json::from_str::<serde::de::IgnoredAny>(body) {
                Ok(_) => Ok(()),
                Err(wrong) => Err(TemplateError::NotJson { kind, why: wrong.to_string() }),
            },
            Self::Form | Self::Plain => Ok(()),
        }
    }
}

/// A text without the quotes around it; anything else as JSON.
fn in_json(value: &Value) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    match value.as_str() {
        // Written by the filter `tojson`.
        Some(json) if value.is_safe() => json.to_owned(),
        Some(_) => json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned(),
        None => json,
    }
}

fn in_form(value: &Value) -> String {
    let text = match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_none() => String::new(),
        None => serde_json::to_string(value).unwrap_or_default(),
    };
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::sample;
    use crate::model::{ProjectName, Timestamp};

    const JSON: &str = "application/json";
    const NASTY: &str = "a \"quote\", a \\ and\n\t{{ text }} & \u{1} 🦔\"";

    fn message(text: &str) -> Message {
        let shop = ProjectName::parse("shop").unwrap();
        Message { text: text.into(), ..sample(NotificationKind::Opened, &shop, Timestamp::from_ms(1_800_000_000_000)) }
    }

    #[test]
    fn no_text_breaks_the_json_that_it_stands_in() {
        let template = r#"{"says": "{{ project }}: {{ text | e }}", "whole": {{ text | tojson }}, "id": {{ incident.id }}, "test": {{ test }},
            "closed": {{ incident.closed | tojson }}, "rules": {{ incident.rules }}}"#;
        let payload = Payload::new(template, JSON);
        assert_eq!(payload.check(), Ok(()));
        let body: serde_json::Value = serde_json::from_str(&payload.render(&message(NASTY)).unwrap()).unwrap();
        let expected = serde_json::json!({
            "says": format!("shop: {NASTY}"), "whole": NASTY, "id": 0, "test": true, "closed": null, "rules": ["lost", "lag_above"]
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_is_not_json_is_found_before_it_is_saved() {
        for (template, says) in [
            (r#"{"text": {{ text }}}"#, "renders to a text that is not JSON for a message of kind `opened`: expected value at line 1"),
            (r#"{"text": "{{ text }}",}"#, "key must be a string"),
            ("{{ text }}", "not JSON"),
            (r#"{"a": "{{ titel }}"}"#, "uses an unknown name on line 1"),
        ] {
            let said = Payload::new(template, JSON).check().unwrap_err().to_string();
            assert!(said.contains(says), "{template}: {said}");
        }
        assert!(Payload::new("{{ text }}", "text/plain").check().is_ok());
        let late = Payload::new(r#"{"text": {{ text | safe }}}"#, JSON);
        assert!(matches!(late.render(&message("x")), Err(TemplateError::NotJson { kind: NotificationKind::Opened, .. })));
    }

    #[test]
    fn a_form_is_encoded_and_plain_text_is_as_it_is() {
        let form = Payload::new("To=1&Body={{ text }}&closed={{ incident.closed }}", "application/x-www-form-urlencoded");
        assert_eq!(form.render(&message("a & b=c\n")).unwrap(), "To=1&Body=a+%26+b%3Dc%0A&closed=");
        assert_eq!(Payload::new("{{ text }}!", "text/plain").render(&message("a & \"b\"")).unwrap(), "a & \"b\"!");
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_out_of_the_json_as_it_went_in(text in "\\PC{0,40}[\"\\\\\n]{0,4}") {
            let body = Payload::new(r#"["{{ text }}"]"#, JSON).render(&message(&text)).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Vec<String>>(&body).unwrap(), [text]);
        }
    }
}
