//! Random decisions at a given rate. The generator is seeded: every run makes the same decisions.

/// `SplitMix64`.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Rates of 0 and 1 draw no number.
    pub(super) fn happens(&mut self, rate: f64) -> bool {
        if rate <= 0.0 {
            return false;
        }
        rate >= 1.0 || self.draw() < rate
    }

    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_and_never_are_certain_and_the_rest_is_about_right() {
        let mut chance = Chance::seeded(1);
        assert!((0..1000).all(|_| chance.happens(1.0)));
        assert!(!(0..1000).any(|_| chance.happens(0.0)));
        let tenth = (0..10_000).filter(|_| chance.happens(0.1)).count();
        assert!((800..1200).contains(&tenth), "{tenth} of 10,000 at a rate of 0.1");
    }

    #[test]
    fn the_same_seed_meets_the_same_luck() {
        let run = || {
            let mut chance = Chance::seeded(7);
            (0..64).map(|_| chance.happens(0.5)).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
    }
}
