//! A channel: the fields that each has, those of its kind ([`ChannelKind::fields`]), and how texts become one.

use url::Url;

use super::entity::Origin;
use super::problem::{Problem, Problems};
use super::reader::{Reader, flag, name_of, quoted};
use super::rules;
use super::suggest::hint;
use super::texts::Texts;
use crate::message::Template;
use crate::model::{Channel, ChannelKind, ChannelSpec, Field, ProjectName, Severity, Takes};

/// The fields that each channel has, whatever its kind, in the order in which they are asked for.
pub const FIELDS: [Field; 8] = [
    Field::new("name", "Name", Takes::Name, "What to call it; it does not change afterwards.").required(),
    Field::new("kind", "Kind", Takes::OneOf(&ChannelKind::NAMES), "What it is; it does not change afterwards.").required(),
    Field::new("enabled", "Enabled", Takes::Flag, "Whether notifications go there.").or("true"),
    Field::new("severity", "From which severity on", Takes::OneOf(&["info", "warning", "critical"]), "It is told of nothing lighter.")
        .or("info"),
    Field::new("projects", "Projects", Takes::Projects, "It is told of these alone, between commas.").or("all"),
    Field::new("at_once", "Messages at once", Takes::Number, "More than this at once become one digest.").or("5"),
    Field::new("title", "Title", Takes::Template, "A template in place of the title, such as `{{ project }} {{ kind }}`."),
    Field::new("body", "Text", Takes::Template, "A template in place of the text."),
];

/// Whether a channel of this kind can be set up from afar.
#[must_use]
pub fn is_open_to_pages(kind: ChannelKind) -> bool {
    kind != ChannelKind::Command
}

/// The kind of this name.
///
/// # Errors
/// Says which there are, and which was probably meant.
pub fn kind_named(text: &str) -> Result<ChannelKind, Problem> {
    let text = text.trim();
    let unknown = || Problem::whole("kind", format!("`{text}` is no kind of channel; {}", hint(text, &ChannelKind::NAMES)));
    ChannelKind::named(text).ok_or_else(unknown)
}

fn open_to(kind: ChannelKind, origin: Origin) -> Result<ChannelKind, Problem> {
    if is_open_to_pages(kind) || !matches!(origin, Origin::Page(_)) {
        return Ok(kind);
    }
    let says =
        "`command` is no kind of channel that can be set up from here: it runs a program; `heartbeat channels` and a settings file can";
    Err(Problem::whole("kind", says))
}

/// A channel that is not there yet.
///
/// # Errors
/// Everything that is wrong or missing.
pub fn added(texts: &Texts, origin: Origin) -> Result<ChannelSpec, Problems> {
    over(texts, None, origin)
}

/// The channel, changed by these texts. What they do not name stays, secrets with it; its name and kind do, whatever they say.
///
/// # Errors
/// Everything that is wrong.
pub fn changed(known: &ChannelSpec, texts: &Texts, origin: Origin) -> Result<ChannelSpec, Problems> {
    over(texts, Some(known), origin)
}

pub(super) fn over(texts: &Texts, known: Option<&ChannelSpec>, origin: Origin) -> Result<ChannelSpec, Problems> {
    let (spec, problems) = read(texts, known, origin);
    // A file may leave a secret to what is stored.
    let is_left = |lack: &Problem| origin == Origin::File && texts.one(&lack.field).is_none() && is_secret(spec.as_ref(), &lack.field);
    let lacking = spec.iter().flat_map(lacks).filter(|lack| !is_left(lack));
    let travels = match (known, &spec, origin) {
        (Some(known), Some(spec), Origin::Page(_)) => secrets_that_travel(known, spec, texts),
        _ => Vec::new(),
    };
    let problems: Vec<Problem> = problems.into_iter().chain(lacking).chain(travels).collect();
    match spec {
        Some(spec) => Problems::or(problems, spec),
        None => Err(Problems::of(problems)),
    }
}

fn is_secret(spec: Option<&ChannelSpec>, key: &str) -> bool {
    spec.and_then(|spec| spec.kind.field(key)).is_some_and(|field| field.secret)
}

