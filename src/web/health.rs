//! `/healthz`: the process answers. `/readyz`: each loop keeps up with what is due, and the store can be written to. For orchestrators and
//! balancers; nothing that they say is a secret.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::site::Site;
use crate::clock::Clock;
use crate::config::channel::called;
use crate::liveness::Loop;
use crate::model::Channel;

/// How far a loop may be behind before it is not ready. Keeping takes ten minutes a round; telling comes each second, but a hanging
/// receiver may hold it for a while.
const fn deadline(of: Loop) -> Duration {
    match of {
        Loop::Pulse | Loop::Verify | Loop::Notify => Duration::from_mins(5),
        Loop::Keep => Duration::from_mins(25),
    }
}

/// How long the store may take. Whoever asks for readiness does not wait for long either.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// Whether Heartbeat does its work.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    store: &'static str,
    loops: Vec<LoopView>,
    /// The enabled channels that do not deliver, by name. Heartbeat does its work all the same.
    channels_not_delivering: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LoopView {
    name: &'static str,
    /// How far it is behind what is due; null before its first sign of life.
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
    // What they said may name an address: it is on the page, for those who may see it.
    let stopped = |channel: &Channel| channel.spec.enabled && channel.stopped.is_some();
    let channels = Clock::real_timeout(ANSWERS_WITHIN, site.web.store.channels());
    let channels = if store == "ok" { channels.await.ok().and_then(Result::ok).unwrap_or_default() } else { Vec::new() };
    let channels_not_delivering = channels.iter().filter(|channel| stopped(channel)).map(called).collect();
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
