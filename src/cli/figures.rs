//! The figures of beats in words.

use std::time::Duration;

use crate::model::{Outcome, Recorded, span};
use crate::report::Lags;

/// `120 arrived`, `3 late`: the outcomes that occurred.
pub(super) fn counts(of: impl Fn(Outcome) -> u32) -> Vec<String> {
    Outcome::ALL.into_iter().filter(|outcome| of(*outcome) > 0).map(|outcome| format!("{} {outcome}", of(outcome))).collect()
}

/// `p50 1.8s`, `p95 2.0s`, `p99 2.4s`.
pub(super) fn percentiles(lags: &Lags) -> [String; 3] {
    let lag = |lag: Option<Duration>| lag.map_or_else(|| "–".into(), span);
    [("p50", lags.p50), ("p95", lags.p95), ("p99", lags.p99)].map(|(name, value)| format!("{name} {}", lag(value)))
}

/// `ingested after 1.8s, queryable after 0s to 20s`.
pub(super) fn lags_of(beat: &Recorded) -> Option<String> {
    Some(format!("ingested after {}, {}", span(beat.ingested_lag()?), queryable(beat)?))
}

/// `queryable after 0s to 20s`.
pub(super) fn queryable(beat: &Recorded) -> Option<String> {
    let (after, within) = beat.queryable_lag()?;
    Some(format!("queryable after {} to {}", span(after), span(within)))
}
