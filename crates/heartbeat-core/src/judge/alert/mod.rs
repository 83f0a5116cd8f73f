//! Ingestion Alert's rules: from the records of a project to its incidents. The loop calls [`changes`] with a [`Scene`] after each read-back.
//! Only the open incidents are carried over, so the same records give the same incidents in any batches. Rules turn records into good and
//! bad marks, damping turns marks into "the rule holds", a change opens, keeps or closes an incident. [`replay`] does this over history.

mod aftermath;
mod change;
mod damping;
mod ended;
#[cfg(test)]
mod endings;
mod extent;
mod find;
#[cfg(test)]
mod fixture;
mod holding;
mod loss;
mod marks;
#[cfg(test)]
mod properties;
mod replay;
mod samples;
mod scene;
mod step;
#[cfg(test)]
mod stories;
mod tally;
mod then;

pub use aftermath::aftermath;
pub use change::{Change, changes};
pub use holding::holding;
pub use replay::{History, Replayed, replay};
pub use scene::{Scene, lookback};
pub use step::{Step, abandon};
pub use tally::ending;
pub use then::as_of;
