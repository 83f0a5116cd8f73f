//! To which ends beats came, counted.

use crate::model::Outcome;

/// How many beats came to which end.
///
/// What of it says something about PostHog, and what is ours: a beat was taken and seen (`Arrived`, `Late`), or PostHog failed it (`Lost`,
/// `Refused`, `Unreachable`). `Not sent` and `Unverified` are ours, and `Awaiting` is not decided: none of the three counts for or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    counts: [u32; Outcome::ALL.len()],
    /// Rows beyond one that PostHog made of a beat; those that our own tries left are none.
    pub duplicates: u32,
}

impl Ends {
    /// How many ended so.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    /// How many beats were sent: all but those that were not.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.counts.iter().sum::<u32>() - self.of(Outcome::NotSent)
    }

    /// How many were seen, late ones with them.
    #[must_use]
    pub fn seen(&self) -> u32 {
        self.of(Outcome::Arrived) + self.of(Outcome::Late)
    }

    /// How many PostHog failed: lost, refused, unreachable.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.of(Outcome::Lost) + self.of(Outcome::Rejected) + self.of(Outcome::Unreachable)
    }

    /// The share that arrived, from 0 to 1, of those that were seen or failed; none where there is none of either. Late is arrived: the data is
    /// complete.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let decided = self.seen() + self.failed();
        (decided > 0).then(|| f64::from(self.seen()) / f64::from(decided))
    }

    /// Counts `count` more that ended so.
    pub(super) fn add(&mut self, outcome: Outcome, count: u32) {
        self.counts[outcome as usize] += count;
    }

    /// Counts everything that `other` counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.duplicates += other.duplicates;
    }
}

/// The graver, the higher: of several outcomes the gravest is shown.
pub(super) const fn gravity(outcome: Outcome) -> u8 {
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

/// The graver of the two.
pub(super) fn more_severe(one: Option<Outcome>, other: Outcome) -> Option<Outcome> {
    one.into_iter().chain([other]).max_by_key(|outcome| gravity(*outcome))
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
