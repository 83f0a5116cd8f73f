//! Hours: aggregated while their beats are stored, and again when these are deleted. Also deletes data past its retention.

use crate::model::{Hour, Minute, RouteId};

use super::database::Work;
use super::hour_rows::{from_row, select, to_row};
use super::statement::{any_of, sql};
use super::{RouteSpan, Store, StoreError, counts, days, numbers};

const MINUTES: i64 = 60;

impl Store {
    /// Hours of `routes` that start from `from` up to but not including `to`, by start and route.
    pub async fn hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Hour>, StoreError> {
        let routes = if from < to { routes } else { &[] };
        let mut hours = self.database.read_each("reading hours", routes, |some| select(some, from, to), from_row).await?;
        hours.sort_unstable_by_key(|hour| (hour.start, hour.route));
        Ok(hours)
    }

    /// The first hour that starts at or after `from`.
    pub async fn next_hour(&self, from: Minute) -> Result<Option<Minute>, StoreError> {
        let next = sql!("SELECT min(start_minute) FROM hours WHERE start_minute >= ?", from);
        Ok(self.database.read_one("reading the oldest hour", next, |row| row.maybe(0)).await?.flatten())
    }

    /// Writes hours whose beats stay, and marks all hours up to `to` as aggregated. An existing hour is replaced.
    pub async fn sum_up(&self, hours: &[Hour], to: Option<Minute>) -> Result<(), StoreError> {
        let mut work = self.database.work("aggregating hours").await?;
        write(&mut work, hours).await?;
        if let Some(to) = to {
            numbers::set(&mut work, "summed_up", to).await?;
            days::count_again_from(&mut work, to).await?;
        }
        work.commit().await
    }

    /// Writes `hours` and deletes all beats of the hour that starts at `start` on the routes of `span`, in one transaction. An existing
    /// hour is replaced.
    pub async fn fold(&self, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError> {
        let mut work = self.database.work("aggregating an hour").await?;
        write(&mut work, hours).await?;
        // Minute by minute and not as a range: then the routes of each minute are found by key.
        let minutes = any_of(start.until(start.plus(MINUTES)));
        let (after, to) = (span.after.map_or(i64::MIN, |route| route.0), span.to.map_or(i64::MAX, |route| route.0));
        work.run(sql!("DELETE FROM beats WHERE minute IN ? AND route > ? AND route <= ?", minutes, after, to)).await?;
        work.commit().await
    }

    /// Deletes hours that start before `hours_before`, evidence of minutes before `evidence_before`, and retired routes without data.
    /// Returns the number of rows.
    pub async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError> {
        let mut work = self.database.work("deleting data past its retention").await?;
        let mut dropped = 0;
        for statement in [
            sql!("DELETE FROM hours WHERE start_minute < ?", hours_before),
            sql!("DELETE FROM evidence WHERE minute < ?", evidence_before),
            sql!("DELETE FROM routes WHERE retired_ms < ?", hours_before.min(evidence_before).start()),
        ] {
            dropped += work.run(statement).await?;
        }
        dropped += days::drop_old(&mut work, hours_before).await?;
        counts::drop_removed(&mut work).await?;
        work.commit().await?;
        Ok(dropped)
    }
}

async fn write(work: &mut Work, hours: &[Hour]) -> Result<(), StoreError> {
    days::lock(work).await?;
    let insert = "INSERT INTO hours (start_minute, route, outcomes, lags, duplicates) VALUES ";
    let replace = " ON CONFLICT (route, start_minute) DO UPDATE SET outcomes = excluded.outcomes, lags = excluded.lags, \
                   duplicates = excluded.duplicates";
    work.insert(insert, hours.iter().map(to_row).collect(), replace).await?;
    days::follow(work, hours).await
}
