//! Heartbeat sends one event a minute to PostHog, reads it back and reports the result. A test in `tests/it/architecture.rs` checks which
//! module may use which.

pub use heartbeat_clock::clock;
pub use heartbeat_core::{judge, message, model};
pub use posthog_sandbox as sandbox;

pub mod config;
pub mod store;

pub mod lifecycle;
pub mod liveness;
pub mod posthog;

pub mod auth;
pub mod check;
pub mod notify;
pub mod pulse;
pub mod report;
pub mod retention;
pub mod settings;
pub mod verify;
pub mod web;

pub mod app;
pub mod cli;
