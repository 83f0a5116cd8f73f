//! Lag over time: the data of the chart and of its table.

use crate::model::{Project, Timestamp};
use crate::report::Point;
use crate::web::shown::{Lags, Range};
use crate::web::when::When;
use crate::web::words::{maybe_span, query, thousands};

/// Label, address, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) source: String,
    pub(super) ranges: Vec<Choice>,
    /// All routes together and each route; empty with a single route.
    pub(super) routes: Vec<Choice>,
    /// Newest first; only ranges in which a beat was due.
    pub(super) rows: Vec<PointRow>,
    /// The length of the range of a row.
    pub(super) step: String,
}

#[derive(Debug)]
pub(super) struct PointRow {
    pub(super) start: When,
    pub(super) p50: String,
    pub(super) p95: String,
    pub(super) p99: String,
    pub(super) count: String,
    pub(super) worst: &'static str,
}

impl Chart {
    pub(super) fn of(project: &Project, lags: &Lags, of_route: Option<&str>, now: Timestamp) -> Self {
        let name = &project.spec.name;
        let asked = |range: Range, route: Option<&str>| query([("range", range.name()), ("route", route.unwrap_or_default())]);
        let range = |range: Range| (range.words().to_owned(), asked(range, of_route), range == lags.range);
        let route = |route: Option<&str>| (route.unwrap_or("All routes").to_owned(), asked(lags.range, route), route == of_route);
        let names = project.routes.iter().map(|route| Some(route.spec.name.as_str()));
        let routes = if project.routes.len() > 1 { std::iter::once(None).chain(names).map(route).collect() } else { Vec::new() };
        Self {
            source: format!("/projects/{name}/lag.json{}", asked(lags.range, of_route)),
            ranges: Range::ALL.into_iter().map(range).collect(),
            routes,
            rows: lags.points.iter().rev().filter_map(|point| PointRow::of(point, now)).collect(),
            step: step_says(lags.step),
        }
    }
}

impl PointRow {
    fn of(point: &Point, now: Timestamp) -> Option<Self> {
        let worst = point.worst?;
        Some(Self {
            start: When::minute(point.start.start(), now),
            p50: maybe_span(point.lags.p50),
            p95: maybe_span(point.lags.p95),
            p99: maybe_span(point.lags.p99),
            count: thousands(point.lags.count),
            worst: worst.name(),
        })
    }
}

/// `5 minutes`
fn step_says(minutes: i64) -> String {
    let (count, unit) = match minutes {
        ..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    if count == 1 { format!("one {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_said_in_whole_units() {
        for (minutes, says) in
            [(1, "one minute"), (5, "5 minutes"), (60, "one hour"), (180, "3 hours"), (1440, "one day"), (2880, "2 days")]
        {
            assert_eq!(step_says(minutes), says);
        }
    }
}
