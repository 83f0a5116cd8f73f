//! Everything known about PostHog's wire, as a client: sending a beat ([`capture`]), reading it back ([`query`]), asking
//! which PostHog this is ([`instance`]) and whether it knows a token ([`instance::knows_token`]).
//!
//! Takes values of the model and gives values of the model; keeps nothing but connections. It does not know what is due,
//! what was recorded, or what an answer means for anybody: a refusal is a value here, not an error.

mod answerer;
pub mod capture;
mod client;
mod excerpt;
pub mod instance;
mod page;
pub mod query;
mod settings;
mod token;
mod wire;

pub use client::Client;
pub use settings::{Settings, SettingsError};

/// How we call ourselves: in the user agent, in `$lib`, in `PostHog-Sdk-Info`.
pub const NAME: &str = "posthog-heartbeat";
/// Which of us.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The user agent of every request.
const AGENT: http::HeaderValue = http::HeaderValue::from_static(concat!("posthog-heartbeat/", env!("CARGO_PKG_VERSION")));
