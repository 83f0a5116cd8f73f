//! Days: counted from hours, 32 days of a route in one row, so that 90 days of many routes are a few hundred rows. A change of an hour whose day
//! is counted changes the day in the same transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::{Hour, Minute, RouteDay, RouteId};

use super::database::{Row, Work};
use super::statement::{any_of, sql};
use super::value::Value;
use super::{Store, StoreError, hour_rows, numbers};

/// In minutes.
const GROUP: i64 = 32 * RouteDay::LENGTH;

/// How far the history is aggregated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregated {
    pub oldest_beat: Option<Minute>,
    pub oldest_hour: Option<Minute>,
    /// See [`Store::summed_up`].
    pub hours_to: Option<Minute>,
    /// Hours before this minute were looked through for seen ones.
    pub seen_hours_to: Option<Minute>,
    /// Days before this minute are counted. Later days may exist too.
    pub days_to: Minute,
}

/// The days of one row, by their place in it.
type Group = BTreeMap<u8, RouteDay>;

impl Store {
    /// Days of `routes` that start from `from` up to but not including `to`, by start and route.
    pub async fn days(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<RouteDay>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let text = "SELECT route, start_minute, counts FROM days WHERE route IN ? AND start_minute >= ? AND start_minute < ?";
        let of_routes = |some: &[RouteId]| sql!(text, any_of(some.iter().copied()), group_of(from), to);
        let groups = self.database.read_each("reading days", routes, of_routes, from_row).await?;
        let within = |day: &RouteDay| from <= day.start && day.start < to;
        let mut days: Vec<RouteDay> = groups.into_iter().flat_map(|(_, group)| group.into_values()).filter(within).collect();
        days.sort_unstable_by_key(|day| (day.start, day.route));
        Ok(days)
    }

    /// Counts the day of `routes` that starts at `start` from its hours.
    pub async fn count_day(&self, routes: &[RouteId], start: Minute) -> Result<(), StoreError> {
        let mut work = self.database.work("counting a day").await?;
        lock(&mut work).await?;
        count(&mut work, routes, start).await?;
        work.commit().await
    }

    pub async fn aggregated(&self) -> Result<Aggregated, StoreError> {
        let of = |name: &str| format!("(SELECT value FROM heartbeat_meta WHERE name = '{name}')");
        let (hours, seen_hours, days) = (of("summed_up"), of(SEEN_HOURS), of(DAYS));
        let text = format!("SELECT (SELECT min(minute) FROM beats), (SELECT min(start_minute) FROM hours), {hours}, {seen_hours}, {days}");
        let read = |row: &Row| {
            Ok(Aggregated {
                oldest_beat: row.maybe(0)?,
                oldest_hour: row.maybe(1)?,
                hours_to: row.maybe(2)?,
                seen_hours_to: row.maybe(3)?,
                days_to: row.get(4)?,
            })
        };
        let found = self.database.read_one("reading how far the history is aggregated", sql!(&text), read).await?;
        found.ok_or_else(|| StoreError::Damaged("the database has no counters (heartbeat_meta)".to_owned()))
    }

    pub async fn set_days_to(&self, to: Minute) -> Result<(), StoreError> {
        let mut work = self.database.work("noting which days are counted").await?;
        numbers::set(&mut work, DAYS, to).await?;
        work.commit().await
    }
}

pub(super) const SEEN_HOURS: &str = "seen_hours_to";
const DAYS: &str = "days_to";

/// Call this before the transaction touches an hour: with two nodes a day is then counted from the hours that are there. SQLite allows one
/// writer at a time anyway.
pub(super) async fn lock(work: &mut Work) -> Result<(), StoreError> {
    if work.shares_writing() {
        work.run(sql!("UPDATE heartbeat_meta SET value = value WHERE name = ?", DAYS)).await?;
    }
    Ok(())
}

