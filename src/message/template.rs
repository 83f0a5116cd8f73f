//! A user's own title and text: templates (Jinja's language) over the facts of a message, tried on a sample of every kind before they
//! are saved, so that no alarm fails over a slip in one.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::json;

use super::samples;
use crate::model::{Diagnosis, Message, ProjectName, Timestamp};

/// No template takes more steps than this: one that loops for ever must not hold up the others.
const FUEL: u64 = 100_000;
/// No template gives more text than this.
const LONGEST: usize = 20_000;

/// What is wrong with a template: the rest of a sentence that starts with the setting's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

/// A template that a message can be dressed in.
#[derive(Debug, Clone, Copy)]
pub struct Template<'t>(&'t str);

impl<'t> Template<'t> {
    /// Reads a template and tries it on a sample of every kind of message.
    ///
    /// # Errors
    /// Says what is wrong, on which line, and which names there are.
    pub fn parse(text: &'t str) -> Result<Self, TemplateError> {
        let template = Self(text);
        let project = ProjectName::parse("shop").map_err(|wrong| TemplateError(wrong.to_string()))?;
        for message in samples(&project, Timestamp::from_ms(1_800_000_000_000)) {
            template.render(&message)?;
        }
        Ok(template)
    }

    /// What it makes of a message.
    ///
    /// # Errors
    /// What went wrong; one that was parsed once does not fail.
    pub fn render(self, message: &Message) -> Result<String, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        let text = environment.render_str(self.0, facts(message)).map_err(|wrong| TemplateError(words(&wrong)))?;
        match text.trim() {
            "" => Err(TemplateError(format!("gives an empty text for a message that is `{}`", message.kind))),
            text if text.len() > LONGEST => {
                Err(TemplateError(format!("gives over {LONGEST} bytes for a message that is `{}`", message.kind)))
            }
            text => Ok(text.to_owned()),
        }
    }
}

/// The message in a user's own words, where there are some. A template that fails after all must not cost the message: then it is told in
/// ours.
#[must_use]
pub fn dressed(title: Option<&str>, body: Option<&str>, message: &Message) -> Message {
    let own = |text: Option<&str>, ours: &str| match text.map(|text| Template(text).render(message)) {
        None => ours.to_owned(),
        Some(Ok(own)) => own,
        Some(Err(wrong)) => {
            tracing::error!("a template fails, and the message is told without it: {wrong}");
            ours.to_owned()
        }
    };
    let title = own(title, &message.title).lines().collect::<Vec<_>>().join(" ");
    Message { title, text: own(body, &message.text), ..message.clone() }
}

/// The message's JSON; one without an incident has all the names of one, with nothing in them.
fn facts(message: &Message) -> Value {
    let mut facts = json!(message);
    if message.incident.is_none() {
        facts["incident"] = json!({
            "id": null, "key": "", "strand": "", "rules": [], "cause_code": "", "cause": "", "diagnosis": Diagnosis::default(), "url": null, "opened": "", "closed": null, "ended_because": null,
            "lasted_ms": 0, "noticed_after_ms": null,
            "first_bad": null, "last_good": null, "beats_sent": 0, "beats_late": 0, "beats_missing": 0, "beats_lost": 0, "beats_refused": 0,
            "beats_doubled": 0
        });
    }
    Value::from(Serde(facts))
}

fn words(wrong: &minijinja::Error) -> String {
    use minijinja::ErrorKind;
    let line = wrong.line().map_or_else(String::new, |line| format!(" on line {line}"));
    let detail = wrong.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    match wrong.kind() {
        ErrorKind::UndefinedError => format!(
            "names something that there is not{line}{detail}; there are kind, title, text, project, severity, at, test, merged, and incident \
             with id, key, strand, rules, cause, cause_code, diagnosis, url, opened, closed, ended_because, lasted_ms, noticed_after_ms, first_bad, last_good, beats_sent, beats_late, \
             beats_missing, beats_lost, beats_refused, beats_doubled"
        ),
        kind => format!("is no template{line}: {kind}{detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::sample;
    use crate::model::NoticeKind;

    fn shop() -> ProjectName {
        ProjectName::parse("shop").unwrap()
    }

    #[test]
    fn a_template_names_the_facts() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let template =
            Template::parse("{{ project | upper }}{% if incident.id is not none %} #{{ incident.id }}: {{ incident.cause }}{% endif %}.")
                .unwrap();
        let text = template.render(&sample(NoticeKind::Opened, &shop(), at)).unwrap();
        assert_eq!(
            text,
            "SHOP #0: Events are accepted at https://posthog.example.com, and cannot be queried after 18m 00s; there is no other event of the last 30 minutes either: ingestion behind capture is stuck or slow."
        );
        assert_eq!(template.render(&sample(NoticeKind::Returned, &shop(), at)).unwrap(), ".");
    }

    #[test]
    fn a_slip_is_found_before_it_is_saved() {
        for (text, says) in [
            ("{{ titel }}", "names something that there is not on line 1"),
            ("a\n{{ incident.couse }}", "on line 2"),
            ("{{ title", "is no template on line 1"),
            ("{% if test %}", "is no template"),
            ("{% for x in range(9999999) %}{{ x }}{% endfor %}", "is no template"),
            ("{{ title | shout }}", "is no template"),
            (" ", "gives an empty text for a message that is `opened`"),
            ("{% if kind == 'opened' %}x{% endif %}", "gives an empty text for a message that is `worsened`"),
        ] {
            let said = Template::parse(text).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }

    #[test]
    fn a_template_that_fails_after_all_costs_no_message() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let message = sample(NoticeKind::Opened, &shop(), at);
        let own = dressed(Some("{{ project }}:\n{{ kind }}"), Some("{{ nothing }}"), &message);
        assert_eq!((own.title.as_str(), &own.text), ("shop: opened", &message.text));
        assert_eq!(dressed(None, None, &message), message);
    }

    #[test]
    fn what_a_message_says_is_not_read_as_a_template() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let message = Message { title: "{{ 1 + 1 }} <b>".into(), ..sample(NoticeKind::Opened, &shop(), at) };
        assert_eq!(Template::parse("{{ title }}").unwrap().render(&message).unwrap(), "{{ 1 + 1 }} <b>");
    }
}
