//! Tests of the whole: one binary, one file per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod store;
mod support;
