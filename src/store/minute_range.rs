//! Reads a few routes over a range of minutes from tables with the key (minute, route). The statement generates the minutes and looks each
//! up with each route, so that the history of other routes is never read.

use crate::model::Minute;

use super::StoreError;
use super::database::Database;
use super::statement::{Statement, sql};

/// From `from` up to but not including `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MinuteRange {
    pub(super) from: Minute,
    pub(super) to: Minute,
}

/// In minutes. For a shorter range it costs more to ask for the limits of the table first.
const SHORT: i64 = 2 * 24 * 60;

impl MinuteRange {
    pub(super) const fn is_short(self) -> bool {
        self.to.index().saturating_sub(self.from.index()) <= SHORT
    }

    pub(super) fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// Cuts the range to the minutes of the table, so that years without rows are not generated. The minute comes first in the table's key,
    /// so both limits are cheap.
    pub(super) async fn within(self, database: &Database, what: &'static str, table: &str) -> Result<Self, StoreError> {
        if self.is_empty() || self.is_short() {
            return Ok(self);
        }
        let ends = sql!(&format!("SELECT (SELECT min(minute) FROM {table}), (SELECT max(minute) FROM {table})"));
        let ends: Option<(Option<Minute>, Option<Minute>)> =
            database.read_one(what, ends, |row| Ok((row.maybe(0)?, row.maybe(1)?))).await?;
        Ok(match ends {
            Some((Some(first), Some(last))) => Self { from: self.from.max(first), to: self.to.min(last.plus(1)) },
            _ => Self { to: self.from, ..self },
        })
    }

    /// `WITH RECURSIVE minutes(minute) AS (...)`; the range must not be empty.
    pub(super) fn minutes(self) -> Statement {
        let minutes =
            "WITH RECURSIVE minutes(minute) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT minute + 1 FROM minutes WHERE minute + 1 < ?) ";
        sql!(minutes, self.from, self.to)
    }
}
