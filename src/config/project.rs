//! A project: its fields, and the conversion from texts. `heartbeat` is the state of an app, `heartbeat.events` is a setting of that app.

use std::time::Duration;

use super::app::App;
use super::entity::{Entity, Kind, Origin};
use super::problem::{Problem, Problems};
use super::reader::Reader;
use super::texts::Texts;
use super::value::{self, Group, Value};
use super::{duration, rules};
use crate::model::{AppKind, Field, Invalid, ProjectName, ProjectSpec, ProjectToken, Tag, Takes, Timing};

/// In the order in which users are asked for them.
pub const FIELDS: [Field; 11] = [
    Field::new("name", "Name", Takes::Name, "Name of the project in Heartbeat. It cannot be changed later.").required(),
    Field::new("host", "PostHog host", Takes::Host, "Where events are sent: `us`, `eu`, or the address of a PostHog instance.").required(),
    Field::new("token", "Project token", Takes::Token, "phc_..., from Settings > Project > General.").required(),
    Field::new(
        "personal_api_key",
        "Personal API key",
        Takes::Key,
        "phx_..., with the scope query:read, from Settings > Personal API keys. Without it, arrival is not checked.",
    )
    .secret(),
    Field::new("project_id", "Project id", Takes::Number, "PostHog's id of the project.").or("found from the token"),
    Field::new("api_host", "API host", Takes::Host, "Where events are read back, if not at the host.").or("the host's API"),
    Field::new("late_after", "Late after", Takes::Duration, "A beat that is read back after this time is late.").or("2m"),
    Field::new("lost_after", "Lost after", Takes::Duration, "A beat that is not read back within this time is lost.").or("15m"),
    Field::new(
        "readback_interval",
        "Read-back interval",
        Takes::Duration,
        "How often PostHog is queried for beats that have not been read back.",
    )
    .or("1m"),
    Field::new("timeout", "Time-out", Takes::Duration, "How long capture may take to answer one try of a beat: 1s to 20s.").or("20s"),
    Field::new("tags", "Tags", Takes::Names, "Labels, separated by commas. `tag:checkout` chooses all projects with the tag `checkout`."),
];

impl Entity for ProjectSpec {
    const KIND: Kind = Kind::Project;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    /// Each app's state comes before its settings.
    fn values(&self) -> Vec<Value> {
        let mut values: Vec<Value> = value::of(&FIELDS, |key| value(self, key)).collect();
        for kind in AppKind::ALL {
            let on = App::on(self, kind);
            values.push(Value::plain(state_of(kind), on.as_ref().map(|app| app.state().to_owned())));
            let settings = on.iter().flat_map(App::values);
            values.extend(settings.map(|value| if kind == AppKind::IngestionAlert { value.or_default() } else { value }));
        }
        values
    }

    fn over(texts: &Texts, stored: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        over(texts, stored)
    }
}

const fn state_of(kind: AppKind) -> Field {
    Field::new(kind.section(), kind.title(), Takes::OneOf(&["enabled", "disabled"]), kind.description())
}

/// The problems of an incomplete form: missing fields are not reported.
#[must_use]
pub fn wrong(texts: &Texts) -> Vec<Problem> {
    let mut reader = Reader::of_part(texts);
    let _ = read(&mut reader, None);
    reader.into_problems()
}

pub fn added(texts: &Texts) -> Result<ProjectSpec, Problems> {
    over(texts, None)
}

/// A field that is not in `texts` keeps its value. The name cannot change.
pub fn changed(stored: &ProjectSpec, texts: &Texts) -> Result<ProjectSpec, Problems> {
    over(texts, Some(stored))
}

fn over(texts: &Texts, stored: Option<&ProjectSpec>) -> Result<ProjectSpec, Problems> {
    let mut reader = Reader::of(texts);
    let spec = read(&mut reader, stored);
    if let Some(problem) = spec.as_ref().filter(|_| reader.is_right()).and_then(|spec| rules::fit(spec).err()) {
        // Reported at the field that was given.
        let is_by_other = problem.field == "late_after" && texts.filled("late_after").is_none() && texts.filled("lost_after").is_some();
        reader.note(if is_by_other { problem.about("lost_after") } else { problem });
    }
    reader.finish(spec)
}

