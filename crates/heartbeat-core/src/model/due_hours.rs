//! The hours in which events are due: `mon-fri 08:00-20:00 Europe/Berlin`. Outside of them missing events open no incident.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::wall::{self, MINUTES_OF_A_DAY};
use super::{Invalid, Timestamp};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Monday first.
type Days = [bool; 7];

/// Hours of some days, by the wall clock of a time zone: an hour that it shows twice is due twice, and an hour that it skips is not due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueHours {
    written: String,
    ranges: Vec<Range>,
    zone: TimeZone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    days: Days,
    /// Minutes since midnight.
    from: u16,
    /// Minutes since midnight; at most `from` if it ends on the next day.
    to: u16,
}

impl DueHours {
    /// Reads ranges separated by commas, and an optional time zone at the end; UTC by default.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let written = wall::in_one_line(text)?;
        let wrong = || {
            let must = "days and times, for example `mon-fri 08:00-20:00` or `mon-fri 08:00-20:00, sat 10:00-14:00 Europe/Berlin`";
            Invalid::malformed(&written, must)
        };
        let is_zone = |word: &&str| !word.contains(':') && !word.ends_with(',') && parse_days(word).is_none();
        let (ranges, zone) = match written.rsplit_once(' ') {
            Some((ranges, zone)) if is_zone(&zone) => (ranges, zone),
            _ => (written.as_str(), "UTC"),
        };
        let unknown = |_| Invalid::unusable(&written, format!("contains the unknown time zone `{zone}`; give one like Europe/Berlin"));
        let zone = wall::zone(zone).map_err(unknown)?;
        let (mut read, mut days) = (Vec::new(), Vec::new());
        for part in ranges.split(',').map(str::trim) {
            // `sat, sun 10:00-14:00`: the days of a range may be separated by commas as well.
            let (of, times) = part.split_once(' ').map_or((part, None), |(of, times)| (of, Some(times)));
            days.push(of);
            if let Some(times) = times {
                read.push(range(&days.join(","), times).ok_or_else(wrong)?);
                days.clear();
            }
        }
        if read.is_empty() || !days.is_empty() {
            return Err(wrong());
        }
        if let Some(range) = read.iter().find(|range| range.from == range.to) {
            let at = format!("{:02}:{:02}", range.from / 60, range.from % 60);
            return Err(Invalid::unusable(&written, format!("has a range that begins and ends at {at}; a whole day is 00:00-24:00")));
        }
        Ok(Self { written, ranges: read, zone })
    }

    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.ms()) else { return false };
        let local = self.zone.to_datetime(at);
        let day = usize::from(local.weekday().to_monday_zero_offset().unsigned_abs());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.ranges.iter().any(|range| range.contains(day, minute))
    }

    /// Whether events are due from `from` until `to` without a break.
    #[must_use]
    pub fn covers(&self, from: Timestamp, to: Timestamp) -> bool {
        let minutes = (0..).map(|count| from.plus(Duration::from_mins(1) * count)).take_while(|at| *at < to);
        minutes.chain([to]).all(|at| self.contains(at))
    }
}

impl Range {
    fn contains(&self, day: usize, minute: u16) -> bool {
        let before = (day + 6) % 7;
        if self.from < self.to {
            self.days[day] && (self.from..self.to).contains(&minute)
        } else {
            self.days[day] && minute >= self.from || self.days[before] && minute < self.to
        }
    }
}

fn range(days: &str, times: &str) -> Option<Range> {
    let (from, to) = times.split_once('-')?;
    let (from, to) = (parse_clock(from).filter(|from| *from < MINUTES_OF_A_DAY)?, parse_clock(to)?);
    Some(Range { days: parse_days(days)?, from, to })
}

/// Reads `sun`, `sat,sun` or `fri-mon`.
#[must_use]
pub fn parse_days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut on = Days::default();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        (0..=(last + 7 - first) % 7).for_each(|after| on[(first + after) % 7] = true);
    }
    Some(on)
}

/// Reads `02:30` as minutes since midnight; at most `24:00`.
#[must_use]
pub fn parse_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let is_number = |digits: &str| (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = |digits: &str| is_number(digits).then(|| digits.parse::<u16>().ok())?;
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Some(hours * 60 + minutes).filter(|all| *all <= MINUTES_OF_A_DAY)
}

