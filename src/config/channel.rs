//! A channel: the common fields, the fields of its kind ([`ChannelKind::fields`]), and the conversion from texts.

use url::Url;

use super::entity::{Entity, Kind, Origin};
use super::problem::{Problem, Problems};
use super::reader::{Reader, flag};
use super::rules;
use super::suggest::hint;
use super::texts::Texts;
use super::value::{self, Value};
use crate::message::{Payload, Template};
use crate::model::{ChannelKind, ChannelSpec, Field, Invalid, ProjectFilter, ProjectName, Severity, Takes, Word};

/// In the order in which users are asked for them.
pub const FIELDS: [Field; 8] = [
    Field::new("name", "Name", Takes::Name, "Name of the channel. It cannot be changed later.").required(),
    Field::new("kind", "Kind", Takes::OneOf(&ChannelKind::NAMES), "Kind of the channel. It cannot be changed later.").required(),
    Field::new("enabled", "Enabled", Takes::Flag, "Whether notifications are sent to this channel.").or("true"),
    Field::new("severity", "Minimum severity", Takes::OneOf(&Severity::NAMES), "Notifies about incidents of this severity or higher.")
        .or("info"),
    Field::new("projects", "Projects", Takes::Names, "Only notifies about these projects, separated by commas.").or("all"),
    Field::new("at_once", "Digest threshold", Takes::Number, "More messages than this in a minute become one digest.").or("5"),
    Field::new("title", "Title", Takes::Template, "Template for the title, for example `{{ project }} {{ kind }}`."),
    Field::new("body", "Text", Takes::Template, "Template for the text."),
];

impl Entity for ChannelSpec {
    const KIND: Kind = Kind::Channel;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        value::of(&FIELDS, |key| value(self, key))
            .chain(self.kind.fields().iter().map(|field| Value::plain(*field, self.values.get(field.key).map(str::to_owned)).or_default()))
            .collect()
    }

    fn over(texts: &Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        let (spec, problems) = read(texts, stored, origin);
        // A file may leave a secret to the store.
        let is_left = |lack: &Problem| origin == Origin::File && texts.one(&lack.field).is_none() && is_secret(spec.as_ref(), &lack.field);
        let lacking = spec.iter().flat_map(Self::lacks).filter(|lack| !is_left(lack));
        let travels = match (stored, &spec, origin) {
            (Some(stored), Some(spec), Origin::Page(_)) => secrets_that_travel(stored, spec, texts),
            _ => Vec::new(),
        };
        let problems: Vec<Problem> = problems.into_iter().chain(lacking).chain(travels).collect();
        match spec {
            Some(spec) => Problems::or(problems, spec),
            None => Err(Problems::of(problems)),
        }
    }

    fn projects(&self) -> Option<&ProjectFilter> {
        Some(&self.projects)
    }

    /// Missing or invalid fields of the kind. A disabled channel may keep its placeholders.
    fn lacks(&self) -> Vec<Problem> {
        let mut lacks: Vec<Problem> = self.problems().into_iter().map(|(field, wrong)| Problem::of(field, wrong)).collect();
        for (key, value) in self.values.iter().filter(|_| self.enabled) {
            if let Err(wrong) = rules::not_a_placeholder(value) {
                lacks.retain(|lack| lack.field != key);
                lacks.push(Problem::of(key, wrong));
            }
        }
        lacks
    }

    fn goes_on_as(&self, next: &Self) -> bool {
        self.kind == next.kind
    }
}

/// Whether the page and the API may create a channel of this kind.
#[must_use]
pub fn is_open_to_pages(kind: ChannelKind) -> bool {
    kind != ChannelKind::Command
}

pub fn kind_named(text: &str) -> Result<ChannelKind, Problem> {
    let text = text.trim();
    let unknown = || {
        let suggestion = hint(text, &ChannelKind::NAMES);
        Problem::of("kind", Invalid::UnknownName { name: Word::of(text), of: "a kind of channel".into(), suggestion })
    };
    ChannelKind::named(text).ok_or_else(unknown)
}

