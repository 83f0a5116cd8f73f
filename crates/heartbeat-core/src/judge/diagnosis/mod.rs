//! From evidence to one diagnosis: where the way of an event is broken, who answered there, and what to do. `heartbeat check` and the service
//! gather evidence differently and use the same functions: [`rejected`], [`unreachable()`], [`missing`] and [`unreadable`]. A response that is
//! not PostHog's says nothing about PostHog.

mod answered;
mod fix;
mod missing;
mod redirect;
mod sdks;
mod traffic;
mod unreachable;
mod unreadable;
mod way;

pub use answered::rejected;
pub use missing::{Direct, Missing, Others, altered_token, filtered, missing, rewritten, takes_everything, unknown_token, wrong_region};
pub use traffic::{answers_lost, late, no_events, not_running, partial_loss, partitions, quiet, wrong_clock};
pub use unreachable::unreachable;
pub use unreadable::unreadable;
pub use way::Way;
