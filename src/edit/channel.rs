//! A channel from texts: what was given for its own fields and for those of its kind.

use url::Url;

use super::app::{name_of, quoted};
use super::problem::{Problem, Problems};
use super::texts::{Texts, project_names};
use crate::config::{conceal, nearest};
use crate::message::Template;
use crate::model::{Channel, ChannelKind, ChannelSpec, Field, ProjectName, SecretUrl, Setting, Severity, Takes};

/// Through which door a channel is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// By somebody who may run programs on this machine anyway.
    CommandLine,
    /// From afar: no program is named through it.
    Page,
}

impl Door {
    /// Whether a channel of this kind can be set up through it.
    #[must_use]
    pub fn takes(self, kind: ChannelKind) -> bool {
        self == Self::CommandLine || kind != ChannelKind::Command
    }
}

const fn field(key: &'static str, name: &'static str, hint: &'static str, default: &'static str) -> Setting {
    Setting { key, name, hint, default, required: false, secret: false, choices: &[], others: false }
}

/// The fields that each channel has, whatever its kind, in the order in which they are asked for. Those of its kind are
/// [`ChannelKind::fields`].
pub const FIELDS: [Setting; 8] = [
    Setting { required: true, ..field("name", "Name", "What to call it; it does not change afterwards.", "") },
    Setting { required: true, ..field("kind", "Kind", "What it is; it does not change afterwards.", "") },
    Setting { choices: &["true", "false"], ..field("enabled", "Enabled", "Whether notices go there.", "true") },
    Setting {
        choices: &["info", "warning", "critical"],
        ..field("severity", "From which severity on", "It is told of nothing lighter.", "info")
    },
    field("projects", "Projects", "It is told of these alone, between commas.", "all"),
    field("at_once", "Messages at once", "More than this at once become one digest.", "5"),
    field("title", "Title", "A template in place of the title, such as `{{ project }} {{ kind }}`.", ""),
    field("body", "Text", "A template in place of the text.", ""),
];

