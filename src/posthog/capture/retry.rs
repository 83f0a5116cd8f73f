//! How long to wait before the next try.

use std::time::Duration;

use uuid::Uuid;

/// Mean pause before the second try; twice as long for each later one.
const FIRST: Duration = Duration::from_millis(300);
/// Upper bound of the mean: all tries must fit in a minute.
const LONGEST: Duration = Duration::from_secs(8);

/// The pause after this try, varied by up to half so that beats that failed together are not retried
/// together. The variation comes from the beat's uuid: nothing is random.
pub(super) fn pause(uuid: Uuid, tries: u8) -> Duration {
    let mean = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST);
    // The last bytes of a beat's uuid are a hash; each try uses another one.
    let byte = uuid.as_bytes()[15 - usize::from(tries % 6)];
    mean.mul_f64(0.5 + f64::from(byte) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_bounded_and_differ_between_beats() {
        let low = Uuid::from_bytes([0; 16]);
        let high = Uuid::from_bytes([255; 16]);
        assert_eq!(pause(low, 1), Duration::from_millis(150));
        assert_eq!(pause(high, 1), Duration::from_millis(450));
        assert_eq!(pause(low, 3), Duration::from_millis(600));
        for tries in 6..=u8::MAX {
            assert_eq!((pause(low, tries), pause(high, tries)), (LONGEST / 2, LONGEST * 3 / 2), "{tries}");
        }
    }
}
