//! The page and the API, asked over real sockets as a browser or a program asks.

mod apps;
mod badges;
mod beats;
pub(crate) mod bed;
mod changes;
mod channels;
mod connections;
mod described;
mod entering;
mod figures;
mod first_minute;
mod fuzzing;
mod guarding;
mod history;
mod incidents;
#[cfg(feature = "oidc")]
mod issuer;
mod machines;
mod maintenance;
mod metrics;
#[cfg(feature = "oidc")]
mod oidc;
mod program;
mod project;
mod projects;
mod refusing;
mod rules;
mod settings;
mod status_pages;
mod versions;
