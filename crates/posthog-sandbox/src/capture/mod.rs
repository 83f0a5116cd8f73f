//! Capture: where events come in. The two endpoints differ in what they read and in what they answer; what the faults
//! does to a request, and what becomes of an event, is the same for both.

mod stamp;
mod storm;
mod token;
pub(super) mod v0;
pub(super) mod v1;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use super::body::{self, BadBody};
use super::instance::{Fate, Instance};
use super::server;
use storm::Wire;

pub(super) use storm::quoted;

/// Every path that capture does not know: an answer without a word.
pub(super) async fn nowhere() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// A request with its body read, as far as it could be.
struct Arrived {
    head: Parts,
    body: Result<Bytes, BadBody>,
}

/// Lets a request through the faults: cut, refused, or accepted by `accept` and then held or left without an answer.
async fn weathered(instance: &Instance, request: Request, wire: Wire, accept: impl FnOnce(&Instance, &Arrived) -> Response) -> Response {
    let fate = instance.fate();
    if fate == Fate::Cut {
        return server::cut();
    }
    let (head, body) = request.into_parts();
    let arrived = Arrived { head, body: body::read(body).await };
    let faults = instance.faults().capture;
    let answer = match faults.status {
        Some(status) => storm::rejection(status, faults.body.as_deref(), wire, arrived.head.uri.path()),
        // What is taken is taken before the answer is held: a client that hangs up has its event delivered all the same.
        None => accept(instance, &arrived),
    };
    instance.hold(faults.delay_ms).await;
    if fate == Fate::AnswerLost { server::cut() } else { answer }
}
