//! The last hour: a strip per route, on top the worst outcome per minute of several routes, and the same as a table. Each cell links to its beat.

use crate::model::{Minute, Outcome};
use crate::report::{Report, RouteReport};
use crate::web::draw::strip::{self, Key, Strip};
use crate::web::when::When;
use crate::web::words::beat_page;

#[derive(Debug)]
pub(super) struct Hour {
    pub(super) strips: Vec<(String, Strip)>,
    pub(super) key: Key,
    pub(super) columns: Vec<String>,
    /// Newest first: the minute and its beat on each route.
    pub(super) rows: Vec<(When, Vec<Option<Cell>>)>,
}

#[derive(Debug)]
pub(super) struct Cell {
    pub(super) address: String,
    pub(super) outcome: Outcome,
}

impl Hour {
    pub(super) fn of(report: &Report, routes: &[RouteReport]) -> Self {
        let (name, last) = (&report.project.spec.name, report.at.minute());
        let first = last.plus(1 - report.strip.len() as i64);
        let of_route = |route: &RouteReport, at: usize| -> Option<Outcome> { route.strip.get(at).copied().flatten() };
        let address = |route: &RouteReport, minute: Minute| beat_page(name, &route.route.spec.name, minute);
        let place = |minute: Minute| (minute.index() - first.index()) as usize;

        let mut strips = Vec::new();
        if routes.len() > 1 {
            // Links to the first route that has the worst outcome.
            let worst = |minute: Minute| {
                let outcome = report.strip.get(place(minute)).copied().flatten()?;
                routes.iter().find(|route| of_route(route, place(minute)) == Some(outcome)).map(|route| address(route, minute))
            };
            strips.push((
                "All routes, worst outcome per minute".to_owned(),
                strip::minutes("Last hour, all routes", &report.strip, last, worst),
            ));
        }
        for route in routes {
            let what = format!("Last hour, {}", route.route.spec.name);
            let drawn = strip::minutes(&what, &route.strip, last, |minute| Some(address(route, minute)));
            strips.push((route.route.spec.name.clone(), drawn));
        }
        let cell = |route: &RouteReport, minute: Minute| {
            let outcome = of_route(route, place(minute))?;
            Some(Cell { address: address(route, minute), outcome })
        };
        let row = |minute: Minute| -> (When, Vec<Option<Cell>>) {
            (When::minute(minute.start(), report.at), routes.iter().map(|route| cell(route, minute)).collect())
        };
        let rows = first.until(last.plus(1)).rev().map(row).filter(|(_, cells)| cells.iter().any(Option::is_some));
        Self {
            key: Key::of_minutes(routes.iter().map(|route| &route.strip[..])),
            columns: routes.iter().map(|route| route.route.spec.name.clone()).collect(),
            rows: rows.collect(),
            strips,
        }
    }
}
