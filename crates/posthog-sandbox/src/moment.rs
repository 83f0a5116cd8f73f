//! Instants as ClickHouse stores them in `DateTime64(6)`: whole microseconds since 1970.

use jiff::civil;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

use heartbeat_clock::clock::Clock;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Moment(i64);

const DAY_US: i64 = 24 * 3600 * 1_000_000;

impl Moment {
    pub(super) fn now(clock: &Clock) -> Self {
        Self::from_ms(clock.now().ms())
    }

    pub(super) const fn from_ms(ms: i64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    pub(super) const fn from_us(us: i64) -> Self {
        Self(us)
    }

    pub(super) const fn us(self) -> i64 {
        self.0
    }

    pub(super) const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    pub(super) const fn since_us(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// UTC days since 1970.
    pub(super) const fn day(self) -> i64 {
        self.0.div_euclid(DAY_US)
    }

    /// Reads RFC 3339. ClickHouse and older SDKs write it without a zone, which means UTC.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let at = text
            .parse::<jiff::Timestamp>()
            .ok()
            .or_else(|| text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))?;
        Some(Self(at.as_microsecond()))
    }

    /// For example `2026-11-23T14:32:07.123000Z`; the number of microseconds if the calendar does not cover it.
    pub(super) fn iso(self) -> String {
        self.formatted("%Y-%m-%dT%H:%M:%S%.6fZ")
    }

    pub(super) fn http_date(self) -> Option<String> {
        let at = jiff::Timestamp::from_microsecond(self.0).ok()?;
        DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
    }

    /// `how` is a `strftime` format; the result is in UTC.
    pub(super) fn formatted(self, how: &str) -> String {
        jiff::Timestamp::from_microsecond(self.0).map_or_else(|_| self.0.to_string(), |at| at.strftime(how).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        let noon = Moment::parse("2026-11-23T12:00:00Z").unwrap();
        assert_eq!(Moment::parse("2026-11-23T13:00:00+01:00"), Some(noon));
        assert_eq!(Moment::parse("2026-11-23 12:00:00"), Some(noon));
        assert_eq!(noon.plus_ms(1).iso(), "2026-11-23T12:00:00.001000Z");
        assert_eq!(noon.http_date().unwrap(), "Mon, 23 Nov 2026 12:00:00 GMT");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in ["", "yesterday", "1790000000", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z"] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }
}
