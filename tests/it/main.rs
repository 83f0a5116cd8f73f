//! Tests of the whole: one binary, one file per subject.

mod architecture;
mod cli;
mod config;
mod posthog;
mod store;
mod support;
