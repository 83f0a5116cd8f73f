//! Judging: pure rules from evidence to outcomes, and from outcomes to a verdict.
//!
//! No IO, no clock, no memory: the same evidence gives the same answer in whatever order and however often it is asked.

mod outcome;
mod verdict;

pub use outcome::{Sighting, after_look, blind};
pub use verdict::{Cause, Facts, Health, Verdict, complete_through, verdict};
