//! Reading back: one HogQL query per project and look, holding every question of it. And what is asked beside it, each by itself: which project it
//! is, what the key may do, why events stay away.

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
