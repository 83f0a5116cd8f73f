//! The vocabulary: one type for each word that Heartbeat speaks.
//!
//! No IO, no async, no logging, and no other room is named here. Text is parsed at the door ([`Host::parse`],
//! [`ProjectToken::parse`], ...); inside, a value that exists is a value that is right.

mod access;
mod alert;
mod alert_settings;
mod app;
mod arrival;
mod beat;
mod channel;
mod channel_field;
mod channel_kind;
mod deed;
pub mod duration;
mod histogram;
mod hour;
mod incident;
mod keys;
mod notice;
mod outcome;
mod place;
mod project;
mod proxies;
mod reason;
mod receipt;
mod retention;
mod route;
mod rule;
mod secret;
mod sign_on;
mod span;
mod standing;
mod status_page;
mod time;
mod window;

pub use access::{Access, ApiToken, Digest, Invitation, Session, TokenId, User, UserId, UserName, UserNameError};
pub use alert::{IngestionAlertApp, Watch};
pub use app::{AppKind, Events, HeartbeatApp, SETTINGS, Setting};
pub use arrival::{Arrival, Glance, Look, LookFailure, LookTrouble, Traffic};
pub use beat::{Beat, Evidence, EvidenceOf, Recorded, Settled};
pub use channel::{Channel, ChannelId, ChannelSpec, Stopped, Values};
pub use channel_field::{Field, Takes};
pub use channel_kind::ChannelKind;
pub use deed::Deed;
pub use histogram::Histogram;
pub use hour::Hour;
pub use incident::{Acknowledged, Entry, EntryKind, Finding, Incident, IncidentId, Tally};
pub use keys::{KeyError, PersonalKey, ProjectToken};
pub use notice::{Delivery, IncidentFacts, Message, Notice, NoticeKind, NoticeState};
pub use outcome::Outcome;
pub use place::{Host, HostError, Region};
pub use project::{NameError, Pace, Project, ProjectId, ProjectName, ProjectSpec, Switch};
pub use proxies::Proxies;
pub use reason::innermost;
pub use receipt::{Phase, Phases, Quote, Receipt, Refusal, Reply};
pub use retention::Retention;
pub use route::{DistinctId, Endpoint, Route, RouteId, RouteSpec};
pub use rule::{Damping, Rule, RuleKind, Severity, Strand};
pub use secret::{Secret, SecretUrl};
pub use sign_on::{Allowed, IssuerAddress, NameClaim, NotAdmitted, Said, SignOn};
pub use span::span;
pub use standing::{Part, Parts, Standing, TokenWord};
pub use status_page::StatusPage;
pub use time::{Minute, Timestamp};
pub use window::{Cron, When, Window};
