//! Tests of the whole: one binary, one file per subject.

mod architecture;
mod cli;
mod config;
mod hogql;
mod posthog;
mod sandbox;
mod store;
mod stories;
mod support;
mod wire;
