//! Judging: pure rules from evidence to outcomes, and from outcomes to a verdict. No IO, no clock, no state: the same evidence always gives the
//! same result.

mod alert;
mod complete;
pub mod diagnosis;
mod facts;
mod finding;
#[cfg(test)]
mod letters;
mod loss;
mod mark;
mod outcome;
mod partition;
mod verdict;

pub use alert::{Change, History, Replayed, Scene, Step, abandon, aftermath, as_of, changes, ending, holding, lookback, may_hold, replay};
pub use complete::{complete_through, is_complete};
pub use facts::Facts;
pub use finding::silent_route;
pub use outcome::{Sighting, after_readback, blind};
pub use partition::{Partitions, partitions};
pub use verdict::{Health, Verdict, verdict};
