//! The configuration as JSON, for `--json` on the command line and for the API.

mod app;
mod channel;
mod field;
mod project;

pub use app::{AppKindJson, InstalledAppJson, RouteJson};
pub use channel::{ChannelJson, ChannelKindJson, DeliveryJson, ResentJson, TestedJson, channel_state};
pub use field::{FieldJson, property};
pub use project::ProjectJson;
