//! Weekly times such as `sun 02:00-04:00`, by the wall clock of a time zone.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::wall::{self, MINUTES_OF_A_DAY};
use super::{Invalid, Timestamp, parse_clock, parse_days};

/// A time range on some days of the week. It begins and ends when the wall clock reaches its times, however many hours lie in between when clocks
/// change.
#[derive(Debug, Clone)]
pub struct Weekly {
    written: String,
    timezone: Option<String>,
    zone: TimeZone,
    /// Monday first.
    days: [bool; 7],
    /// Minutes since midnight.
    from: u16,
    /// Minutes since midnight; more than a day if it ends on the next day.
    to: u16,
}

impl Weekly {
    /// Reads `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`, in this time zone or in UTC. A range whose end is not after its begin
    /// ends on the next day.
    pub fn parse(text: &str, timezone: Option<&str>) -> Result<Self, Invalid> {
        let written = wall::in_one_line(text)?;
        let parts = || {
            let (days, times) = written.split_once(' ')?;
            let (from, to) = times.split_once('-')?;
            Some((parse_days(days)?, parse_clock(from).filter(|from| *from < MINUTES_OF_A_DAY)?, parse_clock(to)?))
        };
        let (days, from, to) = parts().ok_or_else(|| {
            let must = "days and times, for example `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`";
            Invalid::malformed(&written, must)
        })?;
        if from == to {
            return Err(Invalid::unusable(&written, "begins and ends at the same time; a whole day is 00:00-24:00"));
        }
        let to = if to > from { to } else { to + MINUTES_OF_A_DAY };
        let timezone = timezone.map(|zone| zone.trim().to_owned());
        let zone = timezone.as_deref().map_or(Ok(TimeZone::UTC), wall::zone)?;
        Ok(Self { written, timezone, zone, days, from, to })
    }

    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    #[must_use]
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// The end of the range that contains `at`; none if there is none.
    pub(super) fn open(&self, at: Timestamp) -> Option<Timestamp> {
        // A range begins on the day on which it is open or on the day before, or one more if the zone skips a day.
        self.ranges(at, -2, 1).filter(|(from, to)| *from <= at && at < *to).map(|(_, to)| to).max()
    }

    pub(super) fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.ranges(at, -1, 9).map(|(from, _)| from).find(|from| *from > at)
    }

    /// The ranges that begin on these days, counted from the day of `at`.
    fn ranges(&self, at: Timestamp, first: i32, last: i32) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = jiff::Timestamp::from_millisecond(at.ms()).ok().map(|at| self.zone.to_datetime(at).date());
        let days = (first..=last).filter_map(move |after| today?.checked_add(after.days()).ok());
        let ours = days.filter(|day| self.days[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())]);
        ours.filter_map(|day| {
            let (from, to) = (self.reached(day, self.from)?, self.reached(day, self.to)?);
            // If both lie in the same gap, the range has its usual length.
            let whole = SignedDuration::from_mins(i64::from(self.to - self.from));
            let to = if from < to { to } else { from.checked_add(whole).ok()? };
            Some((Timestamp::from_ms(from.as_millisecond()), Timestamp::from_ms(to.as_millisecond())))
        })
    }

    /// When the wall clock reaches this many minutes since midnight of a day.
    fn reached(&self, day: Date, minutes: u16) -> Option<jiff::Timestamp> {
        let day = day.checked_add((i32::from(minutes / MINUTES_OF_A_DAY)).days()).ok()?;
        let minutes = minutes % MINUTES_OF_A_DAY;
        let time = Time::new((minutes / 60) as i8, (minutes % 60) as i8, 0, 0).ok()?;
        wall::reached(&self.zone, day.to_datetime(time))
    }
}

impl PartialEq for Weekly {
    fn eq(&self, other: &Self) -> bool {
        (&self.written, &self.timezone) == (&other.written, &other.timezone)
    }
}

impl Eq for Weekly {}

