//! Capture, versions 0 and 1. The endpoints differ in request and answer format; faults and the queue are the same for both.

mod problem;
mod rejection;
mod stamp;
mod token;
pub(super) mod v0;
pub(super) mod v1;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use super::body::{self, BadBody};
use super::fault_answer::cut;
use super::instance::{Fate, Instance};
use rejection::Wire;

/// Unknown paths: an empty 404.
pub(super) async fn nowhere() -> StatusCode {
    StatusCode::NOT_FOUND
}

struct Arrived {
    head: Parts,
    body: Result<Bytes, BadBody>,
}

/// Applies the faults to a request: closes the connection, answers the configured status, or calls `accept` and then delays or
/// drops its answer.
async fn with_faults(instance: &Instance, request: Request, wire: Wire, accept: impl FnOnce(&Instance, &Arrived) -> Response) -> Response {
    let fate = instance.fate();
    if fate == Fate::Cut {
        return cut();
    }
    let (head, body) = request.into_parts();
    let arrived = Arrived { head, body: body::read(body).await };
    let faults = instance.faults().capture;
    let answer = match faults.status {
        Some(status) => rejection::of_status(status, faults.body.as_deref(), wire, arrived.head.uri.path()),
        // Before the delay: the event is accepted even if the client disconnects.
        None => accept(instance, &arrived),
    };
    instance.hold(faults.delay_ms).await;
    if fate == Fate::AnswerLost { cut() } else { answer }
}