/// The kind of this name.
///
/// # Errors
/// Says which there are, and which was probably meant.
pub fn kind_named(text: &str) -> Result<ChannelKind, Problem> {
    let text = text.trim();
    ChannelKind::named(text).ok_or_else(|| {
        let names = ChannelKind::ALL.map(ChannelKind::name);
        let hint = match names.into_iter().find(|name| name.eq_ignore_ascii_case(text)).or_else(|| nearest(text, names)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Problem::whole("kind", format!("`{text}` is no kind of channel; {hint}"))
    })
}

/// A channel of which nothing is known but its name and kind.
///
/// # Errors
/// What is wrong with either.
pub fn begun(texts: &Texts, door: Door) -> Result<ChannelSpec, Problems> {
    let name = match texts.filled("name") {
        Some(text) => ProjectName::parse(text).map_err(|wrong| Problem::of("name", wrong)),
        None => Err(Problem::of("name", "is missing; give it a name, such as `ops`")),
    };
    let kind = match texts.filled("kind") {
        Some(text) => kind_named(text).and_then(|kind| open_to(kind, door)),
        None => Err(Problem::of("kind", format!("is missing; there are {}", ChannelKind::ALL.map(ChannelKind::name).join(", ")))),
    };
    match (name, kind) {
        (Ok(name), Ok(kind)) => Ok(ChannelSpec::new(name, kind)),
        (name, kind) => Err(Problems::of(name.err().into_iter().chain(kind.err()).collect())),
    }
}

fn open_to(kind: ChannelKind, door: Door) -> Result<ChannelKind, Problem> {
    if door.takes(kind) {
        return Ok(kind);
    }
    let says =
        "`command` is no kind of channel that can be set up from here: it runs a program; `heartbeat channels` and a settings file can";
    Err(Problem::whole("kind", says))
}

/// The channel with everything that these texts say of it but its name and kind, and what is wrong with them.
#[must_use]
pub fn onto(mut spec: ChannelSpec, texts: &Texts) -> (ChannelSpec, Vec<Problem>) {
    let mut problems = Vec::new();
    common(&mut spec, texts, &mut problems);
    let known = spec.kind.fields().iter().map(|field| field.key).collect::<Vec<_>>();
    for (name, text) in texts.iter().filter(|(name, _)| FIELDS.iter().all(|field| field.key != *name)) {
        if known.contains(&name) {
            spec.values.set(name, text);
        } else {
            problems.push(stranger(&spec, name, &known));
        }
    }
    (spec, problems)
}

/// What the channel's kind needs and it does not have, or has and cannot be.
#[must_use]
pub fn lacks(spec: &ChannelSpec) -> Vec<Problem> {
    spec.problems_by_field().into_iter().map(|(field, says)| Problem::of(field, says)).collect()
}

/// A channel that is not there yet.
///
/// # Errors
/// Everything that is wrong or missing.
pub fn added(texts: &Texts, door: Door) -> Result<ChannelSpec, Problems> {
    let begun = begun(texts, door);
    // Of a channel without a name, or of no kind, the rest is looked at all the same.
    let kind = texts.filled("kind").and_then(|text| kind_named(text).ok()).filter(|kind| door.takes(*kind));
    let spec = match (&begun, kind, ProjectName::parse("channel")) {
        (Ok(spec), ..) => spec.clone(),
        (Err(_), Some(kind), Ok(name)) => ChannelSpec::new(name, kind),
        (Err(problems), ..) => return Err(Problems::of(problems.iter().cloned().chain(wrong_in_common(texts)).collect())),
    };
    let (spec, wrong) = onto(spec, texts);
    let problems = begun.err().into_iter().flatten().chain(wrong).chain(lacks(&spec)).collect();
    Problems::or(problems, spec)
}

/// The channel, changed by these texts. What they do not name stays, secrets with it; its name and kind do, whatever they say.
///
/// # Errors
/// Everything that is wrong.
pub fn changed(known: &ChannelSpec, texts: &Texts, door: Door) -> Result<ChannelSpec, Problems> {
    open_to(known.kind, door)?;
    let stays = [("name", known.name.as_str()), ("kind", known.kind.name())];
    let moved = stays.into_iter().filter(|(key, is)| texts.filled(key).is_some_and(|text| text != *is));
    let moved = moved.map(|(key, is)| Problem::of(key, format!("cannot be changed: it stays `{is}`")));
    let (spec, wrong) = onto(known.clone(), texts);
    let travels = if door == Door::Page { secrets_that_travel(known, &spec, texts) } else { Vec::new() };
    Problems::or(moved.chain(wrong).chain(lacks(&spec)).chain(travels).collect(), spec)
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

/// Everything that is wrong with the fields that every channel has.
fn wrong_in_common(texts: &Texts) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Ok(name) = ProjectName::parse("channel") {
        common(&mut ChannelSpec::new(name, ChannelKind::Webhook), texts, &mut problems);
    }
    problems
}

/// What every channel has.
fn common(spec: &mut ChannelSpec, texts: &Texts, problems: &mut Vec<Problem>) {
    let mut noted = |key: &str, says: String| problems.push(Problem::of(key, says));
    if let Some(text) = texts.filled("enabled") {
        match text {
            "true" | "on" | "yes" => spec.enabled = true,
            "false" | "off" | "no" => spec.enabled = false,
            _ => noted("enabled", format!("`{text}` must be true or false")),
        }
    }
    match (texts.one("severity").is_some(), texts.filled("severity").map(Severity::parse)) {
        (_, Some(Ok(least))) => spec.least = least,
        (_, Some(Err(says))) => noted("severity", says),
        (true, None) => spec.least = Severity::Info,
        (false, None) => {}
    }
    if let Some(names) = texts.list("projects") {
        let (projects, wrong) = project_names(names);
        spec.projects = projects;
        wrong.into_iter().for_each(|problem| noted("projects", problem.says));
    }
    match (texts.one("at_once").is_some(), texts.filled("at_once")) {
        (_, Some(text)) => match text.parse::<u16>() {
            Ok(number) if number > 0 => spec.at_once = number,
            _ => noted("at_once", format!("`{text}` must be a whole number from 1 to {}", u16::MAX)),
        },
        (true, None) => spec.at_once = ChannelSpec::AT_ONCE,
        (false, None) => {}
    }
    for (key, place) in [("title", &mut spec.title), ("body", &mut spec.body)] {
        let Some(text) = texts.one(key) else { continue };
        match Template::parse(text) {
            _ if text.trim().is_empty() => *place = None,
            Ok(_) => *place = Some(text.to_owned()),
            Err(wrong) => noted(key, wrong.to_string()),
        }
    }
}

fn stranger(spec: &ChannelSpec, name: &str, known: &[&str]) -> Problem {
    let hint = match known.iter().copied().find(|known| known.eq_ignore_ascii_case(name)).or_else(|| nearest(name, known.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    Problem::whole(name_of(name), format!("{} is not a field of a {} channel; {hint}", quoted(name), spec.kind))
}

/// What a field of its kind holds, for everybody's eyes; none where it holds nothing.
#[must_use]
pub fn shown(spec: &ChannelSpec, field: &Field) -> Option<String> {
    let value = spec.values.get(field.key)?;
    Some(match (field.secret, field.takes) {
        (true, Takes::Url) => SecretUrl::parse(value).map_or_else(|_| "***".to_owned(), |url| url.to_string()),
        (true, _) => "***".to_owned(),
        (false, _) => conceal(value),
    })
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

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    fn fields(problems: &Problems) -> Vec<&str> {
        problems.iter().map(|problem| problem.field.as_str()).collect()
    }

    fn ops() -> ChannelSpec {
        added(&texts(&[("name", "ops"), ("kind", "webhook"), ("url", "https://hooks.example.com/hunter2")]), Door::Page).unwrap()
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
        let wrong = added(&texts(&given), Door::Page).unwrap_err();
        assert_eq!(fields(&wrong), ["name", "enabled", "severity", "projects", "at_once", "title", "body", "ulr", "", "url", "secret"]);
        assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
        assert!(wrong.to_string().contains("`ulr` is not a field of a webhook channel; did you mean `url`?"), "{wrong}");
    }

    #[test]
    fn without_a_kind_the_rest_is_looked_at_all_the_same() {
        let wrong = added(&texts(&[("kind", "slak"), ("severity", "bad"), ("url", "hunter2")]), Door::Page).unwrap_err();
        assert_eq!(fields(&wrong), ["name", "kind", "severity"]);
        assert!(wrong.to_string().contains("did you mean `slack`?"), "{wrong}");
        assert_eq!(fields(&added(&Texts::default(), Door::Page).unwrap_err()), ["name", "kind"]);
        assert_eq!(fields(&added(&texts(&[("name", "ops"), ("kind", "get-pair")]), Door::Page).unwrap_err()), ["triggered"]);
    }

    #[test]
    fn no_program_is_named_from_the_page() {
        let given = texts(&[("name", "ops"), ("kind", "command"), ("command", "/bin/true")]);
        let known = added(&given, Door::CommandLine).unwrap();
        assert_eq!(fields(&added(&given, Door::Page).unwrap_err()), ["kind"]);
        assert_eq!(fields(&changed(&known, &texts(&[("command", "/bin/false")]), Door::Page).unwrap_err()), ["kind"]);
        assert!(changed(&known, &texts(&[("command", "/bin/false")]), Door::CommandLine).is_ok());
    }

    #[test]
    fn secrets_stay_where_nothing_is_said_of_them() {
        let known = ops();
        assert_eq!(changed(&known, &Texts::default(), Door::Page).unwrap(), known);
        let lighter = changed(
            &known,
            &texts(&[("severity", "critical"), ("projects", "shop"), ("at_once", "9"), ("title", "{{ title }}!")]),
            Door::Page,
        );
        let lighter = lighter.unwrap();
        assert_eq!(
            (lighter.values == known.values, lighter.least, lighter.at_once, lighter.projects.len()),
            (true, Severity::Critical, 9, 1)
        );
        let back = changed(&lighter, &texts(&[("severity", ""), ("projects", ""), ("at_once", ""), ("title", " ")]), Door::Page).unwrap();
        assert_eq!(back, known);
        let wrong = changed(&known, &texts(&[("name", "other"), ("kind", "slack"), ("url", "")]), Door::Page).unwrap_err();
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
            let known = added(&texts, Door::CommandLine).unwrap();
            let moved = given(kind, "new");
            let addresses = || moved.iter().filter(|(key, _)| is_address(kind, key)).map(|(key, text)| (*key, text.as_str()));
            let secrets: Vec<&str> =
                kind.fields().iter().filter(|field| field.secret && !is_address(kind, field.key)).map(|field| field.key).collect();
            if addresses().next().is_none() || secrets.is_empty() {
                continue;
            }
            held.push(kind);
            let wrong = changed(&known, &addresses().collect(), Door::Page).unwrap_err();
            assert_eq!(fields(&wrong), secrets, "{kind}");
            assert!(
                wrong.to_string().contains("must be given again with another url: it was given for old.example.com"),
                "{kind}: {wrong}"
            );
            let again = secrets.iter().map(|key| (*key, moved.iter().find(|(of, _)| of == key).unwrap().1.as_str()));
            assert!(changed(&known, &addresses().chain(again).collect(), Door::Page).is_ok(), "{kind}");
            // From where the key lies it may be moved, and what is not moved needs no secret.
            assert!(changed(&known, &addresses().collect(), Door::CommandLine).is_ok(), "{kind}");
            let same = own.iter().filter(|(key, _)| is_address(kind, key)).map(|(key, text)| (*key, format!("{text}/")));
            let same: Vec<(&str, String)> = same.collect();
            assert!(changed(&known, &same.iter().map(|(key, text)| (*key, text.as_str())).collect(), Door::Page).is_ok(), "{kind}");
            // Back to the address that is the default, too.
            let gone = changed(&known, &addresses().map(|(key, _)| (key, "")).collect(), Door::Page).unwrap_err();
            assert!(fields(&gone).contains(&secrets[0]), "{kind}: {gone}");
        }
        assert_eq!(held, [Webhook, PagerDuty, Opsgenie, Alertmanager, Ntfy, Telegram]);
    }

    #[test]
    fn a_secret_that_is_taken_away_travels_nowhere() {
        let given = [("name", "ops"), ("kind", "ntfy"), ("url", "https://old.example.com/topic"), ("token", "hunter2")];
        let known = added(&texts(&given), Door::Page).unwrap();
        let moved = ("url", "https://new.example.com/topic");
        assert!(changed(&known, &texts(&[moved, ("token", "")]), Door::Page).is_ok());
        let keyless = added(&texts(&given[..3]), Door::Page).unwrap();
        assert!(changed(&keyless, &texts(&[moved]), Door::Page).is_ok());
        assert!(!changed(&known, &texts(&[moved]), Door::Page).unwrap_err().to_string().contains("hunter2"));
    }
}
