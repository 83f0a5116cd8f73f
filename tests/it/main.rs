//! Tests of the whole: one binary, one file per subject.

mod cli;
mod config;
mod store;
mod support;
