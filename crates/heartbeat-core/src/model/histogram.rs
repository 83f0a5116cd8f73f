//! A histogram of lags that can be merged and keeps its percentiles: each bucket is 8 % wider than the one before.

use std::time::Duration;

use super::leb128;

/// The end of each bucket relative to its beginning; a percentile is exact within half of it.
const GROWTH: f64 = 1.08;

/// Counts of lags by size. Percentiles are within 4 % of the true value, even after merging.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram(
    /// Buckets and counts, in the order of the buckets, each once.
    Vec<(u16, u32)>,
);

impl Histogram {
    pub fn add(&mut self, lag: Duration) {
        self.add_to(bucket_of(lag), 1);
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add_to(*bucket, *count);
        }
    }

    fn add_to(&mut self, bucket: u16, count: u32) {
        match self.0.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.0[at].1 += count,
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The lag that a `share` (0 to 1) of the counted ones do not exceed; none for an empty histogram.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = (share.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        self.0.iter().find_map(|(bucket, count)| {
            below += u64::from(*count);
            (below >= rank).then(|| middle_of(*bucket))
        })
    }

    /// The stored form: pairs of (distance from the bucket before, count) as LEB128.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 2);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            leb128::push(&mut bytes, u32::from(bucket - before));
            leb128::push(&mut bytes, *count);
            before = *bucket;
        }
        bytes
    }

    /// Reads [`Histogram::to_bytes`]; none for other bytes.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut histogram = Self(Vec::with_capacity(bytes.len() / 2));
        let mut bucket = 0_u16;
        while !bytes.is_empty() {
            let after = u16::try_from(leb128::take(&mut bytes)?).ok()?;
            if after == 0 && !histogram.0.is_empty() {
                return None;
            }
            bucket = bucket.checked_add(after)?;
            histogram.0.push((bucket, leb128::take(&mut bytes)?));
        }
        Some(histogram)
    }
}

fn bucket_of(lag: Duration) -> u16 {
    let ms = lag.as_secs_f64() * 1e3;
    if ms < 1.0 { 0 } else { (ms.ln() / GROWTH.ln()) as u16 + 1 }
}

fn middle_of(bucket: u16) -> Duration {
    match bucket {
        0 => Duration::ZERO,
        _ => Duration::from_secs_f64(GROWTH.powf(f64::from(bucket) - 0.5) / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_are_near_the_truth_also_after_merging_and_storing(
            lags in prop::collection::vec(1_u64..100_000_000, 1..200), cut in 0_usize..200, share in 0.0..1.0_f64,
        ) {
            let (mut one, mut other) = (Histogram::default(), Histogram::default());
            for (at, ms) in lags.iter().enumerate() {
                if at < cut { &mut one } else { &mut other }.add(Duration::from_millis(*ms));
            }
            one.merge(&Histogram::from_bytes(&other.to_bytes()).unwrap());
            let mut sorted = lags.clone();
            sorted.sort_unstable();
            let rank = ((share * lags.len() as f64).ceil() as usize).max(1);
            let (truth, said) = (sorted[rank - 1] as f64, one.percentile(share).unwrap().as_secs_f64() * 1e3);
            prop_assert!((said / truth - 1.0).abs() < 0.041, "{said} for {truth}");
            prop_assert_eq!(one.count(), lags.len() as u64);
        }

        #[test]
        fn bytes_that_are_no_histogram_are_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Histogram::from_bytes(&bytes);
        }
    }
}
