//! Hours: aggregated while their beats are stored, and again when these are deleted. Also deletes data past its retention.

use crate::model::{Histogram, Hour, Minute, RouteId, Timestamp};

use super::database::{Row, Work};
use super::minute_range::{MinuteRange, ROUTES, numbers};
use super::statement::{Statement, Value};
use super::{RouteSpan, Store, StoreError, counts, numbers as counters};

const MINUTES: i64 = 60;
const ROWS: usize = 500;

impl Store {
    /// Hours of `routes` that start from `from` up to but not including `to`, by start and route.
    pub async fn hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Hour>, StoreError> {
        let minute_range = MinuteRange { from, to };
        let mut hours = Vec::new();
        for some in routes.chunks(ROUTES) {
            let statement = Statement::new("SELECT route, start_minute, outcomes, lags, duplicates FROM hours WHERE route IN ")
                .list(numbers(some))
                .text(" AND start_minute >= ")
                .bind(minute_range.from.index())
                .text(" AND start_minute < ")
                .bind(minute_range.to.index());
            hours.extend(self.database.read("reading hours", statement, from_row).await?);
        }
        hours.sort_unstable_by_key(|hour| (hour.start, hour.route));
        Ok(hours)
    }

    /// Writes hours whose beats stay, and marks all hours up to `to` as aggregated. An existing hour is replaced.
    pub async fn sum_up(&self, hours: &[Hour], to: Option<Minute>) -> Result<(), StoreError> {
        let mut work = self.database.work("aggregating hours").await?;
        write(&mut work, hours).await?;
        if let Some(to) = to {
            counters::sum_up(&mut work, to).await?;
        }
        work.commit().await
    }

    /// Writes `hours` and deletes all beats of the hour that starts at `start` on the routes of `span`, in one transaction. An existing
    /// hour is replaced.
    pub async fn fold(&self, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError> {
        let mut work = self.database.work("aggregating an hour").await?;
        fold(&mut work, start, span, hours).await?;
        work.commit().await
    }

    /// Deletes hours that start before `hours_before`, evidence of minutes before `evidence_before`, and retired routes without data.
    /// Returns the number of rows.
    pub async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError> {
        let mut work = self.database.work("deleting data past its retention").await?;
        let dropped = drop_old(&mut work, hours_before, evidence_before).await?;
        work.commit().await?;
        Ok(dropped)
    }
}

async fn write(work: &mut Work, hours: &[Hour]) -> Result<(), StoreError> {
    for some in hours.chunks(ROWS) {
        let insert =
            Statement::new("INSERT INTO hours (start_minute, route, outcomes, lags, duplicates) VALUES ").rows(some.iter().map(to_row));
        let replace = " ON CONFLICT (route, start_minute) DO UPDATE SET outcomes = excluded.outcomes, lags = excluded.lags, \
                       duplicates = excluded.duplicates";
        work.run(insert.text(replace)).await?;
    }
    Ok(())
}

pub(super) async fn fold(work: &mut Work, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError> {
    write(work, hours).await?;
    // Minute by minute and not as a range: then the routes of each minute are found by key.
    let dropped = Statement::new("DELETE FROM beats WHERE minute IN ")
        .list(start.until(start.plus(MINUTES)).map(Minute::index))
        .text(" AND route > ")
        .bind(span.after.map_or(i64::MIN, |route| route.0))
        .text(" AND route <= ")
        .bind(span.to.map_or(i64::MAX, |route| route.0));
    work.run(dropped).await?;
    Ok(())
}

pub(super) async fn drop_old(work: &mut Work, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError> {
    let hours = Statement::new("DELETE FROM hours WHERE start_minute < ").bind(hours_before.index());
    let evidence = Statement::new("DELETE FROM evidence WHERE minute < ").bind(evidence_before.index());
    let retired_before: Timestamp = hours_before.min(evidence_before).start();
    let routes = Statement::new("DELETE FROM routes WHERE retired_ms < ").bind(retired_before.ms());
    let mut dropped = 0;
    for statement in [hours, evidence, routes] {
        dropped += work.run(statement).await?;
    }
    counts::drop_removed(work).await?;
    Ok(dropped)
}

fn to_row(hour: &Hour) -> [Value; 5] {
    [
        hour.start.index().into(),
        hour.route.0.into(),
        hour.strip_to_bytes().into(),
        hour.lags.to_bytes().into(),
        i64::from(hour.duplicates).into(),
    ]
}

fn from_row(row: &Row) -> Result<Hour, StoreError> {
    let (route, start) = (RouteId(row.int(0)?), Minute::from_index(row.int(1)?));
    let damaged = || StoreError::Damaged(format!("the hour of route {} that starts in minute {} is damaged", route.0, start.index()));
    Ok(Hour {
        route,
        start,
        outcomes: Hour::strip_from_bytes(&row.bytes(2)?).ok_or_else(damaged)?,
        lags: Histogram::from_bytes(&row.bytes(3)?).ok_or_else(damaged)?,
        duplicates: u32::try_from(row.int(4)?).map_err(|_| damaged())?,
    })
}