/// What the texts make of a channel, and what is wrong with them; that something is missing is not told. No channel, where its kind is not known.
#[must_use]
pub fn read(texts: &Texts, known: Option<&ChannelSpec>, origin: Origin) -> (Option<ChannelSpec>, Vec<Problem>) {
    let mut reader = Reader::of(texts);
    let name = reader.name(known.map(|known| &known.name), "ops");
    let kind = kind(&mut reader, known, origin);
    // Of a channel without a name the rest is read all the same.
    let name = name.or_else(|| ProjectName::parse("channel").ok());
    let usual = name.map(|name| ChannelSpec::new(name, kind.unwrap_or(ChannelKind::Webhook)));
    let Some(mut spec) = known.cloned().or(usual) else { return (None, reader.into_problems()) };
    common(&mut reader, &mut spec);
    let Some(kind) = kind else {
        // Which fields belong here nobody knows: none of them is called wrong.
        return (None, reader.into_problems());
    };
    for (key, text) in texts.iter().filter(|(key, _)| FIELDS.iter().all(|field| field.key != *key)) {
        if kind.field(key).is_some() {
            spec.values.set(key, text);
        } else {
            let keys: Vec<&str> = kind.fields().iter().map(|field| field.key).collect();
            let says = format!("{} is not a field of a {kind} channel; {}", quoted(key), hint(key, &keys));
            reader.note(Problem::whole(name_of(key), says));
        }
    }
    (Some(spec), reader.into_problems())
}

fn kind(reader: &mut Reader<'_>, known: Option<&ChannelSpec>, origin: Origin) -> Option<ChannelKind> {
    let texts = reader.texts;
    let read = match (texts.filled("kind"), known) {
        (text, Some(known)) => {
            if text.is_some_and(|text| text != known.kind.name()) {
                reader.note(Problem::of("kind", format!("cannot be changed: it stays `{}`", known.kind)));
            }
            open_to(known.kind, origin)
        }
        (Some(text), None) => kind_named(text).and_then(|kind| open_to(kind, origin)),
        (None, None) => Err(Problem::of("kind", format!("is missing; there are {}", ChannelKind::NAMES.join(", ")))),
    };
    read.map_err(|problem| reader.note(problem)).ok()
}

