//! Reading a few routes over a stretch of minutes, in a table keyed by (minute, route): the minutes are counted up in the
//! statement itself and each is looked up with each route, so that the history of others is never read.

use crate::model::{Minute, RouteId};

use super::StoreError;
use super::database::Database;
use super::statement::Statement;

/// So many routes go into one statement.
pub(super) const ROUTES: usize = 512;

/// Minutes from `from` up to and without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MinuteRange {
    pub(super) from: Minute,
    pub(super) to: Minute,
}

/// A stretch of no more minutes is counted through as it is: to ask first what the table holds would cost more.
const SHORT: i64 = 2 * 24 * 60;

impl MinuteRange {
    pub(super) const fn is_short(self) -> bool {
        self.to.index().saturating_sub(self.from.index()) <= SHORT
    }

    pub(super) fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// What of it lies within what a table holds: nobody counts through years that have no row. The minute is the first of the table's
    /// key, so both ends are found at once.
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

    /// `WITH RECURSIVE minutes(minute) AS (...)`: the minutes of the stretch, which must not be empty.
    pub(super) fn minutes(self) -> Statement {
        Statement::new("WITH RECURSIVE minutes(minute) AS (SELECT CAST(")
            .bind(self.from.index())
            .text(" AS BIGINT) UNION ALL SELECT minute + 1 FROM minutes WHERE minute + 1 < ")
            .bind(self.to.index())
            .text(") ")
    }
}

/// The numbers of routes, for a list in a statement.
pub(super) fn numbers(routes: &[RouteId]) -> impl Iterator<Item = i64> {
    routes.iter().map(|route| route.0)
}