/// With secrets in plain text.
fn value(spec: &ProjectSpec, key: &str) -> Option<String> {
    match key {
        "name" => Some(spec.name.to_string()),
        "host" => Some(spec.host.written().to_owned()),
        "token" => Some(spec.token.to_string()),
        "personal_api_key" => spec.personal_key.as_ref().map(|key| key.expose().to_owned()),
        "project_id" => spec.posthog_id.map(|number| number.to_string()),
        "api_host" => spec.api_host.as_ref().map(|host| host.written().to_owned()),
        "late_after" => Some(duration::show(spec.timing.late_after)),
        "lost_after" => Some(duration::show(spec.timing.lost_after)),
        "readback_interval" => Some(duration::show(spec.timing.readback_interval)),
        "timeout" => Some(duration::show(spec.timing.timeout)),
        "tags" => value::of_names(&spec.tags),
        _ => None,
    }
}

/// With secrets redacted, in a form that can be submitted again.
#[must_use]
pub fn shown(spec: &ProjectSpec, key: &str) -> Option<String> {
    let field = FIELDS.iter().find(|field| field.key == key)?;
    value(spec, key).map(|value| field.shown(&value))
}

/// Reads all fields before it returns, so that all problems are found.
fn read(reader: &mut Reader<'_>, stored: Option<&ProjectSpec>) -> Option<ProjectSpec> {
    let usual = Timing::default();
    let now = stored.map_or(usual, |stored| stored.timing);
    let name = reader.name(stored.map(|stored| &stored.name), "give it a name, such as `shop`");
    let host = "give `us`, `eu`, or the address of a PostHog";
    let host = reader.required("host", host, stored.map(|stored| &stored.host), rules::host);
    let token = "give the project token (phc_...), from Settings > Project > General";
    let token = reader.required("token", token, stored.map(|stored| &stored.token), rules::token);
    let personal_key = reader.optional("personal_api_key", stored.and_then(|stored| stored.personal_key.as_ref()), rules::personal_key);
    let posthog_id = reader.optional("project_id", stored.and_then(|stored| stored.posthog_id.as_ref()), rules::number);
    let api_host = reader.optional("api_host", stored.and_then(|stored| stored.api_host.as_ref()), rules::host);
    let timeout = |text: &str| duration::within(text, Duration::from_secs(1), Timing::LONGEST_TIMEOUT);
    let timing = Timing {
        late_after: reader.or("late_after", Some(&now.late_after), usual.late_after, rules::late_or_lost_after),
        lost_after: reader.or("lost_after", Some(&now.lost_after), usual.lost_after, rules::late_or_lost_after),
        readback_interval: reader.or("readback_interval", Some(&now.readback_interval), usual.readback_interval, rules::readback_interval),
        timeout: reader.or("timeout", Some(&now.timeout), usual.timeout, timeout),
    };
    let tags = reader.names("tags", stored.map_or(&[][..], |stored| stored.tags.as_slice()), Tag::parse);
    if tags.len() > Tag::MOST {
        reader.note(Problem::of("tags", Invalid::TooMany { count: tags.len(), most: Tag::MOST }));
    }
    let apps = AppKind::ALL.map(|kind| app(reader, kind, stored, token.as_ref()));
    let is_of_app = |name: &str| {
        let mut sections = AppKind::ALL.into_iter().map(AppKind::section);
        sections.any(|section| name.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    reader.finish_fields(&FIELDS, "a project", is_of_app);
    let bare = ProjectSpec { api_host, personal_key, posthog_id, timing, tags, ..ProjectSpec::new(name?, host?, token?) };
    Some(apps.into_iter().flatten().fold(bare, |spec, app| app.put_on(&spec)))
}

/// The stored app with these settings; none if the state of the app is empty.
fn app(reader: &mut Reader<'_>, kind: AppKind, stored: Option<&ProjectSpec>, token: Option<&ProjectToken>) -> Option<App> {
    let stored = stored.and_then(|stored| App::on(stored, kind));
    let below = Group::App(kind).prefix();
    let (state, settings) = (reader.texts.one(kind.section()), reader.texts.below(&below));
    let mut app = match (state.map(str::trim), stored) {
        (Some(""), _) | (None, None) if settings.is_empty() => return None,
        (Some("enabled"), stored) => stored.unwrap_or_else(|| App::usual(kind)).switched(true),
        (Some("disabled"), stored) => stored.unwrap_or_else(|| App::usual(kind)).switched(false),
        (None | Some(""), stored) => stored.unwrap_or_else(|| App::usual(kind)),
        (Some(other), _) => {
            let choices = &["enabled", "disabled", "empty for not installed"];
            reader.note(Problem::of(kind.section(), Invalid::choice(other, choices)));
            return None;
        }
    };
    app.set_all(&settings, token).into_iter().for_each(|problem| reader.note(problem.below(&below)));
    Some(app)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    const GIVEN: [(&str, &str); 4] = [("name", "shop"), ("host", "us"), ("token", "phc_a"), ("personal_api_key", "phx_hunter2")];

    pub(crate) fn shop() -> ProjectSpec {
        added(&texts(&GIVEN)).unwrap()
    }

    fn told(problems: impl IntoIterator<Item = Problem>) -> Vec<(String, String)> {
        problems.into_iter().map(|problem| (problem.field.clone(), problem.to_string())).collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once_each_with_its_field_and_no_secret_is_quoted() {
        let given = texts(&[
            ("name", "my shop"),
            ("host", "phx_hunter2"),
            ("personal_api_key", "hunter2 hunter2"),
            ("project_id", "0"),
            ("api_host", "usa"),
            ("late_after", "soon"),
            ("readback_interval", "1s"),
            ("tokn", "phc_a"),
        ]);
        let told = told(added(&given).unwrap_err());
        let fields = told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>();
        assert_eq!(
            fields,
            ["name", "host", "token", "personal_api_key", "project_id", "api_host", "late_after", "readback_interval", "tokn"]
        );
        assert_eq!(told[2].1, "token is missing; give the project token (phc_...), from Settings > Project > General");
        assert_eq!(told[8].1, "`tokn` is not a field of a project; did you mean `token`?");
        assert!(told.iter().all(|(_, says)| !says.contains("hunter2")), "{told:?}");
    }

    #[test]
    fn what_is_being_typed_is_wrong_only_where_something_is_given() {
        assert_eq!(told(wrong(&texts(&[("host", "us")]))), []);
        assert_eq!(told(wrong(&texts(&[("host", "us"), ("token", "phx_a")]))).len(), 1);
    }

    #[test]
    fn what_is_not_given_stays_and_what_is_empty_goes() {
        let known = shop();
        assert_eq!(changed(&known, &Texts::default()).unwrap(), known);
        let slow = changed(&known, &texts(&[("lost_after", "1h"), ("name", "shop"), ("project_id", "7")])).unwrap();
        assert_eq!((slow.timing.lost_after.as_secs(), slow.posthog_id, &slow.personal_key), (3600, Some(7), &known.personal_key));
        let bare = changed(&slow, &texts(&[("personal_api_key", " "), ("lost_after", ""), ("project_id", "")])).unwrap();
        assert_eq!(bare, ProjectSpec { personal_key: None, ..known.clone() });
        let told = told(changed(&known, &texts(&[("name", "other"), ("host", ""), ("token", "")])).unwrap_err());
        assert_eq!(told[0].1, "name cannot be changed: it stays `shop`");
        assert_eq!(told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["name", "host", "token"]);
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        let told = told(changed(&shop(), &texts(&[("late_after", "20m")])).unwrap_err());
        assert_eq!(told[0].0, "late_after");
        assert!(told[0].1.starts_with("late_after `20m` must be shorter than"), "{told:?}");
    }

    #[test]
    fn what_is_shown_of_a_project_can_be_given_back() {
        let spec = shop();
        let shown = FIELDS.iter().filter(|field| !field.secret).filter_map(|field| Some((field.key, shown(&spec, field.key)?)));
        assert_eq!(changed(&spec, &shown.collect()).unwrap(), spec);
        assert_eq!(super::shown(&spec, "personal_api_key").as_deref(), Some("phx_***"));
    }
}
