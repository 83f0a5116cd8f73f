//! What a PostHog says when it is asked about events that it accepted and that stay away: of the token, and of its own parts.

use std::fmt;

use super::{Region, Timestamp};

/// What becomes of events with a token. Capture does not tell: it answers 200 to any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// It belongs to a project there.
    Known,
    /// It does not: a wrong key, or on Cloud the wrong region.
    Unknown,
    /// Nobody could say.
    Untold,
    /// It does not, but to one of this region of Cloud.
    Elsewhere(Region),
    /// It belongs to a project there, whose events are dropped: the quota is used up.
    OverQuota,
    /// It belongs to a project there, and something in PostHog drops our events: [`super::Findings::filter`] says what.
    Filtered,
    /// PostHog itself knows it, and behind the route's proxy it is not known, or another one is known in its place.
    Altered,
    /// It belongs to a project there, and something on the way writes our events anew: they arrive under other uuids.
    Rewritten,
}

impl TokenStatus {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 9] = [
        Self::Known,
        Self::Unknown,
        Self::Untold,
        Self::Elsewhere(Region::Us),
        Self::Elsewhere(Region::Eu),
        Self::OverQuota,
        Self::Filtered,
        Self::Altered,
        Self::Rewritten,
    ];
}

/// A part of a self-hosted PostHog, under the name by which `/_preflight` tells its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The queue between capture and ingestion.
    Kafka,
    /// The ingestion workers.
    Plugins,
    /// Where events are stored.
    ClickHouse,
    /// Redis.
    Redis,
    /// PostgreSQL, with the projects and their tokens.
    Db,
    /// Background tasks. No event passes through them.
    Celery,
}

impl Part {
    /// All of them, along the way of an event; their place here is their bit in the store.
    pub const ALL: [Self; 6] = [Self::Kafka, Self::Plugins, Self::ClickHouse, Self::Redis, Self::Db, Self::Celery];

    /// As `/_preflight` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Plugins => "plugins",
            Self::ClickHouse => "clickhouse",
            Self::Redis => "redis",
            Self::Db => "db",
            Self::Celery => "celery",
        }
    }

    /// The part of this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == text)
    }

    /// Whether events stay away when it is down.
    #[must_use]
    pub const fn carries_events(self) -> bool {
        !matches!(self, Self::Celery)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Some parts of a PostHog, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts(u8);

impl Parts {
    /// Those whose bits are set; bits of no part count for nothing.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Part::ALL.into_iter().filter(|part| bits & part.bit() != 0).collect()
    }

    /// A bit each.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether events stay away when they are down.
    #[must_use]
    pub fn carry_events(self) -> bool {
        self.iter().any(Part::carries_events)
    }

    /// They, along the way of an event.
    pub fn iter(self) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(move |part| self.0 & part.bit() != 0)
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self(parts.into_iter().fold(0, |bits, part| bits | part.bit()))
    }
}

/// `kafka is down`, `kafka, plugins are down`.
impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Part::name).collect();
        match names.as_slice() {
            [] => f.write_str("nothing is down"),
            [one] => write!(f, "{one} is down"),
            more => write!(f, "{} are down", more.join(", ")),
        }
    }
}

/// What PostHog said of beats that it accepted and that stay away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenReading {
    /// What was said of the token.
    pub token_status: TokenStatus,
    /// When it was asked for the token.
    pub asked: Timestamp,
    /// Its parts that are down, as a self-hosted one said at the newest read-back.
    pub down: Parts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_as_bits_and_told_along_the_way_of_an_event() {
        let down: Parts = [Part::ClickHouse, Part::Kafka].into_iter().collect();
        assert_eq!((down.to_string().as_str(), down.bits()), ("kafka, clickhouse are down", 0b101));
        for bits in 0..=u8::MAX {
            assert_eq!(Parts::from_bits(bits).bits(), bits & 0b11_1111);
        }
        for part in Part::ALL {
            assert_eq!(Part::named(part.name()), Some(part));
        }
        assert_eq!(Part::named("django"), None);
    }
}
