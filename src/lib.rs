//! Heartbeat: one event a minute into PostHog, read back, and the truth told about it.
//!
//! The rooms, from the bottom up; which may name which is a table in `tests/it/architecture.rs`, and a test.

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
