//! Counts of beats per outcome.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Outcome;

/// Number of beats by outcome.
// PostHog's success or failure is shown by `arrived` and `late`, and by `lost`, `rejected` and `unreachable`. `not_sent` and `unverified` are on
// Heartbeat's side, and `awaiting` is not final: these three do not count for the availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = EndsJson)]
pub struct Ends {
    /// Arrived on time.
    arrived: u32,
    /// Arrived late.
    late: u32,
    /// Accepted, but not found.
    lost: u32,
    /// Rejected by capture.
    rejected: u32,
    /// No response from capture.
    unreachable: u32,
    /// Accepted, but Heartbeat could not verify them.
    unverified: u32,
    /// Not sent by Heartbeat.
    not_sent: u32,
    /// Accepted, and not decided yet.
    awaiting: u32,
    /// Additional copies of beats that read-backs found, without those that retries may have caused.
    pub duplicates: u32,
}

impl Ends {
    const fn count(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Arrived => &mut self.arrived,
            Outcome::Late => &mut self.late,
            Outcome::Awaiting => &mut self.awaiting,
            Outcome::Lost => &mut self.lost,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Unreachable => &mut self.unreachable,
            Outcome::Unverified => &mut self.unverified,
            Outcome::NotSent => &mut self.not_sent,
        }
    }

    #[must_use]
    pub const fn of(mut self, outcome: Outcome) -> u32 {
        *self.count(outcome)
    }

    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.seen() + self.failed() + self.awaiting + self.unverified
    }

    /// Arrived or late.
    #[must_use]
    pub const fn seen(&self) -> u32 {
        self.arrived + self.late
    }

    /// Lost, rejected or unreachable.
    #[must_use]
    pub const fn failed(&self) -> u32 {
        self.lost + self.rejected + self.unreachable
    }

    /// The share of seen beats among those that were seen or failed, from 0 to 1; `None` without any. Late counts as arrived, because the
    /// data is complete.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let decided = self.seen() + self.failed();
        (decided > 0).then(|| f64::from(self.seen()) / f64::from(decided))
    }

    pub(super) fn add(&mut self, outcome: Outcome, count: u32) {
        *self.count(outcome) += count;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for outcome in Outcome::ALL {
            self.add(outcome, other.of(outcome));
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
