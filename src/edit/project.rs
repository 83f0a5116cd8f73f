//! A project from texts: what was given for each of its fields, by hand or by a program.

use std::fmt::Display;

use super::app::quoted;
use super::problem::{Problem, Problems};
use super::texts::Texts;
use super::trouble::EditError;
use crate::config::{duration, nearest, rules};
use crate::model::{Host, Pace, PersonalKey, ProjectName, ProjectSpec, ProjectToken, Setting};

const fn field(key: &'static str, name: &'static str, hint: &'static str, default: &'static str) -> Setting {
    Setting { key, name, hint, default, required: false, secret: false, choices: &[], others: false }
}

/// Its fields, in the order in which they are asked for.
pub const FIELDS: [Setting; 9] = [
    Setting { required: true, ..field("name", "Name", "What to call it here; it does not change afterwards.", "") },
    Setting {
        required: true,
        choices: &["us", "eu"],
        others: true,
        ..field("host", "PostHog host", "Where events are sent: `us`, `eu`, or the address of a PostHog.", "")
    },
    Setting { required: true, ..field("token", "Project token", "phc_..., from Settings > Project > General.", "") },
    Setting {
        secret: true,
        ..field(
            "personal_api_key",
            "Personal API key",
            "phx_..., with the scope query:read, from Settings > Personal API keys. Without it, arrival is not checked.",
            "",
        )
    },
    field("project_id", "Project id", "PostHog's number of the project.", "found from the token"),
    field("api_host", "API host", "Where events are read back, when that is not the host's own API.", "the host's API"),
    field("late_after", "Late after", "A beat that is seen later than this is late.", "2m"),
    field("lost_after", "Lost after", "A beat that was not seen by then is lost.", "15m"),
    field("look_every", "Look every", "How often PostHog is asked for what was not seen so far.", "1m"),
];

/// Everything that is wrong with these texts, as far as they go: what is missing is not told.
#[must_use]
pub fn wrong(texts: &Texts) -> Vec<Problem> {
    Read::of(texts, None, false).problems
}

/// A project that is not there yet.
///
/// # Errors
/// Everything that is wrong or missing.
pub fn added(texts: &Texts) -> Result<ProjectSpec, Problems> {
    let Read { name, host, token, personal_key, posthog_id, api_host, pace, problems } = Read::of(texts, None, true);
    let (Some(name), Some(host), Some(token)) = (name, host, token) else { return Err(Problems::of(problems)) };
    let (heartbeat, ingestion_alert) = (None, None);
    whole(problems, ProjectSpec { name, host, api_host, token, personal_key, posthog_id, pace, heartbeat, ingestion_alert })
}

/// A project, changed by these texts. What they do not name stays; its name does, whatever they say.
///
/// # Errors
/// Everything that is wrong.
pub fn changed(known: &ProjectSpec, texts: &Texts) -> Result<ProjectSpec, Problems> {
    let Read { name, host, token, personal_key, posthog_id, api_host, pace, mut problems } = Read::of(texts, Some(known), true);
    if name.is_some_and(|name| name != known.name) {
        problems.insert(0, Problem::of("name", format!("cannot be changed: it stays `{}`", known.name)));
    }
    let (Some(host), Some(token)) = (host, token) else { return Err(Problems::of(problems)) };
    whole(problems, ProjectSpec { host, api_host, token, personal_key, posthog_id, pace, ..known.clone() })
}

/// What a field holds, as it may be shown and given back; none where it holds nothing. Of a secret, that it is there.
#[must_use]
pub fn shown(spec: &ProjectSpec, key: &str) -> Option<String> {
    match key {
        "name" => Some(spec.name.to_string()),
        "host" => Some(spec.host.written().to_owned()),
        "token" => Some(spec.token.to_string()),
        "personal_api_key" => spec.personal_key.as_ref().map(|_| "phx_***".to_owned()),
        "project_id" => spec.posthog_id.map(|number| number.to_string()),
        "api_host" => spec.api_host.as_ref().map(|host| host.written().to_owned()),
        "late_after" => Some(duration::show(spec.pace.late_after)),
        "lost_after" => Some(duration::show(spec.pace.lost_after)),
        "look_every" => Some(duration::show(spec.pace.look_every)),
        _ => None,
    }
}

/// The project, where nothing of it was wrong and it fits together.
fn whole(mut problems: Vec<Problem>, spec: ProjectSpec) -> Result<ProjectSpec, Problems> {
    if problems.is_empty() {
        problems.extend(misfit(&spec));
    }
    Problems::or(problems, spec)
}

