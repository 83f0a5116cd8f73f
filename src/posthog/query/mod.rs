//! Reading back: one HogQL query per project and look, holding every question of it.

mod answer;
mod look;
mod project;
mod statement;

pub use look::{Answer, Question, TRAFFIC_OF, Watched, look};
pub use project::find_project;
pub use statement::{MAX_BEATS_A_LOOK, statement};
