//! Counts of beats per outcome.

use crate::model::Outcome;

/// The number of beats per outcome. PostHog's success or failure is shown by Arrived and Late, and by Lost, Rejected and Unreachable. Not
/// sent and Unverified are on Heartbeat's side, and Awaiting is not final: these three do not count for the availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    counts: [u32; Outcome::ALL.len()],
    /// Extra rows that PostHog made of a beat, without those that retries may have caused.
    pub duplicates: u32,
}

impl Ends {
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    #[must_use]
    pub fn sent(&self) -> u32 {
        self.counts.iter().sum::<u32>() - self.of(Outcome::NotSent)
    }

    /// Arrived or late.
    #[must_use]
    pub fn seen(&self) -> u32 {
        self.of(Outcome::Arrived) + self.of(Outcome::Late)
    }

    /// Lost, rejected or unreachable.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.of(Outcome::Lost) + self.of(Outcome::Rejected) + self.of(Outcome::Unreachable)
    }

    /// The share of seen beats among those that were seen or failed, from 0 to 1; `None` without any. Late counts as arrived, because the
    /// data is complete.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let decided = self.seen() + self.failed();
        (decided > 0).then(|| f64::from(self.seen()) / f64::from(decided))
    }

    pub(super) fn add(&mut self, outcome: Outcome, count: u32) {
        self.counts[outcome as usize] += count;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.duplicates += other.duplicates;
    }
}

/// Higher is worse; of several outcomes the worst one is shown.
pub(super) const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Arrived => 0,
        Outcome::Awaiting => 1,
        Outcome::NotSent => 2,
        Outcome::Unverified => 3,
        Outcome::Late => 4,
        Outcome::Lost => 5,
        Outcome::Unreachable => 6,
        Outcome::Rejected => 7,
    }
}

pub(super) fn more_severe(one: Option<Outcome>, other: Outcome) -> Option<Outcome> {
    one.into_iter().chain([other]).max_by_key(|outcome| rank(*outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_counts_neither_for_nor_against() {
        let mut ends = Ends::default();
        assert_eq!((ends.share(), ends.sent()), (None, 0));
        for (outcome, count) in [(Outcome::NotSent, 50), (Outcome::Unverified, 40), (Outcome::Awaiting, 30)] {
            ends.add(outcome, count);
        }
        assert_eq!((ends.share(), ends.sent()), (None, 70));
        for (outcome, count) in
            [(Outcome::Arrived, 80), (Outcome::Late, 10), (Outcome::Lost, 5), (Outcome::Rejected, 3), (Outcome::Unreachable, 2)]
        {
            ends.add(outcome, count);
        }
        assert_eq!(ends.share(), Some(0.9));
        assert_eq!((ends.seen(), ends.failed(), ends.sent()), (90, 10, 170));
        let mut twice = ends;
        twice.merge(&ends);
        assert_eq!((twice.share(), twice.of(Outcome::Late)), (Some(0.9), 20));
    }
}