/// The project, where its settings fit each other.
pub(super) fn fitting(spec: ProjectSpec) -> Result<ProjectSpec, EditError> {
    match misfit(&spec) {
        Some(problem) => Err(problem.into()),
        None => Ok(spec),
    }
}

fn misfit(spec: &ProjectSpec) -> Option<Problem> {
    let of_pace = rules::pace(&spec.pace).err().map(|says| Problem::whole("late_after", says));
    of_pace.or_else(|| rules::fit(spec).err().map(|says| Problem::whole("project_api_key", says)))
}

/// What the texts make of a project, or of nothing.
struct Read {
    name: Option<ProjectName>,
    host: Option<Host>,
    token: Option<ProjectToken>,
    personal_key: Option<PersonalKey>,
    posthog_id: Option<u64>,
    api_host: Option<Host>,
    pace: Pace,
    problems: Vec<Problem>,
}

impl Read {
    /// Everything is read before anything is given up, so that all problems are found.
    fn of(texts: &Texts, known: Option<&ProjectSpec>, misses: bool) -> Self {
        let mut reader = Reader { texts, misses, problems: Vec::new() };
        let (pace, usual) = (known.map_or_else(Pace::default, |known| known.pace), Pace::default());
        let mut read = Self {
            name: reader.needed("name", "give it a name, such as `shop`", known.map(|known| &known.name), ProjectName::parse),
            host: reader.needed("host", "give `us`, `eu`, or the address of a PostHog", known.map(|known| &known.host), rules::host),
            token: reader.needed(
                "token",
                "give the project token (phc_...), from Settings > Project > General",
                known.map(|known| &known.token),
                rules::token,
            ),
            personal_key: reader.free("personal_api_key", known.and_then(|known| known.personal_key.as_ref()), PersonalKey::parse),
            posthog_id: reader.free("project_id", known.and_then(|known| known.posthog_id.as_ref()), rules::project_number),
            api_host: reader.free("api_host", known.and_then(|known| known.api_host.as_ref()), rules::host),
            pace: Pace {
                late_after: reader.free("late_after", Some(&pace.late_after), rules::late_after).unwrap_or(usual.late_after),
                lost_after: reader.free("lost_after", Some(&pace.lost_after), rules::lost_after).unwrap_or(usual.lost_after),
                look_every: reader.free("look_every", Some(&pace.look_every), rules::look_every).unwrap_or(usual.look_every),
            },
            problems: Vec::new(),
        };
        reader.strangers();
        read.problems = reader.problems;
        read
    }
}

/// Reads one text after the other, and remembers what is wrong.
struct Reader<'t> {
    texts: &'t Texts,
    /// Whether what must be there and is not is a problem.
    misses: bool,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// What must be there: as it is given, else as it is known.
    fn needed<T: Clone, E: Display>(
        &mut self,
        key: &str,
        missing: &str,
        known: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, None) if known.is_some() || !self.misses => known.cloned(),
            (None, _) => {
                self.problems.push(Problem::of(key, format!("is missing; {missing}")));
                None
            }
        }
    }

    /// What need not be there: an empty text takes it away.
    fn free<T: Clone, E: Display>(&mut self, key: &str, known: Option<&T>, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, Some(_)) => None,
            (None, None) => known.cloned(),
        }
    }

    fn noted<T, E: Display>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|says| self.problems.push(Problem::of(key, says))).ok()
    }

    /// Names that are no field's.
    fn strangers(&mut self) {
        let keys = || FIELDS.iter().map(|field| field.key);
        for (name, _) in self.texts.iter().filter(|(name, _)| keys().all(|key| key != *name)) {
            let hint = match nearest(name, keys()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", keys().collect::<Vec<_>>().join(", ")),
            };
            self.problems.push(Problem::whole(super::app::name_of(name), format!("{} is not a field of a project; {hint}", quoted(name))));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    const GIVEN: [(&str, &str); 4] = [("name", "shop"), ("host", "us"), ("token", "phc_a"), ("personal_api_key", "phx_hunter2")];

    /// A project with nothing on it.
    pub(in crate::edit) fn shop() -> ProjectSpec {
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
            ("look_every", "1s"),
            ("tokn", "phc_a"),
        ]);
        let told = told(added(&given).unwrap_err());
        let fields = told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>();
        assert_eq!(fields, ["name", "host", "token", "personal_api_key", "project_id", "api_host", "late_after", "look_every", "tokn"]);
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
        assert_eq!((slow.pace.lost_after.as_secs(), slow.posthog_id, &slow.personal_key), (3600, Some(7), &known.personal_key));
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
