//! The stored timestamp of an event.

use crate::moment::Moment;

/// A timestamp may be at most 23 hours ahead of the server's clock.
const FURTHEST_AHEAD_MS: i64 = 23 * 3600 * 1000;

#[derive(Debug, Clone, Copy)]
pub(super) struct Stated {
    /// By the sender's clock.
    pub(super) timestamp: Option<Moment>,
    /// By the sender's clock. `None` if it was not stated, or is to be ignored.
    pub(super) sent_at: Option<Moment>,
}

impl Stated {
    /// For an event received at `now`: corrects the sender's clock error if `sent_at` is known. A result too far ahead becomes `now`.
    pub(super) fn stored(self, now: Moment) -> Moment {
        let Some(timestamp) = self.timestamp else { return now };
        let corrected = match self.sent_at {
            Some(sent_at) => Moment::from_us(now.us().saturating_sub(sent_at.since_us(timestamp))),
            None => timestamp,
        };
        if corrected > now.plus_ms(FURTHEST_AHEAD_MS) { now } else { corrected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_ms(1_000_000_000_000);

    #[test]
    fn a_clock_that_is_wrong_by_an_hour_is_put_right() {
        let sent_at = NOW.plus_ms(3_600_000);
        let stated = Stated { timestamp: Some(sent_at.plus_ms(-250)), sent_at: Some(sent_at) };
        assert_eq!(stated.stored(NOW), NOW.plus_ms(-250));
    }

    #[test]
    fn without_sent_at_a_timestamp_is_believed_up_to_23_hours_ahead() {
        let at = |ms| Stated { timestamp: Some(NOW.plus_ms(ms)), sent_at: None }.stored(NOW);
        assert_eq!(at(-5), NOW.plus_ms(-5));
        assert_eq!(at(FURTHEST_AHEAD_MS), NOW.plus_ms(FURTHEST_AHEAD_MS));
        assert_eq!(at(FURTHEST_AHEAD_MS + 1), NOW);
        assert_eq!(Stated { timestamp: None, sent_at: None }.stored(NOW), NOW);
    }
}
