//! How late beats are: the time from the slot until the sink has the beat, in real time.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Histogram;

/// A beat is late after this time.
pub(super) const LATE_AFTER: Duration = Duration::from_millis(250);

/// Percentiles within 4 %.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lateness {
    /// A histogram counts milliseconds, which is too coarse: each one stands for a microsecond.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    histogram: Histogram,
    longest: Duration,
}

impl Lateness {
    pub(super) fn add(&mut self, late: Duration) {
        self.histogram.add(Duration::from_millis(late.as_micros() as u64));
        self.longest = self.longest.max(late);
    }

    pub fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        self.longest = self.longest.max(other.longest);
    }

    /// None if there was no beat.
    #[must_use]
    pub fn percentile_ms(&self, share: f64) -> Option<f64> {
        // The middle of the last bucket may lie behind the longest one.
        self.histogram.percentile(share).map(|late| ms(Duration::from_micros(late.as_millis() as u64).min(self.longest)))
    }

    #[must_use]
    pub fn longest_ms(&self) -> f64 {
        ms(self.longest)
    }
}

fn ms(late: Duration) -> f64 {
    late.as_secs_f64() * 1e3
}

fn write<S: Serializer>(histogram: &Histogram, serializer: S) -> Result<S::Ok, S::Error> {
    histogram.to_bytes().serialize(serializer)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Histogram, D::Error> {
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    Histogram::from_bytes(&bytes).ok_or_else(|| de::Error::custom("not a histogram"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_finer_than_a_millisecond_also_after_the_pipe_and_merging() {
        let mut all = Lateness::default();
        for part in 0..2 {
            let mut lateness = Lateness::default();
            (0..1000).for_each(|at| lateness.add(Duration::from_micros(at * 2 + part)));
            let piped: Lateness = serde_json::from_str(&serde_json::to_string(&lateness).unwrap()).unwrap();
            all.merge(&piped);
        }
        for (share, is) in [(0.5, 1.0), (0.99, 1.98), (0.2, 0.4)] {
            let measured = all.percentile_ms(share).unwrap();
            assert!((measured / is - 1.0).abs() < 0.05, "{share}: {measured} is not {is}");
        }
        assert!((all.longest_ms() - 1.999).abs() < 1e-9);
        assert_eq!(Lateness::default().percentile_ms(0.5), None);
    }
}