/// Counts the days of hours that were written again. Days are counted from hours that are aggregated, so those of later hours are not yet.
pub(super) async fn follow(work: &mut Work, written: &[Hour]) -> Result<(), StoreError> {
    let Some(oldest) = written.iter().map(|hour| hour.start).min() else { return Ok(()) };
    let aggregated = sql!("SELECT value FROM heartbeat_meta WHERE name = 'summed_up' AND value > ?", oldest);
    let Some(to) = work.read_one(aggregated, |row| row.get::<Minute>(0)).await? else { return Ok(()) };
    let mut days: BTreeMap<Minute, BTreeSet<RouteId>> = BTreeMap::new();
    for hour in written.iter().filter(|hour| hour.start < to) {
        days.entry(RouteDay::starting(hour.start)).or_default().insert(hour.route);
    }
    for (start, routes) in days {
        count(work, &routes.into_iter().collect::<Vec<_>>(), start).await?;
    }
    Ok(())
}

/// If a clock that was ahead has counted days from `from` on, they are counted again.
pub(super) async fn count_again_from(work: &mut Work, from: Minute) -> Result<(), StoreError> {
    work.run(sql!("UPDATE heartbeat_meta SET value = ? WHERE name = ? AND value > ?", from, DAYS, from)).await.map(drop)
}

async fn count(work: &mut Work, routes: &[RouteId], start: Minute) -> Result<(), StoreError> {
    let mut hours: BTreeMap<RouteId, Vec<Hour>> = BTreeMap::new();
    for hour in work.read(hour_rows::select(routes, start, start.plus(RouteDay::LENGTH)), hour_rows::from_row).await? {
        hours.entry(hour.route).or_default().push(hour);
    }
    let first = group_of(start);
    let with_hours = any_of(hours.keys().copied());
    let groups = sql!("SELECT route, start_minute, counts FROM days WHERE route IN ? AND start_minute = ?", with_hours, first);
    let mut groups: BTreeMap<RouteId, Group> = work.read(groups, from_row).await?.into_iter().collect();
    let place = place_of(first, start);
    let rows = hours.iter().map(|(route, hours)| {
        let mut group = groups.remove(route).unwrap_or_default();
        group.insert(place, RouteDay::fold(*route, start, hours));
        to_row(*route, first, &group)
    });
    let rows = rows.collect();
    let replace = " ON CONFLICT (route, start_minute) DO UPDATE SET counts = excluded.counts";
    work.insert("INSERT INTO days (route, start_minute, counts) VALUES ", rows, replace).await
}

/// Deletes rows all of whose days are before `before`.
pub(super) async fn drop_old(work: &mut Work, before: Minute) -> Result<u64, StoreError> {
    work.run(sql!("DELETE FROM days WHERE start_minute <= ?", before.plus(-GROUP))).await
}

fn group_of(minute: Minute) -> Minute {
    Minute::from_index(minute.index().div_euclid(GROUP) * GROUP)
}

fn place_of(first: Minute, start: Minute) -> u8 {
    ((start.index() - first.index()) / RouteDay::LENGTH) as u8
}

fn to_row(route: RouteId, first: Minute, group: &Group) -> [Value; 3] {
    let mut counts = Vec::new();
    for (place, day) in group {
        counts.push(*place);
        day.write(&mut counts);
    }
    [route.into(), first.into(), counts.into()]
}

fn from_row(row: &Row) -> Result<(RouteId, Group), StoreError> {
    let (route, first): (RouteId, Minute) = (row.get(0)?, row.get(1)?);
    let name = fmt::from_fn(|f| write!(f, "of route {} from minute {} on", route.0, first.index()));
    let row = row.of("the days", &name);
    Ok((route, row.parsed(2, group(route, first, &row.bytes(2)?))?))
}

fn group(route: RouteId, first: Minute, mut counts: &[u8]) -> Option<Group> {
    let mut group = Group::new();
    while let Some((place, rest)) = counts.split_first() {
        counts = rest;
        let start = first.plus(i64::from(*place) * RouteDay::LENGTH);
        group.insert(*place, RouteDay::take(route, start, &mut counts)?);
    }
    Some(group)
}
