//! A maintenance window: its fields, and how texts become one: what it is called, of which projects it is, and when it is open: from one time to
//! another, from now on, each week, or by a crontab expression.

use std::fmt::Display;
use std::time::Duration;

use super::channel::names;
use super::entity::Origin;
use super::problem::{Problem, Problems};
use super::reader::Reader;
use super::texts::Texts;
use super::{duration, rules};
use crate::model::{self, Cron, Field, Takes, Timestamp, Weekly, When, Window};

/// No window is shorter.
const SHORTEST: Duration = Duration::from_mins(1);

/// Its fields, in the order in which they are asked for. One of `from`, `now`, `weekly` and `cron` says when it opens.
pub const FIELDS: [Field; 9] = [
    Field::new("name", "Name", Takes::Name, "What to call it; it does not change afterwards.").required(),
    Field::new("projects", "Projects", Takes::Projects, "Of these alone, between commas.").or("all"),
    Field::new("from", "From", Takes::Time, "Open from this time on, such as 2026-11-23T02:00:00Z, with `to` or `lasts`."),
    Field::new("now", "From now on", Takes::Flag, "Open from now on, with `to` or `lasts`."),
    Field::new(
        "weekly",
        "Weekly",
        Takes::Text,
        "Open each week, such as `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`.",
    ),
    Field::new("cron", "Crontab", Takes::Text, "Open at each time of a crontab expression, such as `0 2 * * *`, with `lasts`."),
    Field::new("timezone", "Time zone", Takes::Text, "The time zone of `weekly` and `cron`, such as Europe/Berlin.").or("UTC"),
    Field::new("to", "To", Takes::Time, "Up to this time."),
    Field::new("lasts", "Lasts", Takes::Duration, "For so long, such as 2h."),
];

/// The fields that say when.
const WHEN: [&str; 7] = ["from", "now", "to", "lasts", "weekly", "cron", "timezone"];

/// Those of them that go with some ways to say when it opens, and with which.
const BESIDE: [(&str, &[&str], &str); 3] = [
    ("to", &["from", "now"], "from"),
    ("lasts", &["from", "now", "cron"], "from and cron"),
    ("timezone", &["weekly", "cron"], "weekly and cron"),
];

/// A window that is not there yet.
///
/// # Errors
/// Everything that is wrong or missing.
pub fn added(texts: &Texts, origin: Origin) -> Result<Window, Problems> {
    over(texts, None, origin)
}

/// The window, changed by these texts. What they do not name stays: when it is open is changed as a whole.
///
/// # Errors
/// Everything that is wrong.
pub fn changed(known: &Window, texts: &Texts, origin: Origin) -> Result<Window, Problems> {
    over(texts, Some(known), origin)
}

pub(super) fn over(texts: &Texts, known: Option<&Window>, origin: Origin) -> Result<Window, Problems> {
    let mut reader = Reader::of(texts);
    let name = reader.name(known.map(|known| &known.name), "night");
    let is_moved = WHEN.iter().any(|key| texts.filled(key).is_some());
    let when = match known.filter(|_| !is_moved) {
        Some(known) => Some(known.when.clone()),
        None => when_of(texts, origin).map_err(|wrong| wrong.into_iter().for_each(|problem| reader.note(problem))).ok(),
    };
    let projects = reader.projects(known.map_or(&[], |known| &known.projects));
    reader.finish_fields(FIELDS.iter().filter(|field| origin != Origin::File || field.key != "now"), "a maintenance window");
    let window = name.zip(when).map(|(name, when)| Window { name, projects, when });
    reader.finish(window)
}

/// Without the fields that do not go with the one way in which these texts say when it opens: a form still shows what the window had before.
#[must_use]
pub fn without_misplaced(texts: Texts) -> Texts {
    let chosen = ways(&texts).map(|(way, _)| way).collect::<Vec<_>>();
    let [way] = chosen[..] else { return texts };
    texts.only(|name| BESIDE.iter().all(|(key, with, _)| *key != name || with.contains(&way)))
}