fn open_to(kind: ChannelKind, origin: Origin) -> Result<ChannelKind, Problem> {
    if is_open_to_pages(kind) || !matches!(origin, Origin::Page(_)) {
        return Ok(kind);
    }
    let says = "a `command` channel runs a program, so it cannot be created here; use `heartbeat channels` or a settings file";
    Err(Problem::whole("kind", says))
}

pub fn added(texts: &Texts, origin: Origin) -> Result<ChannelSpec, Problems> {
    ChannelSpec::over(texts, None, origin)
}

/// A field that is not in `texts` keeps its value, secrets included. Name and kind cannot change.
pub fn changed(stored: &ChannelSpec, texts: &Texts, origin: Origin) -> Result<ChannelSpec, Problems> {
    ChannelSpec::over(texts, Some(stored), origin)
}

fn is_secret(spec: Option<&ChannelSpec>, key: &str) -> bool {
    spec.and_then(|spec| spec.kind.field(key)).is_some_and(|field| field.secret)
}

/// The channel and the problems with the texts, except missing fields. Without a valid kind there is no channel.
fn read(texts: &Texts, stored: Option<&ChannelSpec>, origin: Origin) -> (Option<ChannelSpec>, Vec<Problem>) {
    let mut reader = Reader::of(texts);
    let name = reader.name(stored.map(|stored| &stored.name), "give it a name, such as `ops`");
    let kind = kind(&mut reader, stored, origin);
    // Without a name the other fields are still validated.
    let name = name.or_else(|| ProjectName::parse("channel").ok());
    let usual = name.map(|name| ChannelSpec::new(name, kind.unwrap_or(ChannelKind::Webhook)));
    let Some(mut spec) = stored.cloned().or(usual) else { return (None, reader.into_problems()) };
    common(&mut reader, &mut spec);
    let Some(kind) = kind else {
        // Without a kind the valid fields are unknown, so no field is reported.
        return (None, reader.into_problems());
    };
    let is_common = |key: &str| FIELDS.iter().any(|field| field.key == key);
    for (key, text) in texts.iter().filter(|(key, _)| !is_common(key) && kind.field(key).is_some()) {
        spec.values.set(key, text);
    }
    for field in kind.fields().iter().filter(|field| field.takes == Takes::Payload) {
        if let Err(wrong) = Payload::new(spec.value(field.key), spec.value("content_type")).check() {
            reader.note(Problem::of(field.key, Invalid::unquoted(wrong.to_string())));
        }
    }
    reader.finish_fields(kind.fields(), &kind.as_channel(), is_common);
    (Some(spec), reader.into_problems())
}

fn kind(reader: &mut Reader<'_>, stored: Option<&ChannelSpec>, origin: Origin) -> Option<ChannelKind> {
    let texts = reader.texts;
    let read = match (texts.filled("kind"), stored) {
        (text, Some(stored)) => {
            if text.is_some_and(|text| text != stored.kind.name()) {
                reader.note(Problem::of("kind", Invalid::Fixed(stored.kind.to_string())));
            }
            open_to(stored.kind, origin)
        }
        (Some(text), None) => kind_named(text).and_then(|kind| open_to(kind, origin)),
        (None, None) => Err(Problem::of("kind", Invalid::missing(format!("there are {}", ChannelKind::NAMES.join(", "))))),
    };
    read.map_err(|problem| reader.note(problem)).ok()
}

