//! Tests of the whole: one binary, one file per subject.

#![expect(clippy::unwrap_used, reason = "an unwrap in a test is one of its assertions")]

mod hogql;
mod sandbox;
mod wire;
