//! What Heartbeat's read-back asks, read from its HogQL. The sink is no HogQL engine: `tests/it/process/benching.rs` compares its answers with those
//! of the sandbox, which is one.

use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The beats.
    pub(super) uuids: Vec<Uuid>,
    /// Repeated in the answer.
    pub(super) stamp: String,
    /// How far back the watched events go. All events of the sink are watched: its projects watch any event, and it has only beats.
    pub(super) watched: Duration,
}

#[derive(Deserialize)]
struct Body {
    query: Query,
}

#[derive(Deserialize)]
struct Query {
    query: String,
}

impl Question {
    /// None for another query.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let text = serde_json::from_slice::<Body>(body).ok()?.query.query;
        let (beats, traffic) = text.split_once("SELECT 'traffic' AS kind, '")?;
        let uuids = match beats.split_once(" AND uuid IN (") {
            Some((_, list)) => list.split('\'').filter_map(|text| Uuid::try_parse(text).ok()).collect(),
            None => Vec::new(),
        };
        let (stamp, rest) = traffic.split_once('\'')?;
        // The condition of the watched events comes first if they have a range of their own, and else that of all events.
        let (_, watched) = rest.split_once(" AS seen, ")?;
        let minutes = watched.split_once(" now() - INTERVAL ")?.1.split_once(" MINUTE")?.0.parse().ok()?;
        Some(Self { uuids, stamp: stamp.to_owned(), watched: Duration::from_mins(minutes) })
    }
}
