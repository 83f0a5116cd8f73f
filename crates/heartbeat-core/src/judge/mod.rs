//! Judging: pure rules from evidence to outcomes, and from outcomes to a verdict. No IO, no clock, no state: the same evidence always gives the
//! same result.

mod alert;
mod complete;
pub mod diagnosis;
mod finding;
#[cfg(test)]
mod letters;
mod outcome;
mod partition;
mod verdict;

pub use alert::{History, Replayed, Scene, Step, abandon, aftermath, as_of, ending, holding, lookback, replay, step, steps};
pub use complete::{complete_through, is_complete};
pub use finding::silent_route;
pub use outcome::{Sighting, after_readback, blind};
pub use partition::{Partitions, partitions};
pub use verdict::{Facts, Health, Verdict, verdict};