fn common(reader: &mut Reader<'_>, spec: &mut ChannelSpec) {
    spec.enabled = reader.or("enabled", Some(&spec.enabled), true, flag);
    spec.least = reader.or("severity", Some(&spec.least), Severity::Info, Severity::parse);
    spec.projects = reader.projects(Some(&spec.projects));
    spec.at_once = reader.or("at_once", Some(&spec.at_once), ChannelSpec::AT_ONCE, |text| match text.parse::<u16>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Invalid::whole(text, "", 1, u64::from(u16::MAX))),
    });
    for (key, place) in [("title", &mut spec.title), ("body", &mut spec.body)] {
        let Some(text) = reader.texts.one(key) else { continue };
        match Template::parse(text) {
            _ if text.trim().is_empty() => *place = None,
            Ok(_) => *place = Some(text.to_owned()),
            Err(wrong) => reader.note(Problem::of(key, Invalid::unquoted(wrong.to_string()))),
        }
    }
}

/// The stored secrets that a change would send to another address. Nobody can read a stored secret, so nobody may redirect it
/// to an address of their choice by page or API.
fn secrets_that_travel(stored: &ChannelSpec, spec: &ChannelSpec, texts: &Texts) -> Vec<Problem> {
    let is_address = |field: &&Field| matches!(field.takes, Takes::Url | Takes::SmtpUrl);
    let addressed = |spec: &ChannelSpec, field: &Field| spec.value(field.key).trim().trim_end_matches('/').to_owned();
    let moved = stored.kind.fields().iter().filter(is_address).find(|field| addressed(stored, field) != addressed(spec, field));
    let Some(moved) = moved.filter(|field| !stored.value(field.key).is_empty()) else { return Vec::new() };
    let given_for = host(stored.value(moved.key));
    let secrets = stored.kind.fields().iter().filter(|field| field.secret && !is_address(field));
    let kept = secrets.filter(|field| stored.values.get(field.key).is_some() && spec.values.get(field.key).is_some());
    let unsaid = kept.filter(|field| texts.filled(field.key).is_none());
    unsaid.map(|field| Problem::of(field.key, Invalid::GivenFor { with: moved.key.into(), given_for: given_for.clone() })).collect()
}

/// The host of an address: the rest may be a secret.
fn host(address: &str) -> String {
    let url = Url::parse(address.trim()).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "another address".to_owned())
}

fn value(spec: &ChannelSpec, key: &str) -> Option<String> {
    match key {
        "name" => Some(spec.name.to_string()),
        "kind" => Some(spec.kind.to_string()),
        "enabled" => Some(spec.enabled.to_string()),
        "severity" => Some(spec.least.to_string()),
        "projects" => value::of_names(spec.projects.entries()),
        "at_once" => Some(spec.at_once.to_string()),
        "title" => spec.title.clone(),
        "body" => spec.body.clone(),
        _ => None,
    }
}

