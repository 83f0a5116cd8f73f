//! The vocabulary: one type for each word that Heartbeat speaks.
//!
//! No IO, no async, no logging, and no other room is named here. Text is parsed at the door ([`Host::parse`],
//! [`ProjectToken::parse`], ...); inside, a value that exists is a value that is right.

mod app;
mod arrival;
mod beat;
mod histogram;
mod hour;
mod keys;
mod outcome;
mod place;
mod project;
mod receipt;
mod route;
mod span;
mod time;

pub use app::{AppKind, Events, HeartbeatApp, SETTINGS, Setting};
pub use arrival::{Arrival, Look, LookFailure, LookTrouble, Standing, TokenWord, Traffic};
pub use beat::{Beat, Evidence, EvidenceOf, Recorded, Settled};
pub use histogram::Histogram;
pub use hour::Hour;
pub use keys::{KeyError, PersonalKey, ProjectToken};
pub use outcome::Outcome;
pub use place::{Host, HostError, Region};
pub use project::{NameError, Pace, Project, ProjectId, ProjectName, ProjectSpec, Switch};
pub use receipt::{Phase, Phases, Quote, Receipt, Refusal, Reply};
pub use route::{DistinctId, Endpoint, Route, RouteId, RouteSpec};
pub use span::span;
pub use time::{Minute, Timestamp};
