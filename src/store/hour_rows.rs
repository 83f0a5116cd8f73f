//! Hours as rows.

use std::fmt;

use crate::model::{Histogram, Hour, Minute, RouteId};

use super::StoreError;
use super::row::Row;
use super::statement::{Statement, any_of, sql};
use super::value::Value;

pub(super) fn select(routes: &[RouteId], from: Minute, to: Minute) -> Statement {
    let text =
        "SELECT route, start_minute, outcomes, lags, duplicates FROM hours WHERE route IN ? AND start_minute >= ? AND start_minute < ?";
    sql!(text, any_of(routes.iter().copied()), from, to)
}

pub(super) fn to_row(hour: &Hour) -> [Value; 5] {
    [hour.start.into(), hour.route.into(), hour.strip_to_bytes().into(), hour.lags.to_bytes().into(), hour.duplicates.into()]
}

pub(super) fn from_row(row: &Row) -> Result<Hour, StoreError> {
    let (route, start): (RouteId, Minute) = (row.get(0)?, row.get(1)?);
    let name = fmt::from_fn(|f| write!(f, "of route {} that starts in minute {}", route.0, start.index()));
    let row = row.of("the hour", &name);
    Ok(Hour {
        route,
        start,
        outcomes: row.parsed(2, Hour::strip_from_bytes(&row.bytes(2)?))?,
        lags: row.parsed(3, Histogram::from_bytes(&row.bytes(3)?))?,
        duplicates: row.get(4)?,
    })
}
