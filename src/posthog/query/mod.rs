//! The read-back: one HogQL query per project and minute. Separate requests find the project, the scopes of the key, and why events are
//! missing.

mod answer;
mod clocks;
mod dropped;
mod failure;
mod key;
mod project;
mod readback;
mod rewritten;
mod statement;

pub use dropped::{Inquiry, Missed, quota, what_drops};
pub use key::key_scopes;
pub use project::{FoundProject, ProjectPath, find_project, has_token};
pub use readback::{Answer, Question, TRAFFIC_OF, Watched, readback};
pub use rewritten::{Sent, readback_rewritten, statement_of_rewritten};
pub use statement::{MAX_BEATS_A_READBACK, statement};
