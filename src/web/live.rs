//! Live pages: a stream of server-sent events that reports changes. It carries no data; the page reloads itself.

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

/// Interval of checks for one project, in real time: short, because users wait for a first beat.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of checks for all projects: among many projects something changes all the time.
const CHECK_ALL_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
pub(super) struct Watched {
    project: Option<String>,
}

pub(super) async fn live(_visitor: Visitor, State(site): State<Arc<Site>>, Query(watched): Query<Watched>) -> Result<Response, WebError> {
    let project = match &watched.project {
        Some(name) => Some(site.project(name).await?.id),
        None => None,
    };
    let full = || WebError::Busy("too many live pages are open; reload this page to update it".to_owned());
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
    // Keeps nginx from buffering the stream.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Seat(Arc<Site>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.live.add_permits(1);
    }
}

impl Seat {
    /// Waits until the change token changes; none when the server stops.
    async fn next(&self, project: Option<ProjectId>, before: &ChangeToken) -> Option<ChangeToken> {
        let site = &self.0;
        let clock = &site.web.clock;
        let pause = clock.in_real(if project.is_some() { CHECK_INTERVAL } else { CHECK_ALL_INTERVAL });
        let mut ending = site.ending.clone();
        loop {
            tokio::select! {
                _ = ending.wait_for(|ended| *ended) => return None,
                () = clock.sleep(pause) => {}
            }
            // If the store fails, the page stays as it is.
            match site.web.store.change_token(project).await {
                Ok(change_token) if change_token != *before => return Some(change_token),
                Ok(_) | Err(_) => {}
            }
        }
    }
}
