//! From evidence to the one diagnosis: where the way of an event is broken, who answered there, and what to do next.
//!
//! `heartbeat check` and the running service gather evidence in different ways, and ask these same functions what it means: an answer of capture's
//! ([`rejected`]), none ([`unreachable()`]), an event that was accepted and is not there ([`missing`]), and a reading that failed ([`unreadable`]).
//! An answer that is not PostHog's never says anything about PostHog.

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
