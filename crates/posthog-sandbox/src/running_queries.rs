//! The running queries of the query API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::denial::Denial;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Key,
    Application,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) project: u32,
    pub(super) statement: String,
    pub(super) by: Client,
}

#[derive(Debug, Clone)]
pub(super) struct QueryResult {
    pub(super) project: u32,
    pub(super) body: Value,
    pub(super) read: i64,
    /// It is the result of an identical query that ran at the same time.
    pub(super) joined: bool,
}

/// Identical queries share one result, as in PostHog.
#[derive(Debug, Default)]
pub(super) struct RunningQueries(Mutex<HashMap<Question, Weak<Place>>>);

type Place = OnceCell<Result<QueryResult, Denial>>;

impl RunningQueries {
    pub(super) fn place(&self, question: &Question) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, place| place.strong_count() > 0);
        if let Some(place) = places.get(question).and_then(Weak::upgrade) {
            return place;
        }
        let place = Arc::new(OnceCell::new());
        places.insert(question.clone(), Arc::downgrade(&place));
        place
    }

    pub(super) fn list(&self) -> Vec<Value> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited_for = places.iter().filter(|(_, place)| place.strong_count() > 0);
        waited_for
            .map(|(question, place)| json!({"project": question.project, "query": question.statement, "askers": place.strong_count()}))
            .collect()
    }
}
