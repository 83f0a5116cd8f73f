//! A user's own title and text: Jinja templates over the facts of a message. They are tried on a sample of every kind before they are saved, so that
//! no notification fails because of a mistake in one.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::json;

use super::{bounds, samples};
use crate::model::{Diagnosis, Invalid, Message, NotificationKind, ProjectName, Timestamp};

/// The limit of steps: an endless loop must not block others.
const FUEL: u64 = 100_000;
/// The limit of output, in bytes.
const LONGEST: usize = 20_000;
/// The stack size in bytes that the worst template within the bounds needs. Only the used part takes memory.
const STACK: usize = 64 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(5);

/// What is wrong with a template: a predicate whose subject is the setting's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("is {0} bytes long, and must not be longer than {most}", most = bounds::LENGTH)]
    TooLong(usize),
    #[error("contains more than {most} names, values and operators: make it shorter", most = bounds::TOKENS)]
    TooManyTokens,
    #[error("nests blocks and brackets more than {most} deep: make it simpler", most = bounds::NESTING)]
    TooDeep,
    /// The tag of the block, and what to write instead.
    #[error("contains a block `{{% {0} %}}`, whose values would be escaped twice; {1}")]
    Captures(&'static str, &'static str),
    /// The line, and what the template engine says.
    #[error("is not a valid template{0}")]
    NotValid(String),
    #[error(
        "uses an unknown name{0}; the names are kind, title, text, project, severity, at, test, merged, and incident with id, key, \
         incident_kind, rules, cause, cause_code, diagnosis, url, opened, closed, ended_because, lasted_ms, noticed_after_ms, \
         first_bad, last_good, beats_sent, beats_late, beats_missing, beats_lost, beats_rejected, beats_duplicated"
    )]
    UnknownName(String),
    #[error("renders to an empty text for a message of kind `{0}`")]
    Empty(NotificationKind),
    #[error("renders to more than {LONGEST} bytes for a message of kind `{0}`")]
    RendersTooLong(NotificationKind),
    #[error(
        "renders to a text that is not JSON for a message of kind `{kind}`: {why}; a text must be in quotes, \
         `\"{{{{ text }}}}\"`, and any other value without"
    )]
    NotJson { kind: NotificationKind, why: String },
    #[error("cannot be rendered because no thread can be started: {0}")]
    NoThread(String),
    #[error("is not rendered within {} seconds", LIMIT.as_secs())]
    TooSlow,
    #[error("makes the template engine fail")]
    EngineFailed,
    #[error("cannot be tried: {0}")]
    NoSample(Invalid),
}

/// Escapes a value for a service that reads markup.
pub trait Escape: Fn(&str) -> String + Copy + Send + Sync + 'static {}

impl<F: Fn(&str) -> String + Copy + Send + Sync + 'static> Escape for F {}

#[derive(Debug, Clone, Copy)]
pub struct Template<'t>(&'t str);

impl<'t> Template<'t> {
    /// Parses a template and tries it on a sample of every kind of message.
    pub fn parse(text: &'t str) -> Result<Self, TemplateError> {
        try_on_samples(text, Value::to_string)?;
        Ok(Self(text))
    }

    /// Renders a message. `escape` escapes each inserted value; the template's own markup is kept.
    /// A template that was parsed before does not fail.
    pub fn render(self, message: &Message, escape: impl Escape) -> Result<String, TemplateError> {
        render_one(self.0, message, move |value| escape(&value.to_string()))
    }
}

/// How a value of a message is written into the text.
pub(super) trait WriteValue: Fn(&Value) -> String + Copy + Send + Sync + 'static {}

impl<F: Fn(&Value) -> String + Copy + Send + Sync + 'static> WriteValue for F {}

/// The kind of each sample message, and what it renders to.
pub(super) fn try_on_samples(text: &str, write: impl WriteValue) -> Result<Vec<(NotificationKind, String)>, TemplateError> {
    let project = ProjectName::parse("shop").map_err(TemplateError::NoSample)?;
    let messages = samples(&project, Timestamp::from_ms(1_800_000_000_000));
    let kinds: Vec<NotificationKind> = messages.iter().map(|message| message.kind).collect();
    Ok(kinds.into_iter().zip(render_all(text, messages, write)?).collect())
}

pub(super) fn render_one(text: &str, message: &Message, write: impl WriteValue) -> Result<String, TemplateError> {
    Ok(render_all(text, vec![message.clone()], write)?.concat())
}

