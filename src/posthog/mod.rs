//! The client of PostHog: sends beats ([`capture`]), reads them back ([`query`]), and finds out which PostHog it is
//! ([`instance`]) and whether it knows a token ([`instance::knows_token`]).
//!
//! Keeps no state except connections. A rejection is a value here, not an error.

mod answerer;
pub mod capture;
mod client;
mod excerpt;
pub mod instance;
mod page;
mod printable;
pub mod query;
mod settings;
mod token;
mod wire;

pub use client::Client;
pub use settings::Settings;

pub const NAME: &str = "posthog-heartbeat";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const AGENT: http::HeaderValue = http::HeaderValue::from_static(concat!("posthog-heartbeat/", env!("CARGO_PKG_VERSION")));
