//! Times in pages: UTC as text, and the instant in `datetime` for JavaScript and other programs.

use std::fmt;
use std::time::Duration;

use crate::model::{Invalid, Quoted, Timestamp, span};

/// HTML: templates write `{{ when|safe }}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    at: Timestamp,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `14:02`, or `23 Nov 14:02` on another day than `now`.
    Clock { now: Timestamp, seconds: bool },
    /// `2026-11-23 14:02`
    Full,
    /// `5m ago`; JavaScript updates it.
    Ago(Timestamp),
    /// `12s`, counting up.
    Counting(Timestamp),
}

impl When {
    pub(super) const fn minute(at: Timestamp, now: Timestamp) -> Self {
        Self { at, shape: Shape::Clock { now, seconds: false } }
    }

    pub(super) const fn second(at: Timestamp, now: Timestamp) -> Self {
        Self { at, shape: Shape::Clock { now, seconds: true } }
    }

    pub(super) const fn full(at: Timestamp) -> Self {
        Self { at, shape: Shape::Full }
    }

    pub(super) const fn ago(at: Timestamp, now: Timestamp) -> Self {
        Self { at, shape: Shape::Ago(now) }
    }

    pub(super) const fn counting(at: Timestamp, now: Timestamp) -> Self {
        Self { at, shape: Shape::Counting(now) }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        let (data, text) = match self.shape {
            Shape::Clock { now, seconds } => ("", clock(at, now, seconds)),
            Shape::Full => ("", at.date_and_minute()),
            Shape::Ago(now) => (" data-ago", ago(at, now)),
            Shape::Counting(now) => (" data-since", counted(at, now)),
        };
        write!(f, "<time datetime=\"{at}\"{data}>{text}</time>")
    }
}

fn clock(at: Timestamp, now: Timestamp, seconds: bool) -> String {
    let time = at.time_of_day();
    let time = if seconds { &time[..] } else { time.get(..5).unwrap_or(&time) };
    let day = |at: Timestamp| at.ms().div_euclid(24 * 60 * 60 * 1000);
    if day(at) == day(now) { time.to_owned() } else { format!("{} {time}", date(at)) }
}

/// For example `2026-11-23 15:10`, or the value of a `datetime-local`; UTC unless a zone is given.
pub(super) fn moment(text: &str) -> Result<Timestamp, Invalid> {
    let wrong = || Invalid::NotA(Quoted::of(text), "a time", "use the format `2026-11-23 15:10` (UTC)");
    Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{}Z", text.trim()))).map_err(|_| wrong())
}

pub(super) fn date(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<usize>().ok());
    match (number(8..10), number(5..7).and_then(|month| MONTHS.get(month.wrapping_sub(1)))) {
        (Some(day), Some(month)) => format!("{day} {month}"),
        _ => text,
    }
}

/// The same format as in `app.js`: `just now`, `12s ago`, `5m ago`, `2h 05m ago`, `3d ago`.
fn ago(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        return format!("in {}", rough(at.since(now)));
    }
    let passed = now.since(at);
    if passed < Duration::from_secs(5) { "just now".to_owned() } else { format!("{} ago", rough(passed)) }
}

fn rough(passed: Duration) -> String {
    match passed.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn counted(at: Timestamp, now: Timestamp) -> String {
    match now.since(at).as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds => span(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_utc_unless_it_has_a_zone() {
        let at = Timestamp::parse("2026-11-23T15:10:00Z").unwrap();
        for text in ["2026-11-23 15:10", "2026-11-23T15:10Z", " 2026-11-23T15:10:00.000 ", "2026-11-23T16:10:00+01:00", "2026-11-23 15:10Z"]
        {
            assert_eq!(moment(text), Ok(at), "{text}");
        }
        for wrong in ["", "soon", "15:10", "2026-11-23", "ü026-11-23T15:10:000"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_said_as_the_script_would_say_it() {
        let now = Timestamp::parse("2026-11-24T00:10:07Z").unwrap();
        let before = |seconds| now.minus(Duration::from_secs(seconds));
        let text = |when: When| when.to_string().split_once('>').unwrap().1.trim_end_matches("</time>").to_owned();
        for (seconds, says) in [(0, "just now"), (59, "59s ago"), (61, "1m ago"), (7500, "2h 05m ago"), (200_000, "2d ago")] {
            assert_eq!(text(When::ago(before(seconds), now)), says);
        }
        assert_eq!(text(When::ago(now.plus(Duration::from_mins(5)), now)), "in 5m");
        for (seconds, says) in [(3, "3s"), (65, "1m 05s")] {
            assert_eq!(text(When::counting(before(seconds), now)), says);
        }
        assert_eq!(text(When::second(before(60), now)), "00:09:07");
        assert_eq!(text(When::minute(before(660), now)), "23 Nov 23:59");
        assert_eq!(When::ago(now, now).to_string(), "<time datetime=\"2026-11-24T00:10:07.000Z\" data-ago>just now</time>");
    }
}
