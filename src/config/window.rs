//! A maintenance window: its fields, and the conversion from texts.

use std::time::Duration;

use super::duration;
use super::entity::{Entity, Kind, Origin};
use super::problem::{Problem, Problems};
use super::reader::Reader;
use super::texts::Texts;
use super::value::{self, Value};
use crate::model::{self, Cron, Field, FieldName, Invalid, Order, ProjectFilter, ProjectName, Takes, Timestamp, Weekly, When, Window};

const SHORTEST: Duration = Duration::from_mins(1);

/// In the order in which users are asked for them. Exactly one of `from`, `now`, `weekly` and `cron` is given.
pub const FIELDS: [Field; 9] = [
    Field::new("name", "Name", Takes::Name, "Name of the window. It cannot be changed later.").required(),
    Field::new("projects", "Projects", Takes::Names, "Only applies to these projects, separated by commas.").or("all"),
    Field::new("from", "From", Takes::Time, "Start time, for example 2026-11-23T02:00:00Z. Needs `to` or `lasts`."),
    Field::new("now", "Start now", Takes::Flag, "Starts the window now. Needs `to` or `lasts`."),
    Field::new(
        "weekly",
        "Weekly",
        Takes::Text,
        "Days and times of each week, for example `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`.",
    ),
    Field::new("cron", "Crontab", Takes::Text, "Starts at each time of a crontab expression, for example `0 2 * * *`. Needs `lasts`."),
    Field::new("timezone", "Time zone", Takes::Text, "Time zone of `weekly` and `cron`, for example Europe/Berlin.").or("UTC"),
    Field::new("to", "To", Takes::Time, "End time."),
    Field::new("lasts", "Duration", Takes::Duration, "Length of the window, for example 2h."),
];

const WHEN: [&str; 7] = ["from", "now", "to", "lasts", "weekly", "cron", "timezone"];

/// Fields that are valid only with some ways to open. A file has no `now`.
const BESIDE: [(&str, &[&str]); 3] = [("to", &["from", "now"]), ("lasts", &["from", "now", "cron"]), ("timezone", &["weekly", "cron"])];

impl Entity for Window {
    const KIND: Kind = Kind::Maintenance;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        let is_there = |value: &Value| value.held.is_some() || value.field.key == "projects";
        value::of(&FIELDS, |key| shown(self, key)).filter(is_there).collect()
    }

    /// The times are changed together.
    fn over(texts: &Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        let mut reader = Reader::of(texts);
        let name = reader.name(stored.map(|stored| &stored.name), "give it a name, such as `night`");
        let is_moved = WHEN.iter().any(|key| texts.filled(key).is_some());
        let when = match stored.filter(|_| !is_moved) {
            Some(stored) => Some(stored.when.clone()),
            None => when(&mut reader, origin),
        };
        let projects = reader.projects(stored.map(|stored| &stored.projects));
        let fields = FIELDS.iter().filter(|field| origin != Origin::File || field.key != "now");
        reader.finish_fields(fields, "a maintenance window", |_| false);
        let window = name.zip(when).map(|(name, when)| Self { name, projects, when });
        reader.finish(window)
    }

    fn projects(&self) -> Option<&ProjectFilter> {
        Some(&self.projects)
    }
}

pub fn added(texts: &Texts, origin: Origin) -> Result<Window, Problems> {
    Window::over(texts, None, origin)
}

/// Removes the fields that do not go with the chosen way to open: a form still contains the previous ones.
#[must_use]
pub fn without_misplaced(texts: Texts) -> Texts {
    let chosen = ways(&texts).map(|(way, _)| way).collect::<Vec<_>>();
    let [way] = chosen[..] else { return texts };
    texts.only(|name| BESIDE.iter().all(|(key, with)| *key != name || with.contains(&way)))
}

/// The ways to open that these texts give; exactly one is valid.
fn ways(texts: &Texts) -> impl Iterator<Item = (&'static str, &str)> {
    let of_now = texts.filled("now").filter(|text| !matches!(*text, "false" | "off" | "no"));
    let ways = [("from", texts.filled("from")), ("now", of_now), ("weekly", texts.filled("weekly")), ("cron", texts.filled("cron"))];
    ways.into_iter().filter_map(|(way, text)| Some((way, text?)))
}

