//! Tests of the whole: one binary, one file per subject.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod architecture;
mod browser;
mod cli;
mod config;
mod hogql;
mod lab;
mod message;
mod notify;
mod posthog;
mod process;
mod readme;
mod report;
mod sandbox;
mod settings;
mod store;
mod stories;
mod support;
mod web;
mod wire;
mod words;
