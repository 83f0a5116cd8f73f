//! Instants and minutes. The minute is the unit of the schedule.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; write it like `2026-11-23T14:32:00Z`")]
pub struct NotATime(String);

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Reads RFC 3339, in UTC or with an offset: `2026-11-23T14:32:07Z`.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let at = text.trim().parse::<jiff::Timestamp>();
        at.map(|at| Self(at.as_millisecond())).map_err(|_| NotATime(text.to_owned()))
    }

    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn minute(self) -> Minute {
        Minute(self.0.div_euclid(Minute::LENGTH_MS))
    }

    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time since `earlier`; zero if this is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// `2026-11-23 14:32` in UTC.
    #[must_use]
    pub fn date_and_minute(self) -> String {
        self.begin_of_text(16)
    }

    /// `2026-11-23 14:32:07` in UTC.
    #[must_use]
    pub fn date_and_second(self) -> String {
        self.begin_of_text(19)
    }

    fn begin_of_text(self, length: usize) -> String {
        self.to_string().get(..length).unwrap_or_default().replace('T', " ")
    }

    /// `23:59:59` in UTC.
    #[must_use]
    pub fn time_of_day(self) -> String {
        self.civil().map_or_else(|| "?".into(), |at| at.strftime("%H:%M:%S").to_string())
    }

    fn civil(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-23T14:32:07.123Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A whole minute since 1970. A route has at most one beat per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

impl Minute {
    pub const LENGTH_MS: i64 = 60_000;

    #[must_use]
    pub const fn from_index(index: i64) -> Self {
        Self(index)
    }

    #[must_use]
    pub const fn index(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 * Self::LENGTH_MS)
    }

    #[must_use]
    pub const fn end(self) -> Timestamp {
        self.plus(1).start()
    }

    /// `count` may be negative.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self(self.0 + count)
    }

    /// All minutes from this one until `end`, exclusive.
    pub fn until(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

/// `14:32` in UTC.
impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start().time_of_day().get(..5).unwrap_or("?"))
    }
}