/// In a form that can be submitted again.
#[must_use]
pub fn shown(window: &Window, key: &str) -> Option<String> {
    match (key, &window.when) {
        ("name", _) => Some(window.name.to_string()),
        ("projects", _) => value::of_names(window.projects.entries()),
        ("from", When::Once(from, _)) => Some(from.to_string()),
        ("to", When::Once(_, to)) => Some(to.to_string()),
        ("weekly", When::Weekly(weekly)) => Some(weekly.written().to_owned()),
        ("timezone", When::Weekly(weekly)) => weekly.timezone().map(str::to_owned),
        ("cron", When::Cron(cron, _)) => Some(cron.times().to_owned()),
        ("timezone", When::Cron(cron, _)) => cron.timezone().map(str::to_owned),
        ("lasts", When::Cron(_, lasts)) => Some(duration::show(*lasts)),
        _ => None,
    }
}

/// A window in a file may be in the past.
fn when(reader: &mut Reader<'_>, origin: Origin) -> Option<When> {
    let texts = reader.texts;
    let now = match origin {
        Origin::File => None,
        Origin::CommandLine(now) | Origin::Page(now) => Some(now),
    };
    let is_open = |way: &str| way != "now" || now.is_some();
    let names = |fields: &[&'static str]| fields.iter().filter(|field| is_open(field)).map(|field| FieldName::from(*field)).collect();
    let mut given = ways(texts);
    let (way, text) = match (given.next(), given.next()) {
        (Some(way), None) => way,
        (None, _) => {
            let ways: [&[&'static str]; 4] = [&["from", "to"], &["now", "lasts"], &["weekly"], &["cron", "lasts"]];
            let ways = ways.into_iter().filter(|way| way.iter().all(|field| is_open(field))).map(names).collect();
            return reader.reject("from", Invalid::NoneOf { what: "the time", ways });
        }
        (Some((one, _)), Some((other, _))) => return reader.reject(other, Invalid::CombinedWith(one.into())),
    };
    let zone = |reader: &mut Reader<'_>| texts.filled("timezone").filter(|zone| reader.noted("timezone", model::zone(zone)).is_some());
    let when = match way {
        "weekly" => {
            let zone = zone(reader);
            reader.noted("weekly", Weekly::parse(text, zone)).map(When::Weekly)
        }
        "cron" => {
            let zone = zone(reader);
            let cron = reader.noted("cron", Cron::parse_in(text, zone));
            let lasts = reader.required("lasts", "give a duration, for example 2h", None, length);
            cron.zip(lasts).map(|(cron, lasts)| When::Cron(cron, lasts))
        }
        way => {
            let from = now.filter(|_| way == "now").or_else(|| reader.noted("from", Timestamp::parse(text)));
            once(reader, from, now)
        }
    };
    for (key, with) in BESIDE.iter().filter(|(key, with)| !with.contains(&way) && texts.filled(key).is_some()) {
        reader.note(Problem::of(*key, Invalid::OnlyWith(names(with))));
    }
    when
}

fn once(reader: &mut Reader<'_>, from: Option<Timestamp>, now: Option<Timestamp>) -> Option<When> {
    let to = match (reader.texts.filled("to"), reader.texts.filled("lasts")) {
        (Some(_), Some(_)) => reader.reject("lasts", Invalid::CombinedWith("to".into())),
        (Some(to), None) => reader.noted("to", Timestamp::parse(to)),
        (None, Some(text)) => reader.noted("lasts", length(text)).zip(from).map(|(lasts, from)| from.plus(lasts)),
        (None, None) => {
            let ways = vec![vec!["to".into()], vec!["lasts".into()]];
            reader.reject("to", Invalid::NoneOf { what: "the end", ways })
        }
    };
    let (from, to) = from.zip(to)?;
    if from >= to {
        let order = Order {
            less: "to".into(),
            less_text: to.to_string(),
            relation: "later than",
            more: "from".into(),
            more_text: from.to_string(),
            reason: "a window ends after it starts",
        };
        return reader.reject("to", Invalid::Order(Box::new(order)));
    }
    if let Some(now) = now.filter(|now| to <= *now) {
        let says = format!("the window is in the past: its end `{to}` is before now, `{now}`");
        return reader.reject("to", Invalid::Other(says));
    }
    Some(When::Once(from, to))
}

fn length(text: &str) -> Result<Duration, Invalid> {
    duration::within(text, SHORTEST, Window::LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn read(given: &[(&str, &str)]) -> Result<Window, Problems> {
        added(&[("name", "night")].iter().chain(given).copied().collect(), Origin::Page(at("2026-11-23T14:00:00Z")))
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once_each_with_its_field() {
        for (given, says) in [
            (&[][..], &[("from", "the time is missing")][..]),
            (&[("now", "true")], &[("to", "the end is missing; give to or lasts")]),
            (&[("cron", "0 2 * *")], &[("cron", "cron `0 2 * *` is not a crontab"), ("lasts", "lasts is missing")]),
            (&[("cron", "0 2 * * *"), ("lasts", "8d")], &[("lasts", "lasts `8d` must be between 1m and 7d")]),
            (
                &[("cron", "0 2 * * *"), ("lasts", "30s"), ("to", "x")],
                &[("lasts", "`30s` must be between"), ("to", "only applies to from and now")],
            ),
            (&[("from", "tomorrow"), ("to", "never")], &[("from", "from `tomorrow` is not a time"), ("to", "to `never` is not a time")]),
            (&[("from", "2026-11-24T02:00:00Z"), ("to", "2026-11-24T02:00:00Z")], &[("to", "must be later than")]),
            (&[("from", "2026-11-22T02:00:00Z"), ("lasts", "2h")], &[("to", "the window is in the past")]),
            (&[("from", "2026-11-24T02:00:00Z"), ("lasts", "2h"), ("to", "x")], &[("lasts", "cannot be combined with to")]),
            (&[("weekly", "sunday")], &[("weekly", "weekly `sunday` must be days and times")]),
            (&[("weekly", "sun 02:00-04:00"), ("timezone", "Mars")], &[("timezone", "timezone `Mars` is not a time zone")]),
            (&[("weekly", "sun 02:00-04:00"), ("lasts", "2h")], &[("lasts", "only applies to from, now and cron")]),
            (&[("weekly", "sun 02:00-04:00"), ("cron", "0 2 * * *")], &[("cron", "cannot be combined with weekly")]),
            (&[("now", "on"), ("lasts", "2h"), ("timezone", "UTC")], &[("timezone", "only applies to weekly and cron")]),
            (
                &[("name", "the night"), ("projects", "shop, no shop"), ("wekly", "x")],
                &[
                    ("name", "may only contain letters"),
                    ("from", "is missing"),
                    ("projects", "`no shop` may only"),
                    ("wekly", "did you mean `weekly`?"),
                ],
            ),
        ] {
            let said = read(given).unwrap_err().into_iter().collect::<Vec<_>>();
            assert_eq!(said.len(), says.len(), "{given:?}: {said:?}");
            let fits = |(said, (field, says)): (&Problem, &(&str, &str))| said.field == *field && said.to_string().contains(says);
            assert!(said.iter().zip(says).all(fits), "{given:?}: {said:?}");
        }
    }

    #[test]
    fn each_way_to_say_it_is_read() {
        let once = |from, to| When::Once(at(from), at(to));
        let when = |given: &[(&str, &str)]| read(given).unwrap().when;
        assert_eq!(when(&[("now", "on"), ("lasts", "2h"), ("from", "")]), once("2026-11-23T14:00:00Z", "2026-11-23T16:00:00Z"));
        assert_eq!(when(&[("now", "true"), ("to", "2026-11-23T15:00:00+00:00")]), once("2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"));
        let two = [("from", "2026-11-24T02:00:00Z"), ("to", "2026-11-24T04:00:00Z"), ("now", "false")];
        assert_eq!(when(&two), once("2026-11-24T02:00:00Z", "2026-11-24T04:00:00Z"));
        let weekly = when(&[("weekly", "sun 02:00-04:00"), ("timezone", "Europe/Berlin")]);
        assert_eq!(weekly, When::Weekly(Weekly::parse("sun 02:00-04:00", Some("Europe/Berlin")).unwrap()));
        let cron = when(&[("cron", "0 2 * * *"), ("lasts", "3h"), ("timezone", "Europe/Berlin")]);
        assert_eq!(cron, When::Cron(Cron::parse("0 2 * * * Europe/Berlin").unwrap(), Duration::from_hours(3)));
    }

    #[test]
    fn what_is_not_given_stays() {
        let now = at("2026-11-23T14:00:00Z");
        let known = read(&[("weekly", "sun 02:00-04:00"), ("timezone", "Europe/Berlin"), ("projects", "shop")]).unwrap();
        let change = |given: &[(&str, &str)]| Window::over(&given.iter().copied().collect(), Some(&known), Origin::Page(now));
        assert_eq!(change(&[("name", "night"), ("weekly", "")]).unwrap(), known);
        assert_eq!(change(&[("projects", "")]).unwrap(), Window { projects: ProjectFilter::default(), ..known.clone() });
        let moved = change(&[("now", "on"), ("lasts", "1h")]).unwrap();
        assert_eq!((moved.when, moved.projects), (When::Once(now, at("2026-11-23T15:00:00Z")), known.projects.clone()));
        let wrong = change(&[("name", "day"), ("lasts", "1h")]).unwrap_err();
        assert_eq!(wrong.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["name", "from"]);
        let shown = FIELDS.iter().filter_map(|field| Some((field.key, shown(&known, field.key)?)));
        assert_eq!(Window::over(&shown.collect(), Some(&known), Origin::Page(now)).unwrap(), known);
    }
}
