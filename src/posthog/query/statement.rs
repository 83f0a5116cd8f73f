//! The question in HogQL.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Question, TRAFFIC_OF};

/// So many beats are asked for in one question: 39 bytes each in its text, a row each in the answer, well below PostHog's
/// 50,000.
pub const MAX_BEATS_A_LOOK: usize = 1000;

/// The oldest beat is looked for from so much earlier: our clock and the server's may differ.
const MARGIN: Duration = Duration::from_mins(10);

/// The newest timestamp that counts as traffic lies so much ahead of the server's clock: a client whose own clock runs ahead by more would
/// go on sending news from the future, and hide that nothing arrives.
const AHEAD_MINUTES: u64 = 5;

/// The text of a question. A row `beat` per beat that arrived, one row `traffic` on everything that is not ours, and one row `watched` on
/// what is watched.
///
/// Each part has its own `LIMIT`: after UNION ALL it would hold for the last part only, and PostHog gives a part without
/// one a limit of 100. Beats are grouped by uuid, because a repeat is stored twice until ClickHouse merges.
#[must_use]
pub fn statement(question: &Question<'_>) -> String {
    let mut text = String::with_capacity(1000 + 40 * question.uuids.len());
    if !question.uuids.is_empty() {
        let since = question.now.since(question.back_to) + MARGIN;
        let minutes = since.as_secs().div_ceil(60);
        text.push_str("SELECT 'beat' AS kind, toString(uuid) AS id, min(toUnixTimestamp64Milli(created_at)) AS ingested, count() AS copies FROM events");
        let _ = write!(text, " WHERE timestamp >= now() - INTERVAL {minutes} MINUTE");
        if !question.events.is_empty() {
            text.push_str(" AND event IN (");
            list(&mut text, &question.events, literal);
            text.push(')');
        }
        text.push_str(" AND uuid IN (");
        list(&mut text, &question.uuids[..question.uuids.len().min(MAX_BEATS_A_LOOK)], |text, uuid| {
            let _ = write!(text, "'{uuid}'");
        });
        let _ = write!(text, ") GROUP BY uuid LIMIT {MAX_BEATS_A_LOOK} UNION ALL ");
    }
    part(&mut text, "traffic", TRAFFIC_OF);
    if !question.events.is_empty() {
        text.push_str(" AND event NOT IN (");
        list(&mut text, &question.events, literal);
        text.push(')');
    }
    text.push_str(" LIMIT 1 UNION ALL ");
    part(&mut text, "watched", question.watched.range);
    match question.watched.events.as_deref() {
        None => {}
        // No event is without a name: nothing is watched.
        Some([]) => text.push_str(" AND event IN ('')"),
        Some(events) => {
            text.push_str(" AND event IN (");
            list(&mut text, events, literal);
            text.push(')');
        }
    }
    text.push_str(" LIMIT 1");
    text
}

/// Counts events with a timestamp in the last `range`; of which names follows.
fn part(text: &mut String, kind: &str, range: Duration) {
    let minutes = range.as_secs().div_ceil(60);
    let _ = write!(
        text,
        "SELECT '{kind}' AS kind, '' AS id, max(toUnixTimestamp64Milli(timestamp)) AS ingested, count() AS copies FROM events \
         WHERE timestamp >= now() - INTERVAL {minutes} MINUTE AND timestamp < now() + INTERVAL {AHEAD_MINUTES} MINUTE"
    );
}

fn list<T>(text: &mut String, items: &[T], one: impl Fn(&mut String, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        one(text, item);
    }
}

/// A text as HogQL and ClickHouse both read it.
fn literal(text: &mut String, value: &&str) {
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
