//! The read-back in HogQL.
//! It uses two clocks. Our own events have timestamps of our clock, so they are selected between literal times of our clock, however wrong
//! it is. All others are selected by the server's clock: `now()`.
//! Uses these functions of PostHog (posthog/hogql/functions): `count`, `countIf`, `least`, `max`, `maxIf`, `min`, `now`, `toDateTime`,
//! `toString` and `toUnixTimestamp64Milli`. `toDateTime` of a text is ClickHouse's `parseDateTime64BestEffortOrNull`, which assumes the
//! project's timezone unless the text names one: ours end in `Z`.

use std::fmt::{self, Write as _};
use std::time::Duration;

use uuid::Uuid;

use super::{Question, TRAFFIC_OF};
use crate::model::Timestamp;

/// 39 bytes each in the query and one row each in the answer, well below PostHog's limit of 50,000.
pub const MAX_BEATS_A_READBACK: usize = 1000;

/// Around the slot: a beat is sent up to a minute later, and the clock may be set in between.
const MARGIN: Duration = Duration::from_mins(10);

/// How far a timestamp may be in the future and still count as traffic: otherwise a client whose clock is ahead would hide that nothing
/// arrives.
const AHEAD: Duration = Duration::from_mins(5);

/// The earlier of event time and ingestion time: a client's clock cannot make an event newer than it is.
const AT: &str = "least(toUnixTimestamp64Milli(timestamp), toUnixTimestamp64Milli(created_at))";

/// The query: a row `beat` per beat that arrived, and one row `traffic` about all other and the watched events. That row repeats the time
/// of the query: so every text is unique (PostHog caches the failure of a text for hours), and an answer shows to which query it belongs.
///
/// Each part has its own `LIMIT`: after UNION ALL it would apply to the last part only, and PostHog limits a part without
/// one to 100. Beats are grouped by uuid, because a duplicate is stored twice until ClickHouse merges.
#[must_use]
pub fn statement(question: &Question<'_>) -> String {
    let mut text = String::with_capacity(1500 + 40 * question.uuids.len());
    let uuids = &question.uuids[..question.uuids.len().min(MAX_BEATS_A_READBACK)];
    if !uuids.is_empty() {
        text.push_str(
            "SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS at_ms, count() AS seen, \
             0 AS watched_at_ms, 0 AS watched FROM events WHERE ",
        );
        Span::of(uuids, question).write(&mut text);
        if !question.events.is_empty() {
            text.push_str(" AND event IN ");
            names(&mut text, &question.events);
        }
        text.push_str(" AND uuid IN (");
        list(&mut text, uuids, |text, uuid| {
            let _ = write!(text, "'{uuid}'");
        });
        let _ = write!(text, ") GROUP BY uuid LIMIT {MAX_BEATS_A_READBACK} UNION ALL ");
    }
    traffic(&mut text, question);
    text
}

/// Counts everything in one scan: events ingested in the longer of the two ranges, with a timestamp in it.
fn traffic(text: &mut String, question: &Question<'_>) {
    let range = question.watched.range.max(TRAFFIC_OF);
    let others = Counted { ours: Ours::Out, events: None, range: (TRAFFIC_OF < range).then_some(TRAFFIC_OF) };
    let watched = Counted {
        ours: Ours::In,
        events: question.watched.events.as_deref(),
        range: (question.watched.range < range).then_some(question.watched.range),
    };
    let _ = write!(text, "SELECT 'traffic' AS kind, '{}' AS id, ", stamp(question));
    others.write(text, question, ["at_ms", "seen"]);
    text.push_str(", ");
    watched.write(text, question, ["watched_at_ms", "watched"]);
    let minutes = minutes(range);
    let _ = write!(
        text,
        " FROM events WHERE created_at >= now() - INTERVAL {minutes} MINUTE AND (timestamp >= now() - INTERVAL {minutes} MINUTE"
    );
    let _ = write!(text, " AND timestamp < now() + INTERVAL {} MINUTE", self::minutes(AHEAD));
    if !question.events.is_empty() {
        text.push_str(" OR ");
        ours_within(text, question, range);
        let _ = write!(text, " AND timestamp < {}", Literal(question.now.plus(AHEAD)));
    }
    text.push_str(") LIMIT 1");
}

