//! The hourly read budget of API queries: a token bucket of bytes per project, which holds at most 24 hours of refill. The query
//! that empties the bucket still runs; the next one is rejected.

use std::collections::HashMap;

use super::faults::Budget;
use super::moment::Moment;

/// The bytes that a query reads per row of its project: an estimate; ClickHouse's figure depends on the columns.
pub(super) const BYTES_A_ROW: i64 = 48;

const HOUR_MS: i128 = 3600 * 1000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    bytes: i64,
    at: Moment,
}

/// By project id; a project without an entry has the full budget.
#[derive(Debug, Default)]
pub(super) struct Budgets(HashMap<u32, Bucket>);

impl Budgets {
    /// Seconds until the project may query again, at most 3600; `None` if it may query now.
    pub(super) fn wait_s(&mut self, project: u32, budget: Budget, now: Moment) -> Option<u32> {
        let missing = -i128::from(self.bytes(project, budget, now));
        if missing < 0 {
            return None;
        }
        let wait_ms = (missing + 1) * HOUR_MS / i128::from(budget.refill_bytes_per_hour);
        Some(wait_ms.div_euclid(1000).clamp(0, 3599) as u32 + 1)
    }

    /// Subtracts the bytes that a query read, and returns the remaining bytes, at least 0.
    pub(super) fn debit(&mut self, project: u32, budget: Budget, read: i64, now: Moment) -> i64 {
        let floor = -i64::try_from(budget.refill_bytes_per_hour).unwrap_or(i64::MAX);
        let bytes = self.bytes(project, budget, now).saturating_sub(read).max(floor);
        self.0.insert(project, Bucket { bytes, at: now });
        bytes.max(0)
    }

    fn bytes(&mut self, project: u32, budget: Budget, now: Moment) -> i64 {
        let bucket = self.0.entry(project).or_insert(Bucket { bytes: budget.remaining_bytes, at: now });
        let elapsed_ms = i128::from(now.since_us(bucket.at).max(0) / 1000);
        let refill = i128::from(budget.refill_bytes_per_hour);
        // The configured start may exceed 24 hours of refill; such a bucket does not grow.
        let most = (refill * 24).max(i128::from(bucket.bytes));
        let bytes = (i128::from(bucket.bytes) + refill * elapsed_ms / HOUR_MS).min(most);
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_ms(1_000_000_000_000);
    const BUDGET: Budget = Budget { remaining_bytes: 100, refill_bytes_per_hour: 3600 };

    #[test]
    fn the_query_that_takes_the_last_of_it_runs_and_the_next_one_waits() {
        let mut budgets = Budgets::default();
        assert_eq!(budgets.wait_s(1, BUDGET, NOW), None);
        assert_eq!(budgets.debit(1, BUDGET, 60, NOW), 40);
        assert_eq!(budgets.debit(1, BUDGET, 60, NOW), 0);
        assert_eq!(budgets.wait_s(1, BUDGET, NOW), Some(22), "20 bytes are missing, and one more must be there");
        assert_eq!(budgets.wait_s(1, BUDGET, NOW.plus_ms(21_000)), None);
        assert_eq!(budgets.wait_s(2, BUDGET, NOW), None, "each project has its own");
    }

    #[test]
    fn nobody_waits_longer_than_an_hour_and_a_bucket_holds_a_day() {
        let mut budgets = Budgets::default();
        budgets.debit(1, BUDGET, 1_000_000, NOW);
        assert_eq!(budgets.wait_s(1, BUDGET, NOW), Some(3600));
        assert_eq!(budgets.debit(1, BUDGET, 0, NOW.plus_ms(100 * 3_600_000)), 24 * 3600);
        let empty = Budget { remaining_bytes: i64::MIN, refill_bytes_per_hour: 1 };
        assert_eq!(Budgets::default().wait_s(1, empty, NOW), Some(3600));
        assert_eq!(Budgets::default().wait_s(1, Budget { remaining_bytes: 0, ..empty }, NOW), Some(3600));
    }
}
