//! The sandbox's own addresses: the faults and the stored events.

use std::collections::HashMap;
use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::body;
use super::event::{Event, Identity};
use super::faults::{Faults, FaultsError};
use super::instance::Instance;
use super::moment::Moment;

pub(super) async fn faults(State(instance): State<Instance>) -> Json<Faults> {
    Json(instance.faults())
}

/// `PUT /_sandbox/faults`: merged into the current faults.
pub(super) async fn change_faults(State(instance): State<Instance>, body: Body) -> Response {
    let change = match body::read(body).await {
        Ok(text) => serde_json::from_slice::<Value>(&text).map_err(|why| FaultsError(vec![format!("the body is not JSON: {why}")])),
        Err(why) => Err(FaultsError(vec![why.to_string()])),
    };
    match change.and_then(|change| instance.change_faults(&change)) {
        Ok(faults) => Json(faults).into_response(),
        Err(wrong) => (StatusCode::BAD_REQUEST, Json(json!({"error": wrong.to_string(), "wrong": wrong.0}))).into_response(),
    }
}

pub(super) async fn clear_faults(State(instance): State<Instance>) -> Json<Faults> {
    instance.clear_faults();
    faults(State(instance)).await
}

struct Held {
    event: Event,
    /// Of the first row; `None` while all copies are in the queue.
    created_at: Option<Moment>,
    /// In the queue, in the table, and merged away.
    copies: i64,
    rows: usize,
}

/// `GET /_sandbox/events?event=NAME&project=ID`: the accepted events that no fault dropped, in the order of their first receipt.
/// An event that was accepted twice is listed once: `copies` is how often it was accepted, `rows` how many rows a query returns
/// (0 while it is in the queue, 2 until a duplicate is merged).
pub(super) async fn events(State(instance): State<Instance>, Query(filter): Query<HashMap<String, String>>) -> Response {
    let Ok(mut held) = held(&instance).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Some(name) = filter.get("event") {
        held.retain(|one| &one.event.name == name);
    }
    if let Some(project) = filter.get("project") {
        held.retain(|one| Ok(one.event.project) == project.parse());
    }
    Json(listed(&held)).into_response()
}

pub(super) async fn all(instance: &Instance) -> io::Result<Vec<Value>> {
    held(instance).await.map(|held| listed(&held)).map_err(io::Error::other)
}

fn listed(held: &[Held]) -> Vec<Value> {
    held.iter().map(Held::as_json).collect()
}

async fn held(instance: &Instance) -> sqlx::Result<Vec<Held>> {
    let mut table = instance.table().await?;
    let mut all = Vec::<Held>::new();
    let mut places = HashMap::<Identity, usize>::new();
    for row in table.rows().await? {
        let one = one_of(&mut all, &mut places, &row.event);
        one.copies += row.copies;
        one.rows += 1;
        one.created_at = Some(one.created_at.map_or(row.created_at, |earlier| earlier.min(row.created_at)));
    }
    for (event, rows) in instance.waiting() {
        one_of(&mut all, &mut places, &event).copies += i64::from(rows);
    }
    all.sort_by_key(|one| one.event.received_at);
    Ok(all)
}

fn one_of<'a>(all: &'a mut Vec<Held>, places: &mut HashMap<Identity, usize>, event: &Event) -> &'a mut Held {
    let place = *places.entry(event.identity()).or_insert(all.len());
    if place == all.len() {
        all.push(Held { event: event.clone(), created_at: None, copies: 0, rows: 0 });
    }
    let one = &mut all[place];
    one.event.received_at = one.event.received_at.min(event.received_at);
    one
}

impl Held {
    fn as_json(&self) -> Value {
        json!({
            "project": self.event.project,
            "uuid": self.event.uuid.to_string(),
            "event": self.event.name,
            "distinct_id": self.event.distinct_id,
            "timestamp": self.event.timestamp.iso(),
            "received_at": self.event.received_at.iso(),
            "created_at": self.created_at.map(Moment::iso),
            "copies": self.copies,
            "rows": self.rows,
            "properties": serde_json::from_str::<Value>(&self.event.properties).unwrap_or(Value::Null),
        })
    }
}
