//! Tests of the whole: one binary, one file per subject.

mod posthog;
