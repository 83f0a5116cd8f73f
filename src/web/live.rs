//! Live pages: a stream that says when something changed. The page then draws itself anew; nothing but that word goes over the stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;

use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;
use crate::model::ProjectId;
use crate::store::ChangeToken;

/// How often it is looked whether something changed, in real time: soon enough for somebody who waits for a first beat.
const READBACK_INTERVAL: Duration = Duration::from_secs(1);
/// A page that watches everything is told no more often than this: among many projects something always changes.
const ALL_EVERY: Duration = Duration::from_secs(5);

/// What is watched.
#[derive(Debug, Deserialize)]
pub(super) struct Watched {
    project: Option<String>,
}

/// Streams `change` whenever the change token is another.
pub(super) async fn live(_visitor: Visitor, State(site): State<Arc<Site>>, Query(watched): Query<Watched>) -> Result<Response, WebError> {
    let project = match &watched.project {
        Some(name) => Some(site.project(name).await?.id),
        None => None,
    };
    let full = || WebError::Busy("too many pages are open already; this one is drawn anew when you load it again".to_owned());
    if site.live.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_err() {
        return Err(full());
    }
    let seat = Seat(Arc::clone(&site));
    let before = site.web.store.change_token(project).await?;
    let events = stream::unfold((seat, before), move |(seat, before)| async move {
        let change_token = seat.next(project, &before).await?;
        Some((Ok::<_, Infallible>(Event::default().event("change").data(change_token.revision.to_string())), (seat, change_token)))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(20)).text("");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    // Proxies that buffer would keep the words to themselves.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One of the places for live pages, given back when the stream ends.
struct Seat(Arc<Site>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.live.add_permits(1);
    }
}

impl Seat {
    /// Waits until the change token is another; none when the end is near.
    async fn next(&self, project: Option<ProjectId>, before: &ChangeToken) -> Option<ChangeToken> {
        let site = &self.0;
        let clock = &site.web.clock;
        let pause = clock.in_real(if project.is_some() { READBACK_INTERVAL } else { ALL_EVERY });
        let mut ending = site.ending.clone();
        loop {
            tokio::select! {
                _ = ending.wait_for(|ended| *ended) => return None,
                () = clock.sleep(pause) => {}
            }
            // A store that ails says nothing new; the page stays as it is.
            match site.web.store.change_token(project).await {
                Ok(change_token) if change_token != *before => return Some(change_token),
                Ok(_) | Err(_) => {}
            }
        }
    }
}
