//! Seen hours: hours of the last days in which each beat was seen. They stand beside the beats, and say nothing that these do not.

use std::fmt;

use crate::model::{Minute, RouteId, SeenHour};

use super::database::Row;
use super::days::SEEN_HOURS;
use super::statement::{any_of, sql};
use super::value::Value;
use super::{Store, StoreError, numbers};

impl Store {
    /// Seen hours of `routes` that start from `from` up to but not including `to`, by start and route.
    pub async fn seen_hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<SeenHour>, StoreError> {
        let text = "SELECT route, start_minute, lags FROM seen_hours WHERE route IN ? AND start_minute >= ? AND start_minute < ?";
        let of_routes = |some: &[RouteId]| sql!(text, any_of(some.iter().copied()), from, to);
        let routes = if from < to { routes } else { &[] };
        let mut hours = self.database.read_each("reading seen hours", routes, of_routes, from_row).await?;
        hours.sort_unstable_by_key(|hour| (hour.start, hour.route));
        Ok(hours)
    }

    /// Existing hours are replaced.
    pub async fn write_seen_hours(&self, hours: &[SeenHour]) -> Result<(), StoreError> {
        let insert = "INSERT INTO seen_hours (route, start_minute, lags) VALUES ";
        let replace = " ON CONFLICT (route, start_minute) DO UPDATE SET lags = excluded.lags";
        let row = |hour: &SeenHour| -> Option<[Value; 3]> { Some([hour.route.into(), hour.start.into(), hour.to_bytes()?.into()]) };
        let mut work = self.database.work("writing seen hours").await?;
        work.insert(insert, hours.iter().filter_map(row).collect(), replace).await?;
        work.commit().await
    }

    /// Notes that the hours before `to` were looked through for seen ones, and deletes seen hours before `before`.
    pub async fn set_seen_hours_to(&self, to: Minute, before: Minute) -> Result<(), StoreError> {
        let mut work = self.database.work("deleting old seen hours").await?;
        work.run(sql!("DELETE FROM seen_hours WHERE start_minute < ?", before)).await?;
        numbers::set(&mut work, SEEN_HOURS, to).await?;
        work.commit().await
    }
}

fn from_row(row: &Row) -> Result<SeenHour, StoreError> {
    let (route, start): (RouteId, Minute) = (row.get(0)?, row.get(1)?);
    let name = fmt::from_fn(|f| write!(f, "of route {} that starts in minute {}", route.0, start.index()));
    let row = row.of("the seen hour", &name);
    row.parsed(2, SeenHour::from_bytes(route, start, &row.bytes(2)?))
}
