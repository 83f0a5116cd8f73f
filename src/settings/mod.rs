//! Changes to the configuration and to incidents, for the command line, the page and the API.
//! [`crate::config`] builds the desired state. The [`SettingsService`] is the only way to write: it reads the current state, applies the
//! desired one and writes the difference with its author. It retries after a concurrent change.

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
mod version;

pub use audit::subject_of;
pub use by::By;
pub use cost::Cost;
pub use entity::StoredEntity;
pub use error::{ChangeError, Clash};
pub use json::{
    AppKindJson, ChannelJson, ChannelKindJson, DeliveryJson, FieldJson, InstalledAppJson, ProjectJson, ResentJson, RouteJson, TestedJson,
    channel_state, property,
};
pub use replayed::{FoundJson, HoleJson, ReplayJson, SumJson};
pub use service::{Done, SettingsService};
pub use stored::Stored;
pub use version::EntityVersion;