/// The written form with its time zone: `sun 02:00-04:00 Europe/Berlin`.
impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)?;
        self.timezone.as_ref().map_or(Ok(()), |zone| write!(f, " {zone}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn it_is_shown_as_it_was_written() {
        for (text, zone, shown) in [
            ("sun 02:00-04:00", None, "sun 02:00-04:00"),
            ("Mon-Fri 22:30-6:00", Some("Europe/Berlin"), "Mon-Fri 22:30-6:00 Europe/Berlin"),
            (" fri-mon  09:00 - 09:01", Some(" UTC "), "fri-mon 09:00 - 09:01 UTC"),
        ] {
            let read = Weekly::parse(text, zone).unwrap();
            assert_eq!(read.to_string(), shown);
            assert_eq!(Weekly::parse(read.written(), read.timezone()).unwrap(), read);
        }
    }

    #[test]
    fn what_is_neither_days_nor_times_is_told_how_to_write_them() {
        for text in ["", "sun", "02:00-04:00", "sunday 02:00-04:00", "sun 2-4", "sun 24:00-04:00", "sun 02:60-04:00", "sun, 02:00-04:00"] {
            assert!(Weekly::parse(text, None).unwrap_err().to_string().contains("must be days and times"), "{text}");
        }
        assert!(Weekly::parse("sun 02:00-02:00", None).unwrap_err().to_string().contains("the same time"));
        assert!(Weekly::parse("sun 02:00-04:00", Some("Mars/Olympus")).unwrap_err().to_string().contains("is not a time zone"));
    }

    /// Days and times, time zone, and the ranges after a time.
    type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

    /// Nights in which clocks change, in both directions, by an hour and by half an hour, at two o'clock and at midnight.
    const NIGHTS: &[Case<'_>] = &[
        // An ordinary week, in a zone without summer time, and across midnight.
        ("sun 02:00-04:00", "UTC", "2026-11-26T00:00:00Z", &[("2026-11-29T02:00:00Z", "2026-11-29T04:00:00Z")]),
        ("fri 22:00-06:00", "UTC", "2026-11-26T00:00:00Z", &[("2026-11-27T22:00:00Z", "2026-11-28T06:00:00Z")]),
        ("mon-sun 23:59-23:58", "UTC", "2026-11-26T23:58:30Z", &[("2026-11-26T23:59:00Z", "2026-11-27T23:58:00Z")]),
        (
            "sat,sun 00:00-24:00",
            "UTC",
            "2026-11-26T00:00:00Z",
            &[("2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"), ("2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z")],
        ),
        // Berlin skips 02:00 to 03:00 on 28 March 2027, and shows it twice on 31 October.
        ("sat 22:00-06:00", "Europe/Berlin", "2027-03-27T00:00:00Z", &[("2027-03-27T21:00:00Z", "2027-03-28T04:00:00Z")]),
        ("sat 22:00-06:00", "Europe/Berlin", "2027-10-30T00:00:00Z", &[("2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z")]),
        ("sun 02:00-04:00", "Europe/Berlin", "2027-03-27T00:00:00Z", &[("2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z")]),
        ("sun 02:30-04:00", "Europe/Berlin", "2027-03-27T00:00:00Z", &[("2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z")]),
        ("sun 01:00-02:30", "Europe/Berlin", "2027-03-27T00:00:00Z", &[("2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z")]),
        ("sun 02:00-02:45", "Europe/Berlin", "2027-03-27T00:00:00Z", &[("2027-03-28T01:00:00Z", "2027-03-28T01:45:00Z")]),
        ("sun 02:00-04:00", "Europe/Berlin", "2027-10-30T00:00:00Z", &[("2027-10-31T00:00:00Z", "2027-10-31T03:00:00Z")]),
        ("sun 01:00-02:00", "Europe/Berlin", "2027-10-30T00:00:00Z", &[("2027-10-30T23:00:00Z", "2027-10-31T00:00:00Z")]),
        // New York, 14 March and 7 November 2027, at two.
        ("sat 22:00-06:00", "America/New_York", "2027-03-13T12:00:00Z", &[("2027-03-14T03:00:00Z", "2027-03-14T10:00:00Z")]),
        ("sun 02:15-03:30", "America/New_York", "2027-03-13T12:00:00Z", &[("2027-03-14T07:00:00Z", "2027-03-14T07:30:00Z")]),
        ("sat 22:00-06:00", "America/New_York", "2027-11-06T12:00:00Z", &[("2027-11-07T02:00:00Z", "2027-11-07T11:00:00Z")]),
        // Lord Howe, by half an hour: 02:00 to 02:30 is skipped on 4 October 2026, and 01:30 to 02:00 is shown twice on 4 April 2027.
        ("sun 02:00-04:00", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", &[("2026-10-03T15:30:00Z", "2026-10-03T17:00:00Z")]),
        ("sun 01:30-04:00", "Australia/Lord_Howe", "2027-04-03T00:00:00Z", &[("2027-04-03T14:30:00Z", "2027-04-03T17:30:00Z")]),
        // Santiago has no midnight on 6 September 2026: the day begins at one. On 4 April 2027 23:00 to 24:00 of the day before was shown twice.
        ("sun 00:00-24:00", "America/Santiago", "2026-09-05T12:00:00Z", &[("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z")]),
        ("sat 00:00-24:00", "America/Santiago", "2026-09-04T12:00:00Z", &[("2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z")]),
        ("sun 00:15-00:45", "America/Santiago", "2026-09-05T12:00:00Z", &[("2026-09-06T04:00:00Z", "2026-09-06T04:30:00Z")]),
        ("sat 22:00-00:30", "America/Santiago", "2027-04-03T12:00:00Z", &[("2027-04-04T01:00:00Z", "2027-04-04T04:30:00Z")]),
        // Cairo, at midnight too: 30 April 2027 begins at one, and 28 October 2027 has a twenty-fifth hour.
        ("thu 22:00-06:00", "Africa/Cairo", "2027-04-29T00:00:00Z", &[("2027-04-29T20:00:00Z", "2027-04-30T03:00:00Z")]),
        ("fri 00:00-02:00", "Africa/Cairo", "2027-04-29T00:00:00Z", &[("2027-04-29T22:00:00Z", "2027-04-29T23:00:00Z")]),
        ("thu 22:00-06:00", "Africa/Cairo", "2027-10-28T00:00:00Z", &[("2027-10-28T19:00:00Z", "2027-10-29T04:00:00Z")]),
        // St John's, with its half hour: 14 March and 7 November 2027.
        ("sun 02:00-04:00", "America/St_Johns", "2027-03-13T12:00:00Z", &[("2027-03-14T05:30:00Z", "2027-03-14T06:30:00Z")]),
        ("sun 01:00-04:00", "America/St_Johns", "2027-11-06T12:00:00Z", &[("2027-11-07T03:30:00Z", "2027-11-07T07:30:00Z")]),
    ];

    #[test]
    fn it_begins_and_ends_by_the_wall_in_the_nights_in_which_clocks_change() {
        for (text, zone, after, ranges) in NIGHTS {
            let weekly = Weekly::parse(text, Some(zone)).unwrap();
            let mut now = at(after);
            for (from, to) in *ranges {
                let (from, to) = (at(from), at(to));
                let said = weekly.next_after(now);
                assert_eq!(said, Some(from), "{text} {zone} opens at {}", said.unwrap());
                let before = Timestamp::from_ms(from.ms() - 1);
                assert!(weekly.open(before).is_none_or(|until| until == from), "{text} {zone} before it opens");
                let said = weekly.open(from);
                assert_eq!(said, Some(to), "{text} {zone} ends at {}", said.unwrap());
                assert_eq!(weekly.open(Timestamp::from_ms(to.ms() - 1)), Some(to), "{text} {zone} in its last instant");
                assert!(weekly.open(to).is_none_or(|until| until > to), "{text} {zone} is over");
                now = from;
            }
        }
    }
}
