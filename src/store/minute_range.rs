//! Reads a few routes over a range of minutes from tables with the key (minute, route). The statement generates the minutes and looks each
//! up with each route, so that the history of other routes is never read.

use crate::model::{Minute, RouteId};

use super::StoreError;
use super::database::Database;
use super::statement::Statement;

pub(super) const ROUTES: usize = 512;

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
        let ends = Statement::new(&format!("SELECT (SELECT min(minute) FROM {table}), (SELECT max(minute) FROM {table})"));
        let ends = database.read(what, ends, |row| Ok((row.maybe_int(0)?, row.maybe_int(1)?))).await?;
        Ok(match ends.first() {
            Some(&(Some(first), Some(last))) => {
                Self { from: self.from.max(Minute::from_index(first)), to: self.to.min(Minute::from_index(last).plus(1)) }
            }
            _ => Self { to: self.from, ..self },
        })
    }

    /// `WITH RECURSIVE minutes(minute) AS (...)`; the range must not be empty.
    pub(super) fn minutes(self) -> Statement {
        Statement::new("WITH RECURSIVE minutes(minute) AS (SELECT CAST(")
            .bind(self.from.index())
            .text(" AS BIGINT) UNION ALL SELECT minute + 1 FROM minutes WHERE minute + 1 < ")
            .bind(self.to.index())
            .text(") ")
    }
}

pub(super) fn numbers(routes: &[RouteId]) -> impl Iterator<Item = i64> {
    routes.iter().map(|route| route.0)
}