/// Renders each message on a separate thread, so that nothing else is harmed by the engine.
fn render_all(text: &str, messages: Vec<Message>, write: impl WriteValue) -> Result<Vec<String>, TemplateError> {
    bounds::check(text)?;
    let text = text.to_owned();
    apart(move || messages.iter().map(|message| render(&text, message, write)).collect())
}

fn render(text: &str, message: &Message, write: impl WriteValue) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(move |out, _, value| Ok(out.write_str(&write(value))?));
    // The engine's own filters escape for HTML. The formatter escapes each value for where it is written.
    environment.add_filter("escape", |value: Value| value);
    environment.add_filter("e", |value: Value| value);
    environment.set_fuel(Some(FUEL));
    let text = environment.render_str(text, facts(message))?;
    match text.trim() {
        "" => Err(TemplateError::Empty(message.kind)),
        text if text.len() > LONGEST => Err(TemplateError::RendersTooLong(message.kind)),
        text => Ok(text.to_owned()),
    }
}

/// Runs on a separate thread with its own stack and time limit. A panic there becomes an error here.
fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, TemplateError> + Send + 'static) -> Result<T, TemplateError> {
    let (sender, receiver) = mpsc::channel();
    let started = thread::Builder::new().name("template".into()).stack_size(STACK).spawn(move || sender.send(work()).is_ok());
    started.map_err(|why| TemplateError::NoThread(why.to_string()))?;
    receiver.recv_timeout(LIMIT).unwrap_or_else(|none| {
        Err(match none {
            RecvTimeoutError::Timeout => TemplateError::TooSlow,
            RecvTimeoutError::Disconnected => TemplateError::EngineFailed,
        })
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub message: Message,
    /// What is wrong with the templates that were not used, one sentence each.
    pub wrong: Vec<String>,
}

/// The message with the user's own title and text, if there are templates. A template that fails (it was stored before the bounds existed) must not
/// suppress the message: Heartbeat's text is used, and says so. Everything except a template's own text is escaped.
#[must_use]
pub fn rendered(title: Option<&str>, body: Option<&str>, message: &Message, escape: impl Escape) -> Rendered {
    let mut wrong = Vec::new();
    let mut own = |name: &str, text: Option<&str>, ours: &str| match text.map(|text| Template(text).render(message, escape)) {
        None => escape(ours),
        Some(Ok(own)) => own,
        Some(Err(says)) => {
            wrong.push(format!("This channel's own {name} is not used: its template {says}."));
            escape(ours)
        }
    };
    let title = own("title", title, &message.title).lines().collect::<Vec<_>>().join(" ");
    let text = own("body", body, &message.text);
    let says = wrong.iter().map(|says| escape(says));
    let text = std::iter::once(text).chain(says).collect::<Vec<_>>().join("\n");
    Rendered { message: Message { title, text, ..message.clone() }, wrong }
}

/// The message's JSON; without an incident, all its fields exist and are empty.
fn facts(message: &Message) -> Value {
    let mut facts = json!(message);
    if message.incident.is_none() {
        facts["incident"] = json!({
            "id": null, "key": "", "incident_kind": "", "rules": [], "cause_code": "", "cause": "", "diagnosis": Diagnosis::default(), "url": null, "opened": "", "closed": null, "ended_because": null,
            "lasted_ms": 0, "noticed_after_ms": null,
            "first_bad": null, "last_good": null, "beats_sent": 0, "beats_late": 0, "beats_missing": 0, "beats_lost": 0, "beats_rejected": 0,
            "beats_duplicated": 0
        });
    }
    Value::from(Serde(facts))
}

impl From<minijinja::Error> for TemplateError {
    fn from(wrong: minijinja::Error) -> Self {
        let line = wrong.line().map_or_else(String::new, |line| format!(" on line {line}"));
        let detail = wrong.detail().map_or_else(String::new, |detail| format!(": {detail}"));
        match wrong.kind() {
            ErrorKind::UndefinedError => Self::UnknownName(format!("{line}{detail}")),
            kind => Self::NotValid(format!("{line}: {kind}{detail}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::sample;
    use crate::model::NotificationKind;

    fn shop() -> ProjectName {
        ProjectName::parse("shop").unwrap()
    }

    #[test]
    fn a_template_names_the_facts() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let template =
            Template::parse("{{ project | upper }}{% if incident.id is not none %} #{{ incident.id }}: {{ incident.cause }}{% endif %}.")
                .unwrap();
        let text = template.render(&sample(NotificationKind::Opened, &shop(), at), str::to_owned).unwrap();
        assert_eq!(
            text,
            "SHOP #0: Events are accepted at https://posthog.example.com, and cannot be queried after 18m 00s; there is no other event of the last 30 minutes either: ingestion behind capture is stuck or slow."
        );
        assert_eq!(template.render(&sample(NotificationKind::Returned, &shop(), at), str::to_owned).unwrap(), ".");
    }

    #[test]
    fn a_slip_is_found_before_it_is_saved() {
        for (text, says) in [
            ("{{ titel }}", "uses an unknown name on line 1"),
            ("a\n{{ incident.couse }}", "on line 2"),
            ("{{ title", "is not a valid template on line 1"),
            ("{% if test %}", "is not a valid template"),
            ("{% for x in range(9999999) %}{{ x }}{% endfor %}", "is not a valid template"),
            ("{{ title | shout }}", "is not a valid template"),
            (" ", "renders to an empty text for a message of kind `opened`"),
            ("{% if kind == 'opened' %}x{% endif %}", "renders to an empty text for a message of kind `escalated`"),
        ] {
            let said = Template::parse(text).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }

    #[test]
    fn a_template_that_fails_after_all_costs_no_message_and_says_so() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let message = sample(NotificationKind::Opened, &shop(), at);
        let own = rendered(Some("{{ project }}:\n{{ kind }}"), Some(&"x".repeat(4097)), &message, str::to_owned);
        let says = "This channel's own body is not used: its template is 4097 bytes long, and must not be longer than 4096.";
        assert_eq!((own.message.title.as_str(), own.message.text), ("shop: opened", format!("{}\n{says}", message.text)));
        assert_eq!(own.wrong, [says]);
        let nothing = rendered(Some("{{ nothing }}"), None, &message, str::to_owned);
        assert_eq!((nothing.message.title, nothing.wrong.len()), (message.title.clone(), 1));
        assert_eq!(rendered(None, None, &message, str::to_owned), Rendered { message, wrong: Vec::new() });
    }

    #[test]
    fn values_are_written_for_the_service_and_the_templates_own_words_are_not() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let message = Message { title: "*a*".into(), text: "*b*".into(), ..sample(NotificationKind::Opened, &shop(), at) };
        let escape = |text: &str| text.replace('*', "\\*");
        let own = rendered(Some("*{{ title }}* {{ incident.id }} {{ test }}"), None, &message, escape).message;
        assert_eq!((own.title.as_str(), own.text.as_str()), ("*\\*a\\** 0 True", "\\*b\\*"));
        let failed = rendered(Some("{{ nothing }}"), None, &message, escape).message;
        assert_eq!(failed.title, "\\*a\\*");
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_before_it_is_saved() {
        let nested = |deep: usize| format!("{}x{}", "{% if title %}".repeat(deep), "{% endif %}".repeat(deep));
        assert!(Template::parse(&nested(16)).is_ok());
        assert!(Template::parse(&nested(17)).unwrap_err().to_string().contains("more than 16 deep"));
        assert!(Template::parse(&"{{kind}}".repeat(500)).is_ok());
        assert!(Template::parse(&"{{kind}}".repeat(501)).unwrap_err().to_string().contains("more than 500"));
        assert!(Template::parse(&"x".repeat(4096)).is_ok());
        assert!(Template::parse(&"x".repeat(4097)).unwrap_err().to_string().contains("4097 bytes"));
    }

    #[test]
    fn a_panic_is_an_error_of_its_template_alone() {
        let wrong = apart::<()>(|| panic!("as an engine might")).unwrap_err();
        assert_eq!(wrong.to_string(), "makes the template engine fail");
        assert_eq!(apart(|| Ok(1)), Ok(1));
    }

    #[test]
    fn what_a_message_says_is_not_read_as_a_template() {
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let message = Message { title: "{{ 1 + 1 }} <b>".into(), ..sample(NotificationKind::Opened, &shop(), at) };
        assert_eq!(Template::parse("{{ title }}").unwrap().render(&message, str::to_owned).unwrap(), "{{ 1 + 1 }} <b>");
    }
}
