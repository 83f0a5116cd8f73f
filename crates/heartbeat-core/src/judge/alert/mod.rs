//! Ingestion Alert's rules: from the records of a project to its incidents. The loop calls [`changes`] with a [`Scene`] after each read-back.
//! Only the open incidents are carried over, so the same records give the same incidents in any batches. Rules turn records into good and
//! bad marks, damping turns marks into "the rule holds", a change opens, keeps or closes an incident. [`replay`] does this over history.
//! Each rule is a file of `rules`, with a [`row::Row`]; no other file knows one rule from another.

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
mod marks;
#[cfg(test)]
mod properties;
mod reach;
mod replay;
mod row;
mod rules;
mod scene;
mod step;
#[cfg(test)]
mod stories;
mod tally;
mod then;

pub use aftermath::aftermath;
pub use change::{Change, changes};
pub use holding::{holding, may_hold};
pub use reach::lookback;
pub use replay::{History, Replayed, replay};
pub use scene::Scene;
pub use step::{Step, abandon};
pub use tally::ending;
pub use then::as_of;
