//! Tests of the whole: one binary, one file per subject.

mod hogql;
mod sandbox;
mod wire;
