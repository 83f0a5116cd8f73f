//! PostHog's answers about events that it accepted and that are missing: about the token, and about its own parts.

use std::fmt;

use super::{Region, Timestamp, named_enum};

/// What happens to events with a token. Capture does not say: it answers 200 to any token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// It belongs to a project there.
    Known,
    /// It is unknown there: a wrong key, or on Cloud the wrong region.
    Unknown,
    /// Not found out.
    Untold,
    /// It belongs to a project in this region of Cloud.
    Elsewhere(Region),
    /// It belongs to a project there, whose events are dropped because the quota is used up.
    OverQuota,
    /// It belongs to a project there, and something in PostHog drops our events: see [`super::Findings::filter`].
    Filtered,
    /// PostHog knows it, but behind the route's proxy it is unknown, or another one is known instead.
    Altered,
    /// It belongs to a project there, but a proxy rewrites our events: they arrive under other uuids.
    Rewritten,
}

impl TokenStatus {
    /// The index is the number in the store.
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

named_enum! {
    /// A part of a self-hosted PostHog, as named by `/_preflight`.
    /// In the order in which an event passes them, which is the bit in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Part {
        /// The queue between capture and ingestion.
        Kafka = "kafka",
        Plugins = "plugins",
        ClickHouse = "clickhouse",
        Redis = "redis",
        /// PostgreSQL, with the projects and their tokens.
        Db = "db",
        /// Background tasks; no event passes through them.
        Celery = "celery",
    }
}

impl Part {
    /// Whether events stop arriving when it is down.
    #[must_use]
    pub const fn carries_events(self) -> bool {
        !matches!(self, Self::Celery)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts(u8);

impl Parts {
    /// Unknown bits are ignored.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Part::ALL.into_iter().filter(|part| bits & part.bit() != 0).collect()
    }

    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether events stop arriving when they are down.
    #[must_use]
    pub fn carry_events(self) -> bool {
        self.iter().any(Part::carries_events)
    }

    /// In the order in which an event passes them.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenReading {
    pub token_status: TokenStatus,
    pub asked: Timestamp,
    /// The parts that are down, according to a self-hosted PostHog at the newest read-back.
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