impl fmt::Display for DueHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn events_are_due_by_the_clock_on_the_wall() {
        for (due, when, is_due) in [
            // A Friday, a Saturday and a Monday in winter.
            ("mon-fri 08:00-20:00", "2026-11-27T07:59:59Z", false),
            ("mon-fri 08:00-20:00", "2026-11-27T08:00:00Z", true),
            ("mon-fri 08:00-20:00", "2026-11-27T19:59:59Z", true),
            ("mon-fri 08:00-20:00", "2026-11-27T20:00:00Z", false),
            ("mon-fri 08:00-20:00", "2026-11-28T12:00:00Z", false),
            ("mon-fri 08:00-20:00 Europe/Berlin", "2026-11-27T07:00:00Z", true),
            ("mon-fri 08:00-20:00 Europe/Berlin", "2026-11-27T19:00:00Z", false),
            ("mon-fri 08:00-20:00, sat 10:00-14:00 UTC", "2026-11-28T12:00:00Z", true),
            ("sat,sun 00:00-24:00", "2026-11-28T23:59:00Z", true),
            ("sat, sun 00:00-24:00", "2026-11-29T00:00:00Z", true),
            ("Fri 22:00-6:00", "2026-11-28T05:59:00Z", true),
            ("Fri 22:00-6:00", "2026-11-27T05:59:00Z", false),
            ("sun 22:00-02:00", "2026-11-30T01:00:00Z", true),
            // In New York it is still Sunday.
            ("sun 00:00-24:00 America/New_York", "2026-11-30T04:59:00Z", true),
            // Summer ends at 03:00 in Berlin: 02:30 is shown twice, an hour apart.
            ("sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30:00Z", true),
            ("sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30:00Z", true),
            ("sun 02:00-03:00 Europe/Berlin", "2026-10-25T02:00:00Z", false),
            // It begins at 02:00: the next minute is 03:00.
            ("sun 02:00-03:00 Europe/Berlin", "2026-03-29T00:59:00Z", false),
            ("sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:00:00Z", false),
            ("sun 02:00-03:30 Europe/Berlin", "2026-03-29T01:00:00Z", true),
        ] {
            assert_eq!(DueHours::parse(due).unwrap().contains(at(when)), is_due, "{due} {when}");
        }
    }

    #[test]
    fn a_stretch_is_due_when_none_of_it_is_outside() {
        let due = DueHours::parse("mon-fri 08:00-20:00, fri 20:00-22:00").unwrap();
        for (from, to, covers) in [
            ("2026-11-27T08:00:00Z", "2026-11-27T08:30:00Z", true),
            ("2026-11-27T07:59:30Z", "2026-11-27T08:30:00Z", false),
            ("2026-11-27T19:45:00Z", "2026-11-27T20:15:00Z", true),
            ("2026-11-26T19:45:00Z", "2026-11-26T20:00:00Z", false),
            ("2026-11-26T08:00:00Z", "2026-11-27T08:00:00Z", false),
        ] {
            assert_eq!(due.covers(at(from), at(to)), covers, "{from} {to}");
        }
    }

    #[test]
    fn what_is_written_is_kept_and_what_is_wrong_is_said() {
        for text in ["mon-fri 08:00-20:00", "mon-fri 08:00-20:00, sat 10:00-14:00 Europe/Berlin", "sat, sun 00:00-24:00"] {
            assert_eq!(DueHours::parse(text).unwrap().to_string(), text);
        }
        for (text, says) in [
            ("", "must be days and times, for example `mon-fri 08:00-20:00`"),
            ("mon-fri", "must be days and times"),
            ("08:00-20:00", "must be days and times"),
            ("mon-fry 08:00-20:00", "must be days and times"),
            ("mon-fri 08:00", "must be days and times"),
            ("mon-fri 8-20", "contains the unknown time zone `8-20`"),
            ("mon-fri 08:00-24:01", "must be days and times"),
            ("mon 08:00-20:00, tue", "must be days and times"),
            ("mon 08:00-20:00,", "must be days and times"),
            ("mon-fri 08:00-20:00 Mars/Olympus", "contains the unknown time zone `Mars/Olympus`"),
            ("mon 08:00-08:00", "begins and ends at 08:00; a whole day is 00:00-24:00"),
        ] {
            let said = DueHours::parse(text).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
