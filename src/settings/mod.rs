//! Changes to what is set up: projects, apps, channels, maintenance windows, status pages; and what a person says of incidents. Once, for the command
//! line and the page.
//!
//! What should be is made by [`crate::config`]. The [`Desk`] is the one way to write: it reads what is, lets somebody say what should be, and writes
//! the difference with who made it, again when another was faster. Knows neither flags nor pages.

pub mod app;
mod audit;
mod by;
mod cost;
mod entity;
mod error;
mod history;
pub mod incident;
mod json;
pub mod replay;
mod replayed;
mod service;
mod stored;
pub mod trial;

pub use audit::subject_of;
pub use by::By;
pub use cost::Cost;
pub use entity::StoredEntity;
pub use error::{ChangeError, Clash};
pub use json::{
    AppKindJson, ChannelJson, ChannelKindJson, DeliveryJson, FieldJson, InstalledAppJson, ProjectJson, ResentJson, RouteJson, TestedJson,
    channel_state,
};
pub use replayed::{FoundJson, HoleJson, ReplayJson, SumJson};
pub use service::{Done, SettingsService};
pub use stored::Stored;
