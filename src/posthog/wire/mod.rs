//! From an address to an answer: dialling, keeping connections, exchanging one request for one answer.
//!
//! It knows HTTP and nothing of PostHog. The connections are kept here, on hyper's own client connections, and not in
//! hyper-util's pooling client: that one cannot be told to dial while it holds a connection (a beat a minute must, so
//! that its phases are real), dials once for every waiting request when cold, and opens no second HTTP/2 connection when the
//! streams of the first are used up.

mod decode;
mod dial;
mod exchange;
mod line;
mod origin;
mod proxy;
mod tls;
mod track;

pub(super) use dial::Dialer;
pub(super) use exchange::{Ask, Cut, Heard};
pub(super) use line::Line;
pub(super) use origin::Origin;
pub(super) use proxy::Rules;
pub(super) use tls::Tls;
pub(super) use track::Track;
