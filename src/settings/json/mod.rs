//! What is set up, for programs: the same fields in `--json` of the command line and in the answers of the API.

mod app;
mod channel;
mod field;
mod project;

pub use app::{AppKindJson, InstalledAppJson, RouteJson};
pub use channel::{ChannelJson, ChannelKindJson, DeliveryJson, ResentJson, TestedJson, channel_state};
pub use field::FieldJson;
pub use project::ProjectJson;
