//! Heartbeat: one event a minute into PostHog, read back, and the truth told about it.
//!
//! The rooms, from the bottom up; which may name which is a table in `tests/it/architecture.rs`.

pub mod clock;
pub mod model;
pub mod sandbox;
pub mod store;