/// The value of any field, with secrets redacted.
#[must_use]
pub fn shown(spec: &ChannelSpec, field: &Field) -> Option<String> {
    let held = value(spec, field.key).or_else(|| spec.values.get(field.key).map(str::to_owned));
    held.map(|held| field.shown(&held))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    const PAGE: Origin = Origin::Page(Timestamp::from_ms(0));
    const LINE: Origin = Origin::CommandLine(Timestamp::from_ms(0));

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    fn fields(problems: &Problems) -> Vec<&str> {
        problems.iter().map(|problem| problem.field.as_str()).collect()
    }

    fn ops() -> ChannelSpec {
        added(&texts(&[("name", "ops"), ("kind", "webhook"), ("url", "https://hooks.example.com/hunter2")]), PAGE).unwrap()
    }

    #[test]
    fn everything_wrong_is_told_at_once_each_with_its_field_and_no_value_is_quoted() {
        let given = [
            ("name", "my ops"),
            ("kind", "webhook"),
            ("enabled", "perhaps"),
            ("severity", "bad"),
            ("projects", "shop, no shop"),
            ("at_once", "0"),
            ("title", "{{ titel }}"),
            ("body", "{{"),
            ("ulr", "hunter2"),
            ("https://hunter2", "x"),
            ("url", "hooks.example.com/hunter2"),
            ("secret", "hunter2"),
        ];
        let wrong = added(&texts(&given), PAGE).unwrap_err();
        assert_eq!(fields(&wrong), ["name", "enabled", "severity", "projects", "at_once", "title", "body", "ulr", "", "url", "secret"]);
        assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
        assert!(wrong.to_string().contains("`ulr` is not a field of a webhook channel; did you mean `url`?"), "{wrong}");
    }

    #[test]
    fn without_a_kind_the_rest_is_looked_at_all_the_same() {
        let wrong = added(&texts(&[("kind", "slak"), ("severity", "bad"), ("url", "hunter2")]), PAGE).unwrap_err();
        assert_eq!(fields(&wrong), ["name", "kind", "severity"]);
        assert!(wrong.to_string().contains("did you mean `slack`?"), "{wrong}");
        assert_eq!(fields(&added(&Texts::default(), PAGE).unwrap_err()), ["name", "kind"]);
        assert_eq!(fields(&added(&texts(&[("name", "ops"), ("kind", "get-pair")]), PAGE).unwrap_err()), ["triggered"]);
    }

    #[test]
    fn a_wrong_choice_is_quoted_and_the_kind_has_its_article() {
        let given = [("name", "ops"), ("kind", "http"), ("url", "https://hooks.example.com/hunter2"), ("method", "GET"), ("mehtod", "PUT")];
        let said = added(&texts(&given), LINE).unwrap_err().to_string();
        assert!(said.contains("method `GET` must be POST, PUT or PATCH"), "{said}");
        assert!(said.contains("`mehtod` is not a field of an http channel; did you mean `method`?"), "{said}");
    }

    #[test]
    fn no_program_is_named_from_the_page() {
        let given = texts(&[("name", "ops"), ("kind", "command"), ("command", "/bin/true")]);
        let known = added(&given, LINE).unwrap();
        assert_eq!(fields(&added(&given, PAGE).unwrap_err()), ["kind"]);
        assert_eq!(fields(&changed(&known, &texts(&[("command", "/bin/false")]), PAGE).unwrap_err()), ["kind"]);
        assert!(changed(&known, &texts(&[("command", "/bin/false")]), LINE).is_ok());
    }

    #[test]
    fn secrets_stay_where_nothing_is_said_of_them() {
        let known = ops();
        assert_eq!(changed(&known, &Texts::default(), PAGE).unwrap(), known);
        let lighter =
            changed(&known, &texts(&[("severity", "critical"), ("projects", "shop"), ("at_once", "9"), ("title", "{{ title }}!")]), PAGE);
        let lighter = lighter.unwrap();
        assert_eq!(
            (lighter.values == known.values, lighter.least, lighter.at_once, lighter.projects.entries().len()),
            (true, Severity::Critical, 9, 1)
        );
        let back = changed(&lighter, &texts(&[("severity", ""), ("projects", ""), ("at_once", ""), ("title", " ")]), PAGE).unwrap();
        assert_eq!(back, known);
        let wrong = changed(&known, &texts(&[("name", "other"), ("kind", "slack"), ("url", "")]), PAGE).unwrap_err();
        assert_eq!(fields(&wrong), ["name", "kind", "url"]);
        assert!(wrong.to_string().contains("name cannot be changed: it stays `ops`"), "{wrong}");
    }

    #[test]
    fn a_secret_is_shown_as_stars() {
        let url = ChannelKind::Webhook.field("url").unwrap();
        assert_eq!(shown(&ops(), url).as_deref(), Some("https://hooks.example.com/***"));
    }

    #[test]
    fn a_secret_goes_to_no_other_address_unless_it_is_given_again() {
        use ChannelKind::{Alertmanager, Ntfy, Opsgenie, PagerDuty, Pushover, Telegram, Webhook};

        let given = |kind: ChannelKind, host: &str| -> Vec<(&str, String)> {
            let text = |field: &Field| match (field.takes, field.key) {
                (Takes::Url, _) => format!("https://{host}.example.com/topic"),
                (Takes::SmtpUrl, _) => format!("smtps://me:hunter2@{host}.example.com"),
                (Takes::SigningSecret, _) => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
                (Takes::Addresses, _) => "me@example.com".to_owned(),
                (Takes::CommandLine, _) => "/bin/true".to_owned(),
                (Takes::HostName, _) => "me.example.com".to_owned(),
                (Takes::Number, _) => "7".to_owned(),
                (Takes::Labels, _) => "team=data".to_owned(),
                (Takes::OneOf(choices), _) => choices[0].to_owned(),
                (Takes::Headers, _) => "Authorization: Bearer hunter2".to_owned(),
                (Takes::Payload, _) => r#"{"text": "{{ text }}"}"#.to_owned(),
                _ => "hunter2".to_owned(),
            };
            kind.fields().iter().map(|field| (field.key, text(field))).collect()
        };
        let is_address = |kind: ChannelKind, key: &str| matches!(kind.field(key).unwrap().takes, Takes::Url | Takes::SmtpUrl);
        let mut held = Vec::new();
        for kind in ChannelKind::ALL {
            let own = given(kind, "old");
            let texts: Texts =
                own.iter().map(|(key, text)| (*key, text.as_str())).chain([("name", "ops"), ("kind", kind.name())]).collect();
            let known = added(&texts, LINE).unwrap();
            let moved = given(kind, "new");
            let addresses = || moved.iter().filter(|(key, _)| is_address(kind, key)).map(|(key, text)| (*key, text.as_str()));
            let secrets: Vec<&str> =
                kind.fields().iter().filter(|field| field.secret && !is_address(kind, field.key)).map(|field| field.key).collect();
            if addresses().next().is_none() || secrets.is_empty() {
                continue;
            }
            held.push(kind);
            let wrong = changed(&known, &addresses().collect(), PAGE).unwrap_err();
            assert_eq!(fields(&wrong), secrets, "{kind}");
            assert!(
                wrong.to_string().contains("must be given again with the new url: the stored one is for old.example.com"),
                "{kind}: {wrong}"
            );
            let again = secrets.iter().map(|key| (*key, moved.iter().find(|(of, _)| of == key).unwrap().1.as_str()));
            assert!(changed(&known, &addresses().chain(again).collect(), PAGE).is_ok(), "{kind}");
            // The command line may move it, and an unchanged address needs no secret.
            assert!(changed(&known, &addresses().collect(), LINE).is_ok(), "{kind}");
            let same = own.iter().filter(|(key, _)| is_address(kind, key)).map(|(key, text)| (*key, format!("{text}/")));
            let same: Vec<(&str, String)> = same.collect();
            assert!(changed(&known, &same.iter().map(|(key, text)| (*key, text.as_str())).collect(), PAGE).is_ok(), "{kind}");
            // The same when the address returns to its default.
            let gone = changed(&known, &addresses().map(|(key, _)| (key, "")).collect(), PAGE).unwrap_err();
            assert!(fields(&gone).contains(&secrets[0]), "{kind}: {gone}");
        }
        assert!([Webhook, PagerDuty, Opsgenie, Alertmanager, Ntfy, Telegram, Pushover].iter().all(|kind| held.contains(kind)), "{held:?}");
    }

    #[test]
    fn a_secret_that_is_taken_away_travels_nowhere() {
        let given = [("name", "ops"), ("kind", "ntfy"), ("url", "https://old.example.com/topic"), ("token", "hunter2")];
        let known = added(&texts(&given), PAGE).unwrap();
        let moved = ("url", "https://new.example.com/topic");
        assert!(changed(&known, &texts(&[moved, ("token", "")]), PAGE).is_ok());
        let keyless = added(&texts(&given[..3]), PAGE).unwrap();
        assert!(changed(&keyless, &texts(&[moved]), PAGE).is_ok());
        assert!(!changed(&known, &texts(&[moved]), PAGE).unwrap_err().to_string().contains("hunter2"));
    }
}