/// What every channel has.
fn common(reader: &mut Reader<'_>, spec: &mut ChannelSpec) {
    spec.enabled = reader.or("enabled", Some(&spec.enabled), true, flag);
    spec.least = reader.or("severity", Some(&spec.least), Severity::Info, Severity::parse);
    spec.projects = reader.projects(&spec.projects);
    spec.at_once = reader.or("at_once", Some(&spec.at_once), ChannelSpec::AT_ONCE, |text| match text.parse::<u16>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` must be a whole number from 1 to {}", u16::MAX)),
    });
    for (key, place) in [("title", &mut spec.title), ("body", &mut spec.body)] {
        let Some(text) = reader.texts.one(key) else { continue };
        match Template::parse(text) {
            _ if text.trim().is_empty() => *place = None,
            Ok(_) => *place = Some(text.to_owned()),
            Err(wrong) => reader.note(Problem::of(key, wrong)),
        }
    }
}

/// What the channel's kind needs and it does not have, or has and cannot be. One that is not enabled may wait with its placeholders.
#[must_use]
pub fn lacks(spec: &ChannelSpec) -> Vec<Problem> {
    let mut lacks: Vec<Problem> = spec.problems_by_field().into_iter().map(|(field, says)| Problem::of(field, says)).collect();
    for (key, value) in spec.values.iter().filter(|_| spec.enabled) {
        if let Err(says) = rules::not_a_placeholder(value) {
            lacks.retain(|lack| lack.field != key);
            lacks.push(Problem::of(key, says));
        }
    }
    lacks
}

/// The stored secrets that a change would send to another address than they were given for. Nobody can read them again; so nobody who may change a
/// channel from afar must be able to have them sent to an address of their choice.
fn secrets_that_travel(known: &ChannelSpec, spec: &ChannelSpec, texts: &Texts) -> Vec<Problem> {
    let is_address = |field: &&Field| matches!(field.takes, Takes::Url | Takes::SmtpUrl);
    let addressed = |spec: &ChannelSpec, field: &Field| spec.value(field.key).trim().trim_end_matches('/').to_owned();
    let moved = known.kind.fields().iter().filter(is_address).find(|field| addressed(known, field) != addressed(spec, field));
    let Some(moved) = moved.filter(|field| !known.value(field.key).is_empty()) else { return Vec::new() };
    let given_for = host(known.value(moved.key));
    let secrets = known.kind.fields().iter().filter(|field| field.secret && !is_address(field));
    let kept = secrets.filter(|field| known.values.get(field.key).is_some() && spec.values.get(field.key).is_some());
    let unsaid = kept.filter(|field| texts.filled(field.key).is_none());
    unsaid
        .map(|field| Problem::of(field.key, format!("must be given again with another {}: it was given for {given_for}", moved.key)))
        .collect()
}

/// The host of an address, without whatever in it may be a secret.
fn host(address: &str) -> String {
    let url = Url::parse(address.trim()).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "another address".to_owned())
}

/// What a field that every channel has holds, as it would be given; none where it holds nothing.
pub(super) fn value(spec: &ChannelSpec, key: &str) -> Option<String> {
    match key {
        "name" => Some(spec.name.to_string()),
        "kind" => Some(spec.kind.to_string()),
        "enabled" => Some(spec.enabled.to_string()),
        "severity" => Some(spec.least.to_string()),
        "projects" => Some(names(&spec.projects)).filter(|names| !names.is_empty()),
        "at_once" => Some(spec.at_once.to_string()),
        "title" => spec.title.clone(),
        "body" => spec.body.clone(),
        _ => None,
    }
}

/// Names between commas.
pub(super) fn names(names: &[ProjectName]) -> String {
    names.iter().map(ProjectName::as_str).collect::<Vec<_>>().join(", ")
}

/// What any of its fields holds, for everybody's eyes; none where it holds nothing.
#[must_use]
pub fn shown(spec: &ChannelSpec, field: &Field) -> Option<String> {
    let held = value(spec, field.key).or_else(|| spec.values.get(field.key).map(str::to_owned));
    held.map(|held| field.shown(&held))
}

/// By what people call a channel: one that belongs to an app by its project.
#[must_use]
pub fn called(channel: &Channel) -> String {
    match channel.of_app {
        Some(_) => format!("webhooks of {}", channel.spec.name),
        None => channel.spec.name.to_string(),
    }
}

/// The channel that people call by this name.
#[must_use]
pub fn called_so<'c>(channels: &'c [Channel], name: &str) -> Option<&'c Channel> {
    let of_app = name.strip_prefix("webhooks of ").map(str::trim);
    let of_app = of_app.and_then(|project| channels.iter().find(|one| one.of_app.is_some() && one.spec.name.as_str() == project));
    of_app.or_else(|| channels.iter().find(|one| one.of_app.is_none() && one.spec.name.as_str() == name))
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
            (lighter.values == known.values, lighter.least, lighter.at_once, lighter.projects.len()),
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
        use ChannelKind::{Alertmanager, Ntfy, Opsgenie, PagerDuty, Telegram, Webhook};

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
                wrong.to_string().contains("must be given again with another url: it was given for old.example.com"),
                "{kind}: {wrong}"
            );
            let again = secrets.iter().map(|key| (*key, moved.iter().find(|(of, _)| of == key).unwrap().1.as_str()));
            assert!(changed(&known, &addresses().chain(again).collect(), PAGE).is_ok(), "{kind}");
            // From where the key lies it may be moved, and what is not moved needs no secret.
            assert!(changed(&known, &addresses().collect(), LINE).is_ok(), "{kind}");
            let same = own.iter().filter(|(key, _)| is_address(kind, key)).map(|(key, text)| (*key, format!("{text}/")));
            let same: Vec<(&str, String)> = same.collect();
            assert!(changed(&known, &same.iter().map(|(key, text)| (*key, text.as_str())).collect(), PAGE).is_ok(), "{kind}");
            // Back to the address that is the default, too.
            let gone = changed(&known, &addresses().map(|(key, _)| (key, "")).collect(), PAGE).unwrap_err();
            assert!(fields(&gone).contains(&secrets[0]), "{kind}: {gone}");
        }
        assert_eq!(held, [Webhook, PagerDuty, Opsgenie, Alertmanager, Ntfy, Telegram]);
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
