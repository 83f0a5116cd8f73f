//! A crontab expression with a time zone.

use std::fmt;

use cronexpr::Crontab;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::{Invalid, Timestamp, wall};

#[derive(Debug, Clone)]
pub struct Cron {
    written: String,
    zone: TimeZone,
    read: Crontab,
    /// The same without a time zone, to find times that a change of the zone's clock skips. None if it matches in every hour, where a skipped time does
    /// not matter.
    without_gaps: Option<Crontab>,
}

impl Cron {
    /// Reads five fields (minute, hour, day of the month, month, day of the week) and an optional time zone; UTC by default.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let written = wall::in_one_line(text)?;
        let fields = written.split(' ').collect::<Vec<_>>();
        let (times, zone) = (fields[..fields.len().min(5)].join(" "), fields.get(5).copied().unwrap_or("UTC"));
        let in_zone = |zone: &str| cronexpr::parse_crontab(&format!("{times} {zone}"));
        let read = if fields.len() == 5 { in_zone(zone) } else { cronexpr::parse_crontab(&written) };
        match (read, wall::zone(zone), in_zone("UTC")) {
            (Ok(_), _, Ok(plain)) if plain.find_next(jiff::Timestamp::UNIX_EPOCH).is_err() => {
                Err(Invalid::unusable(&written, "never occurs: no month has such a day"))
            }
            (Ok(read), Ok(zone), Ok(plain)) => {
                let without_gaps = Some(plain).filter(|_| !fields[1].starts_with('*'));
                Ok(Self { written, zone, read, without_gaps })
            }
            (Err(wrong), ..) | (_, _, Err(wrong)) => {
                let wrong = wrong.to_string();
                // The last line points at the place with a `^`, and says what is wrong there.
                let says = wrong.lines().last().unwrap_or_default().trim_start_matches([' ', '^']);
                let says = says.split(';').next().unwrap_or_default();
                let because = format!("is not a crontab expression, for example `0 2 * * SUN` or `0 2 * * SUN Europe/Berlin`: {says}");
                Err(Invalid::unusable(&written, because))
            }
            (_, Err(wrong), _) => Err(wrong),
        }
    }

    /// Reads the five fields with a separate time zone.
    pub fn parse_in(text: &str, zone: Option<&str>) -> Result<Self, Invalid> {
        if let (Some(zone), Some(own)) = (zone, text.split_whitespace().nth(5)) {
            let because = format!("contains the time zone `{own}` in addition to `{zone}`; give only one of them");
            return Err(Invalid::unusable(text, because));
        }
        Self::parse(&zone.map_or_else(|| text.to_owned(), |zone| format!("{text} {zone}")))
    }

    #[must_use]
    pub fn times(&self) -> &str {
        self.parts().0
    }

    #[must_use]
    pub fn timezone(&self) -> Option<&str> {
        self.parts().1
    }

    fn parts(&self) -> (&str, Option<&str>) {
        match self.written.match_indices(' ').nth(4) {
            Some((at, _)) => (&self.written[..at], Some(&self.written[at + 1..])),
            None => (&self.written, None),
        }
    }

    /// The first time after `at`; none if there is none any more. A time that the wall clock skips comes at the end of the gap.
    pub(super) fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let at = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        let regular = self.read.find_next(at).ok().map(|next| next.timestamp());
        let next = self.after_a_gap(at, regular).or(regular)?;
        Some(Timestamp::from_ms(next.as_millisecond()))
    }

    /// The end of the first gap after `at` and before `until` that skips a time of this expression.
    fn after_a_gap(&self, at: jiff::Timestamp, until: Option<jiff::Timestamp>) -> Option<jiff::Timestamp> {
        let plain = self.without_gaps.as_ref()?;
        let changes = self.zone.following(at).take_while(|change| until.is_some_and(|until| change.timestamp() < until));
        changes.map(|change| change.timestamp()).find(|change| {
            let Ok(before) = change.checked_sub(SignedDuration::from_secs(1)) else { return false };
            let as_utc = |at| TimeZone::UTC.to_timestamp(self.zone.to_datetime(at)).ok();
            // Before the change the wall clock shows times up to one second earlier; the next time that it shows is that of the change.
            let (Some(last), Some(first)) = (as_utc(before), as_utc(*change)) else { return false };
            let missed = plain.find_next(last).ok().map(|next| next.timestamp());
            missed.is_some_and(|missed| missed > last && missed < first)
        })
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Cron {}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_never_comes_is_refused() {
        for text in ["0 2 31 2 *", "0 2 30 2 * Europe/Berlin", "0 2 31 4,6 *"] {
            assert!(Cron::parse(text).unwrap_err().to_string().contains("never occurs"), "{text}");
        }
        assert!(Cron::parse("0 2 29 2 *").is_ok(), "in a leap year");
    }

    #[test]
    fn a_time_zone_stands_by_itself_however_it_was_written() {
        for (text, zone, times, timezone) in [
            ("0  2 * * SUN", None, "0 2 * * SUN", None),
            ("0 2 * * SUN  UTC ", None, "0 2 * * SUN", Some("UTC")),
            ("0 2 * * SUN", Some("Europe/Berlin"), "0 2 * * SUN", Some("Europe/Berlin")),
        ] {
            let cron = Cron::parse_in(text, zone).unwrap();
            assert_eq!((cron.times(), cron.timezone()), (times, timezone), "{text}");
            assert_eq!(Cron::parse_in(cron.times(), cron.timezone()).unwrap(), cron);
        }
    }

    #[test]
    fn what_is_no_crontab_expression_is_said() {
        for text in ["", "0 2 * *", "61 2 * * *", "0 2 * * * Mars/Olympus", "0 2 * * * UTC UTC"] {
            let said = Cron::parse(text).unwrap_err().to_string();
            assert!(said.contains("is not a crontab expression"), "{said}");
        }
    }

    #[test]
    fn a_time_zone_is_named_once() {
        let said = Cron::parse_in("0 2 * * SUN Europe/Berlin", Some("Europe/Paris")).unwrap_err().to_string();
        assert!(said.contains("contains the time zone `Europe/Berlin`"), "{said}");
        assert_eq!(Cron::parse_in("0 2 * * SUN", Some("Europe/Paris")), Cron::parse("0 2 * * SUN Europe/Paris"));
    }

    #[test]
    fn a_time_that_the_wall_leaves_out_comes_at_the_end_of_the_gap() {
        for (cron, after, next) in [
            ("30 2 * * * Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"),
            ("30 2 * * * Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"),
            ("0 2 28 3 * Europe/Berlin", "2026-06-01T00:00:00Z", "2027-03-28T01:00:00Z"),
            ("*/15 2 * * SUN Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"),
            ("59 1 * * * Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T00:59:00Z"),
            ("0 3 * * * Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"),
            // An expression that matches in every hour misses none.
            ("30 * * * * Europe/Berlin", "2027-03-28T00:45:00Z", "2027-03-28T01:30:00Z"),
            // At midnight, and by half an hour.
            ("0 0 * * * America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z"),
            ("15 2 * * * Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"),
        ] {
            let at = |text| Timestamp::parse(text).unwrap();
            assert_eq!(Cron::parse(cron).unwrap().next_after(at(after)), Some(at(next)), "{cron} after {after}");
        }
    }
}