/// Identifies the row `traffic`: the time of the query.
pub(super) fn stamp(question: &Question<'_>) -> String {
    question.now.ms().to_string()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ours {
    In,
    Out,
}

struct Counted<'a> {
    ours: Ours,
    /// None for any name.
    events: Option<&'a [&'a str]>,
    /// None for the whole scan.
    range: Option<Duration>,
}

impl Counted<'_> {
    fn write(&self, text: &mut String, question: &Question<'_>, [newest, count]: [&str; 2]) {
        let condition = self.condition(question);
        let _ = if condition.is_empty() {
            write!(text, "max({AT}) AS {newest}, count() AS {count}")
        } else {
            write!(text, "maxIf({AT}, {condition}) AS {newest}, countIf({condition}) AS {count}")
        };
    }

    fn condition(&self, question: &Question<'_>) -> String {
        let mut text = String::new();
        let without_ours = self.ours == Ours::Out && !question.events.is_empty();
        if without_ours {
            text.push_str("event NOT IN ");
            names(&mut text, &question.events);
        }
        match self.events {
            None => {}
            // Every event has a name: nothing is watched.
            Some([]) => text.push_str("event IN ('')"),
            Some(events) => {
                text.push_str("event IN ");
                names(&mut text, events);
            }
        }
        if let Some(range) = self.range {
            let (and, minutes) = (if text.is_empty() { "" } else { " AND " }, minutes(range));
            let _ =
                write!(text, "{and}created_at >= now() - INTERVAL {minutes} MINUTE AND (timestamp >= now() - INTERVAL {minutes} MINUTE");
            if self.ours == Ours::In && !question.events.is_empty() {
                text.push_str(" OR ");
                ours_within(&mut text, question, range);
            }
            text.push(')');
        }
        text
    }
}

/// Our own events with a timestamp in the last `range`, by our clock.
fn ours_within(text: &mut String, question: &Question<'_>, range: Duration) {
    text.push_str("event IN ");
    names(text, &question.events);
    let _ = write!(text, " AND timestamp >= {}", Literal(question.now.minus(range)));
}

/// Range of the beats' timestamps: around their slots by our clock, and around the same time by the server's clock, because PostHog
/// replaces a timestamp more than 23 hours ahead of its clock.
pub(super) struct Span {
    from: Timestamp,
    to: Timestamp,
    minutes_ago: u64,
}

impl Span {
    fn of(uuids: &[Uuid], question: &Question<'_>) -> Self {
        // A beat's uuid contains its slot. One in the future was sent before our clock was set back.
        let newest = uuids.iter().map(|uuid| Timestamp::from_ms((uuid.as_u128() >> 80) as i64)).max();
        Self::between(question.back_to, newest.map_or(question.now, |newest| newest.max(question.now)), question.now)
    }

    pub(super) fn between(oldest: Timestamp, newest: Timestamp, now: Timestamp) -> Self {
        Self { from: oldest.minus(MARGIN), to: newest.plus(MARGIN), minutes_ago: minutes(now.since(oldest) + MARGIN) }
    }

    pub(super) fn write(&self, text: &mut String) {
        let _ = write!(text, "(timestamp >= {} AND timestamp < {}", Literal(self.from), Literal(self.to));
        let (ago, ahead) = (self.minutes_ago, minutes(MARGIN));
        let _ = write!(text, " OR timestamp >= now() - INTERVAL {ago} MINUTE AND timestamp < now() + INTERVAL {ahead} MINUTE)");
    }
}

struct Literal(Timestamp);

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.split_once('.') {
            Some((seconds, _)) => write!(f, "toDateTime('{seconds}Z')"),
            None => write!(f, "toDateTime({})", self.0.ms().div_euclid(1000)),
        }
    }
}

const fn minutes(of: Duration) -> u64 {
    of.as_secs().div_ceil(60)
}

fn names(text: &mut String, names: &[&str]) {
    text.push('(');
    list(text, names, literal);
    text.push(')');
}

fn list<T>(text: &mut String, items: &[T], one: impl Fn(&mut String, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        one(text, item);
    }
}

pub(super) fn literal(text: &mut String, value: &&str) {
    text.push('\'');
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\'' => text.push_str("\\'"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0' => text.push_str("\\0"),
            other => text.push(other),
        }
    }
    text.push('\'');
}
