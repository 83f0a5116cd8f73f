//! HTTP connections and exchanges; knows nothing about PostHog.
//!
//! Built on hyper's client connections instead of hyper-util's pool: the pool cannot open a new connection while it has an idle one (a beat
//! needs this, so that its phases are measured), opens one for every waiting request at the start, and opens no second HTTP/2 connection
//! when the streams of the first are used up.

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