/// In which ways these texts say when it opens: one alone can be right.
fn ways(texts: &Texts) -> impl Iterator<Item = (&'static str, &str)> {
    let of_now = texts.filled("now").filter(|text| !matches!(*text, "false" | "off" | "no"));
    let ways = [("from", texts.filled("from")), ("now", of_now), ("weekly", texts.filled("weekly")), ("cron", texts.filled("cron"))];
    ways.into_iter().filter_map(|(way, text)| Some((way, text?)))
}

/// What a field holds, as it may be shown and given back; none where it holds nothing.
#[must_use]
pub fn shown(window: &Window, key: &str) -> Option<String> {
    match (key, &window.when) {
        ("name", _) => Some(window.name.to_string()),
        ("projects", _) => Some(names(&window.projects)).filter(|names| !names.is_empty()),
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

/// When it is open. In a file it may be over.
fn when_of(texts: &Texts, origin: Origin) -> Result<When, Vec<Problem>> {
    let now = match origin {
        Origin::File => None,
        Origin::CommandLine(now) | Origin::Page(now) => Some(now),
    };
    let mut given = ways(texts);
    let (way, text) = match (given.next(), given.next()) {
        (Some(way), None) => way,
        (None, _) => {
            let from_now = if now.is_some() { " now and lasts," } else { "" };
            let says =
                format!("when it is open is missing; give from and to,{from_now} weekly such as `sun 02:00-04:00`, or cron and lasts");
            return Err(vec![Problem::whole("from", says)]);
        }
        (Some((one, _)), Some((other, _))) => return Err(vec![Problem::of(other, format!("does not go with {one}; give one of them"))]),
    };
    let (to, lasts) = (texts.filled("to"), texts.filled("lasts"));
    let misplaced = BESIDE.iter().filter(|(key, with, _)| !with.contains(&way) && texts.filled(key).is_some());
    let misplaced = misplaced.map(|(key, _, with)| Problem::of(*key, format!("goes with {with} alone"))).collect::<Vec<_>>();
    let read = match way {
        "weekly" => {
            let zone = zone(texts);
            let read = about("weekly", Weekly::parse(text, zone.as_ref().ok().copied().flatten()));
            both(zone, read).map(|(_, weekly)| When::Weekly(weekly))
        }
        "cron" => {
            let zone = zone(texts);
            let lasts = lasts.map_or_else(|| Err(Problem::of("lasts", "is missing; say how long it is open, such as 2h")), read_lasts);
            let cron = about("cron", Cron::parse_in(text, zone.as_ref().ok().copied().flatten()));
            both(zone.and(cron), lasts).map(|(cron, lasts)| When::Cron(cron, lasts))
        }
        way => {
            let from = now.filter(|_| way == "now").map_or_else(|| about("from", Timestamp::parse(text)), Ok);
            once(from, to, lasts, now)
        }
    };
    match (read, misplaced.is_empty()) {
        (Ok(when), true) => Ok(when),
        (Ok(_), false) => Err(misplaced),
        (Err(wrong), _) => Err(wrong.into_iter().chain(misplaced).collect()),
    }
}

fn once(from: Result<Timestamp, Problem>, to: Option<&str>, lasts: Option<&str>, now: Option<Timestamp>) -> Result<When, Vec<Problem>> {
    let ends = match (to, lasts) {
        (Some(_), Some(_)) => Err(Problem::of("lasts", "does not go with to; give one of them")),
        (Some(to), None) => about("to", Timestamp::parse(to)).map(Ends::At),
        (None, Some(text)) => read_lasts(text).map(Ends::After),
        (None, None) => Err(Problem::whole("to", "to or lasts is missing; say until when, or for how long, it is open")),
    };
    let (from, ends) = both(from, ends)?;
    let to = match ends {
        Ends::At(to) => to,
        Ends::After(lasts) => from.plus(lasts),
    };
    if from >= to {
        return Err(vec![Problem::of("to", format!("`{to}` must be later than `{from}`, from when it is open"))]);
    }
    if let Some(now) = now.filter(|now| to <= *now) {
        return Err(vec![Problem::whole("to", format!("it would be over already: its end `{to}` lies before now, `{now}`"))]);
    }
    Ok(When::Once(from, to))
}

/// The end of a window that is open once.
enum Ends {
    At(Timestamp),
    After(Duration),
}

/// The time zone, one that there is.
fn zone(texts: &Texts) -> Result<Option<&str>, Problem> {
    let Some(zone) = texts.filled("timezone") else { return Ok(None) };
    about("timezone", model::zone(zone).map(|_| Some(zone)))
}

fn read_lasts(text: &str) -> Result<Duration, Problem> {
    about("lasts", rules::within(text, SHORTEST, Window::LONGEST))
}

fn about<T, E: Display>(key: &str, read: Result<T, E>) -> Result<T, Problem> {
    read.map_err(|says| Problem::of(key, says))
}

/// Both, or what is wrong with each.
fn both<A, B>(one: Result<A, Problem>, other: Result<B, Problem>) -> Result<(A, B), Vec<Problem>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(one.err().into_iter().chain(other.err()).collect()),
    }
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
            (&[][..], &[("from", "when it is open is missing")][..]),
            (&[("now", "true")], &[("to", "to or lasts is missing")]),
            (&[("cron", "0 2 * *")], &[("cron", "cron `0 2 * *` is no crontab"), ("lasts", "lasts is missing")]),
            (&[("cron", "0 2 * * *"), ("lasts", "8d")], &[("lasts", "lasts `8d` must lie from 1m to 7d")]),
            (&[("cron", "0 2 * * *"), ("lasts", "30s"), ("to", "x")], &[("lasts", "`30s` must lie"), ("to", "goes with from alone")]),
            (&[("from", "tomorrow"), ("to", "never")], &[("from", "from `tomorrow` is no time"), ("to", "to `never` is no time")]),
            (&[("from", "2026-11-24T02:00:00Z"), ("to", "2026-11-24T02:00:00Z")], &[("to", "must be later than")]),
            (&[("from", "2026-11-22T02:00:00Z"), ("lasts", "2h")], &[("to", "it would be over already")]),
            (&[("from", "2026-11-24T02:00:00Z"), ("lasts", "2h"), ("to", "x")], &[("lasts", "does not go with to")]),
            (&[("weekly", "sunday")], &[("weekly", "weekly `sunday` must be days and times")]),
            (&[("weekly", "sun 02:00-04:00"), ("timezone", "Mars")], &[("timezone", "timezone `Mars` is no time zone")]),
            (&[("weekly", "sun 02:00-04:00"), ("lasts", "2h")], &[("lasts", "goes with from and cron alone")]),
            (&[("weekly", "sun 02:00-04:00"), ("cron", "0 2 * * *")], &[("cron", "does not go with weekly")]),
            (&[("now", "on"), ("lasts", "2h"), ("timezone", "UTC")], &[("timezone", "goes with weekly and cron alone")]),
            (
                &[("name", "the night"), ("projects", "shop, no shop"), ("wekly", "x")],
                &[
                    ("name", "cannot be a name"),
                    ("from", "is missing"),
                    ("projects", "`no shop` cannot"),
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
        let change = |given: &[(&str, &str)]| changed(&known, &given.iter().copied().collect(), Origin::Page(now));
        assert_eq!(change(&[("name", "night"), ("weekly", "")]).unwrap(), known);
        assert_eq!(change(&[("projects", "")]).unwrap(), Window { projects: Vec::new(), ..known.clone() });
        let moved = change(&[("now", "on"), ("lasts", "1h")]).unwrap();
        assert_eq!((moved.when, moved.projects), (When::Once(now, at("2026-11-23T15:00:00Z")), known.projects.clone()));
        let wrong = change(&[("name", "day"), ("lasts", "1h")]).unwrap_err();
        assert_eq!(wrong.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["name", "from"]);
        let shown = FIELDS.iter().filter_map(|field| Some((field.key, shown(&known, field.key)?)));
        assert_eq!(changed(&known, &shown.collect(), Origin::Page(now)).unwrap(), known);
    }
}
