//! Changes to what is set up: projects, apps, channels, maintenance windows, status pages; and what a person says of incidents. Once, for the command
//! line and the page.
//!
//! What should be is made by [`crate::config`]. The [`Desk`] is the one way to write: it reads what is, lets somebody say what should be, and writes
//! the difference with who made it, again when another was faster. Knows neither flags nor pages.

pub mod app;
mod by;
mod cost;
mod deeds;
mod desk;
mod history;
pub mod incident;
mod json;
mod kept;
pub mod replay;
mod replayed;
mod stored;
pub mod trial;
mod trouble;

pub use by::By;
pub use cost::Cost;
pub use deeds::subject_of;
pub use desk::{Desk, Done};
pub use json::{
    AppKindJson, ChannelJson, ChannelKindJson, DeliveryJson, FieldJson, InstalledAppJson, ProjectJson, ResentJson, RouteJson, TestedJson,
    channel_state,
};
pub use kept::Kept;
pub use replayed::{FoundJson, HoleJson, ReplayJson, SumJson};
pub use stored::Stored;
pub use trouble::{Clash, EditError};
