//! Strips: one cell per minute of the last hour, or one cell per day of the last 90 days. Each cell is a tile of `assets/marks.svg`, so a page with
//! a strip calls `layout.with_marks()`. For screen readers, each cell has a title and the strip has a label.

use askama::Template;

use crate::model::{IncidentKind, Minute, Outcome, span};
use crate::report::{Day, Ends};
use crate::web::when::When;
use crate::web::words::{date, percent};

const WIDTH: usize = 10;
const GOOD_SHARE: f64 = 0.99;

/// The order of outcomes in labels and legends.
pub(in crate::web) const OUTCOMES_SHOWN: [Outcome; Outcome::ALL.len()] = [
    Outcome::Arrived,
    Outcome::Late,
    Outcome::Awaiting,
    Outcome::Lost,
    Outcome::Rejected,
    Outcome::Unreachable,
    Outcome::Unverified,
    Outcome::NotSent,
];

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "strip.html")]
pub(in crate::web) struct Strip {
    class: &'static str,
    label: String,
    width: usize,
    cells: Vec<Cell>,
    /// HTML.
    ends: Option<(String, String)>,
}

impl Strip {
    fn is_linked(&self) -> bool {
        self.cells.iter().any(|cell| cell.address.is_some())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    x: usize,
    width: usize,
    tile: Tile,
    title: String,
    address: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Tile {
    Outcome(Outcome),
    Day(DayMark),
}

impl Tile {
    fn id(self) -> String {
        match self {
            Self::Outcome(outcome) => format!("o-{}", outcome.name()),
            Self::Day(mark) => format!("d-{}", mark.name()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum DayMark {
    Up,
    Degraded,
    Down,
    Unknown,
    NoBeats,
}

impl DayMark {
    const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown, Self::NoBeats];

    /// A few failed beats do not make a day bad; an incident does.
    pub(in crate::web) fn of(day: &Day) -> Self {
        let ends = &day.ends;
        let stopped = !day.incident(IncidentKind::Ingestion).is_zero() && ends.failed() > 0;
        if stopped || ends.share().is_some_and(|share| share < GOOD_SHARE) {
            Self::Down
        } else if ends.failed() > 0 || ends.of(Outcome::Late) > 0 {
            Self::Degraded
        } else if !day.incident(IncidentKind::Monitoring).is_zero() || (ends.seen() == 0 && ends.of(Outcome::Unverified) > 0) {
            Self::Unknown
        } else if ends.seen() == 0 {
            Self::NoBeats
        } else {
            Self::Up
        }
    }

    pub(in crate::web) const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::NoBeats => "none",
        }
    }

    const fn says(self) -> &'static str {
        match self {
            Self::Up => "all on time",
            Self::Degraded => "a few late or lost",
            Self::Down => "an incident, or less than 99 % arrived",
            Self::Unknown => "could not verify",
            Self::NoBeats => "no beats",
        }
    }
}

/// The minutes up to and including `last`, one cell each; `address` gives the page of a minute. A minute without a due beat has no cell.
pub(in crate::web) fn minutes(what: &str, strip: &[Option<Outcome>], last: Minute, address: impl Fn(Minute) -> Option<String>) -> Strip {
    let first = last.plus(1 - strip.len() as i64);
    let time = |minute: Minute| When::minute(minute.start(), last.start()).to_string();
    let cell = |(at, outcome): (usize, &Option<Outcome>)| {
        let (minute, outcome) = (first.plus(at as i64), (*outcome)?);
        let title = format!("{minute} UTC {outcome}");
        Some(Cell { x: at * WIDTH, width: WIDTH, tile: Tile::Outcome(outcome), title, address: address(minute) })
    };
    Strip {
        class: "",
        label: format!("{what}: {}", counts(strip)),
        width: strip.len() * WIDTH,
        cells: strip.iter().enumerate().filter_map(cell).collect(),
        ends: Some((time(first), format!("{} <span data-zone>UTC</span>", time(last)))),
    }
}

/// A small strip for lists: equal cells side by side are one shape, and nothing is linked.
pub(in crate::web) fn mini(what: &str, strip: &[Option<Outcome>]) -> Strip {
    let mut cells: Vec<Cell> = Vec::new();
    for (at, outcome) in strip.iter().enumerate() {
        let Some(outcome) = outcome else { continue };
        let (x, tile) = (at * WIDTH, Tile::Outcome(*outcome));
        match cells.last_mut() {
            Some(before) if before.tile == tile && before.x + before.width == x => before.width += WIDTH,
            _ => cells.push(Cell { x, width: WIDTH, tile, title: String::new(), address: None }),
        }
    }
    Strip { class: " mini", label: format!("{what}: {}", counts(strip)), width: strip.len() * WIDTH, cells, ends: None }
}

pub(in crate::web) fn days(days: &[Day]) -> Strip {
    let cell = |(at, day): (usize, &Day)| {
        let title = format!("{}: {}", date(day.start.start()), day_says(day));
        Cell { x: at * WIDTH, width: WIDTH, tile: Tile::Day(DayMark::of(day)), title, address: None }
    };
    let count = |mark: DayMark| days.iter().filter(|day| DayMark::of(day) == mark).count();
    let counts: Vec<String> =
        DayMark::ALL.into_iter().map(|mark| (mark, count(mark))).filter(|(_, count)| *count > 0).map(counted).collect();
    let ends = days.first().zip(days.last()).map(|(first, last)| (date(first.start.start()), date(last.start.start())));
    Strip {
        class: " days",
        label: format!("Last {} days: {}", days.len(), counts.join(", ")),
        width: days.len() * WIDTH,
        cells: days.iter().enumerate().map(cell).collect(),
        ends,
    }
}

fn counted((mark, count): (DayMark, usize)) -> String {
    format!("{count} {}", mark.name())
}

/// For example `99.93 % arrived, 2 late, 1 lost; an incident for 12m 00s`.
pub(in crate::web) fn day_says(day: &Day) -> String {
    let share = day.ends.share().map(|share| format!("{} arrived", percent(share)));
    let rest = OUTCOMES_SHOWN.into_iter().filter(|outcome| *outcome != Outcome::Arrived).map(|outcome| (outcome, day.ends.of(outcome)));
    let rest = rest.filter(|(_, count)| *count > 0).map(|(outcome, count)| format!("{count} {outcome}"));
    let parts: Vec<String> = share.into_iter().chain(rest).collect();
    let says = if parts.is_empty() { "no beats".to_owned() } else { parts.join(", ") };
    incident_says(day).map_or_else(|| says.clone(), |incident| format!("{says}; {incident}"))
}

/// The incident kind that was open for longest on that day.
pub(in crate::web) fn incident_says(day: &Day) -> Option<String> {
    let longest = IncidentKind::ALL.into_iter().map(|incident_kind| day.incident(incident_kind)).max().filter(|longest| !longest.is_zero());
    longest.map(|longest| format!("an incident for {}", span(longest)))
}

/// For example `57 arrived, 2 late, 1 lost`.
pub(in crate::web) fn ends_say(ends: &Ends) -> String {
    list(OUTCOMES_SHOWN.into_iter().map(|outcome| (outcome, ends.of(outcome) as usize)))
}

fn counts(strip: &[Option<Outcome>]) -> String {
    let count = |outcome| strip.iter().filter(|minute| **minute == Some(outcome)).count();
    list(OUTCOMES_SHOWN.into_iter().map(|outcome| (outcome, count(outcome))))
}

fn list(counts: impl Iterator<Item = (Outcome, usize)>) -> String {
    let parts: Vec<String> = counts.filter(|(_, count)| *count > 0).map(|(outcome, count)| format!("{count} {outcome}")).collect();
    if parts.is_empty() { "no beat was due".to_owned() } else { parts.join(", ") }
}

/// The legend of strips.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "strip_key.html")]
pub(in crate::web) struct Key(Vec<(Tile, String)>);

impl Key {
    pub(in crate::web) fn of_minutes<'s>(strips: impl IntoIterator<Item = &'s [Option<Outcome>]>) -> Self {
        let there: Vec<Outcome> = strips.into_iter().flatten().flatten().copied().collect();
        let outcomes = OUTCOMES_SHOWN.into_iter().filter(|outcome| there.contains(outcome));
        Self(outcomes.map(|outcome| (Tile::Outcome(outcome), outcome.to_string())).collect())
    }

    pub(in crate::web) fn of_days(days: &[Day]) -> Self {
        let marks = DayMark::ALL.into_iter().filter(|mark| days.iter().any(|day| DayMark::of(day) == *mark));
        Self(marks.map(|mark| (Tile::Day(mark), format!("{}: {}", mark.name(), mark.says()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Minute = Minute::from_index(29_698_560);
    const ARRIVED: Option<Outcome> = Some(Outcome::Arrived);

    #[test]
    fn a_strip_is_told_in_shapes_and_in_words() {
        let strip = [ARRIVED, None, Some(Outcome::Late), ARRIVED];
        let drawn = minutes("Last hour", &strip, LAST, |minute| (minute == LAST).then(|| "/there".to_owned())).render().unwrap();
        assert!(drawn.contains(r#"viewBox="0 0 40 40""#) && drawn.contains(r#"aria-label="Last hour: 2 arrived, 1 late""#), "{drawn}");
        assert!(
            drawn.contains(r#"<rect class="cell" x="0" width="10" height="40" fill="url(#o-arrived)"><title>23:57 UTC arrived</title>"#)
        );
        assert!(!drawn.contains(r#"x="10""#), "nothing was due there");
        assert!(drawn.contains(r#"<a href="/there" aria-label="00:00 UTC arrived"><rect x="30""#), "{drawn}");
        let (first, last) = (">19 Jun 23:57</time></span>", ">00:00</time> <span data-zone>UTC</span></span>");
        assert!(drawn.contains(first) && drawn.contains(last), "{drawn}");
    }

    #[test]
    fn one_link_of_a_strip_is_in_the_way_of_the_tab_key() {
        let drawn = minutes("x", &[ARRIVED; 3], LAST, |_| Some("/there".to_owned())).render().unwrap();
        assert_eq!((drawn.matches("<a ").count(), drawn.matches("tabindex=\"-1\"").count()), (3, 2));
        assert!(drawn.contains("role=\"group\""), "a group of links is not an image");
    }

    #[test]
    fn in_a_small_strip_what_is_alike_is_one_shape() {
        let lost = Some(Outcome::Lost);
        let strip = mini("Last hour", &[ARRIVED, ARRIVED, None, ARRIVED, lost, lost]);
        let cells: Vec<(usize, usize)> = strip.cells.iter().map(|cell| (cell.x, cell.width)).collect();
        assert_eq!(cells, [(0, 20), (30, 10), (40, 20)]);
        assert!(strip.render().unwrap().contains("role=\"img\" aria-label=\"Last hour: 3 arrived, 2 lost\""));
        assert_eq!(mini("Last hour", &[None; 3]).label, "Last hour: no beat was due");
    }
}
