//! The facts about a project that a verdict is made from.

use crate::model::{Evidence, Minute, ProjectSpec, Readback, Recorded, Route, Timestamp};

#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub now: Timestamp,
    pub spec: &'a ProjectSpec,
    /// Since when Heartbeat is enabled; none if it is not.
    pub on_since: Option<Timestamp>,
    pub routes: &'a [Route],
    /// The beats of the last hours, oldest first.
    pub beats: &'a [Recorded],
    /// The evidence of failures among them, oldest first.
    pub evidence: &'a [Evidence],
    pub readback: Option<&'a Readback>,
    /// Since when beats are known to be missing, if that is before `beats`.
    pub first_bad: Option<Minute>,
}
