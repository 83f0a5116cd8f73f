//! `/healthz`: the process answers. `/readyz`: all loops are on schedule and the store is writable. Both contain no secrets.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::site::Site;
use crate::clock::Clock;
use crate::liveness::Loop;
use crate::model::Channel;

/// Maximum delay of a loop. Retention runs every ten minutes; notify runs every second, but a hanging receiver can block it for a while.
const fn deadline(of: Loop) -> Duration {
    match of {
        Loop::Pulse | Loop::Verify | Loop::Notify => Duration::from_mins(5),
        Loop::Retention => Duration::from_mins(25),
    }
}

/// Timeout of the store: probes do not wait long either.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    store: &'static str,
    loops: Vec<LoopView>,
    /// Names of the enabled channels that do not deliver. They do not affect `ready`.
    channels_not_delivering: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LoopView {
    name: &'static str,
    /// How far the loop is behind schedule; null before its first run.
    behind_ms: Option<i64>,
    deadline_ms: u64,
    ok: bool,
}

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(site): State<Arc<Site>>) -> Response {
    let store = match Clock::real_timeout(ANSWERS_WITHIN, site.web.store.check()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(_)) => "cannot be written to",
        Err(_) => "does not answer",
    };
    // The error text may contain an address: only logged-in users see it.
    let stopped = |channel: &Channel| channel.spec.enabled && channel.stopped.is_some();
    let channels = Clock::real_timeout(ANSWERS_WITHIN, site.web.store.channels());
    let channels = if store == "ok" { channels.await.ok().and_then(Result::ok).unwrap_or_default() } else { Vec::new() };
    let channels_not_delivering = channels.iter().filter(|channel| stopped(channel)).map(Channel::called).collect();
    let loops: Vec<LoopView> = Loop::ALL.into_iter().map(|of| view(&site, of)).collect();
    let ready = store == "ok" && loops.iter().all(|of| of.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, store, loops, channels_not_delivering })).into_response()
}

fn view(site: &Site, of: Loop) -> LoopView {
    let (behind_ms, deadline) = (site.web.liveness.behind_ms(of), deadline(of));
    let ok = behind_ms.is_some_and(|behind| behind <= deadline.as_millis() as i64);
    LoopView { name: of.name(), behind_ms, deadline_ms: deadline.as_millis() as u64, ok }
}
