//! Tests of the whole: one binary, one file per subject.

<<<<<<< HEAD
mod architecture;
mod cli;
mod config;
=======
#![expect(clippy::unwrap_used, reason = "an unwrap in a test is one of its assertions")]

>>>>>>> sandbox
mod hogql;
mod posthog;
mod sandbox;
mod store;
mod stories;
mod support;
mod wire;
