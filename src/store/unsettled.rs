//! What a read-back begins with: the one before it, beats that have not been seen, and minutes without a row. Read for many projects in one trip.

use std::sync::Arc;

use super::database::{AT_ONCE, Database, Row};
use super::grouping::Call;
use super::minute_range::MinuteRange;
use super::{Store, StoreError, Unsettled, beats, readbacks};
use crate::model::{Minute, ProjectId, Readback, Recorded, RouteId};

/// In minutes. Ranges that lie within so many minutes are read as one.
const NEAR: i64 = 5;

pub(super) struct Question {
    project: ProjectId,
    routes: Vec<RouteId>,
    since: Minute,
    due: MinuteRange,
}

enum Found {
    Readback(Box<Readback>),
    Beat(Recorded),
    Gap(RouteId, Minute),
}

impl Store {
    /// [`Store::readback`], [`Store::open_beats`] and [`Store::gaps`] in one query.
    pub async fn unsettled(
        &self,
        project: ProjectId,
        routes: &[RouteId],
        since: Minute,
        from: Minute,
        to: Minute,
    ) -> Result<Unsettled, StoreError> {
        let due = MinuteRange { from, to };
        if !due.is_short() {
            let (last, beats) = (self.readback(project).await?, self.open_beats(routes, since).await?);
            return Ok(Unsettled { last, beats, gaps: self.gaps(routes, from, to).await? });
        }
        self.unsettled.run(&self.database, Question { project, routes: routes.to_vec(), since, due }).await
    }
}

impl Call for Question {
    type Answer = Unsettled;

    fn joins(&self, others: &[Arc<Self>]) -> bool {
        others.is_empty() || others.iter().map(|other| other.routes.len().max(1)).sum::<usize>() + self.routes.len() <= AT_ONCE
    }

    async fn together(database: &Database, calls: &[Arc<Self>]) -> Result<Vec<Unsettled>, StoreError> {
        let all: Vec<RouteId> = calls.iter().flat_map(|call| call.routes.iter().copied()).collect();
        let since = calls.iter().map(|call| call.since).min().unwrap_or(Minute::from_index(0));
        let projects: Vec<ProjectId> = calls.iter().map(|call| call.project).collect();
        let mut statements = vec![readbacks::select(&projects)];
        statements.extend(all.chunks(AT_ONCE).map(|some| beats::open_among(some, since)));
        for (due, routes) in by_range(calls) {
            statements.extend(routes.chunks(AT_ONCE).map(|some| beats::gaps_among(some, due)));
        }
        let of = |row: &Row| match row.len() {
            2 => Ok(Found::Gap(row.get(0)?, row.get(1)?)),
            readbacks::WIDTH => readbacks::from_row(row).map(|readback| Found::Readback(Box::new(readback))),
            _ => beats::from_row(row).map(Found::Beat),
        };
        let (mut last, mut open, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for found in database.read_all("reading unsettled beats", statements, of).await? {
            match found {
                Found::Readback(readback) => last.push(*readback),
                Found::Beat(beat) => open.push(beat),
                Found::Gap(route, minute) => gaps.push((route, minute)),
            }
        }
        open.sort_unstable_by_key(|beat| (beat.route, beat.minute));
        gaps.sort_unstable();
        // Where two ranges overlap, it was found twice.
        gaps.dedup();
        Ok(calls.iter().map(|call| call.answer(&last, &open, &gaps)).collect())
    }

    async fn alone(database: &Database, call: &Arc<Self>) -> Result<Unsettled, StoreError> {
        Ok(Self::together(database, std::slice::from_ref(call)).await?.pop().unwrap_or_default())
    }
}

impl Question {
    /// Its part of what was found for many; beats and gaps are sorted by route and minute.
    fn answer(&self, last: &[Readback], open: &[Recorded], gaps: &[(RouteId, Minute)]) -> Unsettled {
        let last = last.iter().find(|readback| readback.project == self.project).cloned();
        let (mut own, mut own_gaps) = (Vec::new(), Vec::new());
        for route in &self.routes {
            let first = open.partition_point(|beat| (beat.route, beat.minute) < (*route, self.since));
            own.extend(open[first..].iter().take_while(|beat| beat.route == *route).cloned());
            let first = gaps.partition_point(|gap| *gap < (*route, self.due.from));
            own_gaps.extend(gaps[first..].iter().take_while(|gap| **gap < (*route, self.due.to)));
        }
        own.sort_unstable_by_key(|beat| (beat.minute, beat.route));
        own_gaps.sort_unstable_by_key(|(route, minute)| (*minute, *route));
        Unsettled { last, beats: own, gaps: own_gaps }
    }
}

/// The routes to look up in each range. Short ranges side by side become one.
fn by_range(calls: &[Arc<Question>]) -> Vec<(MinuteRange, Vec<RouteId>)> {
    let length = |range: MinuteRange| range.to.index() - range.from.index();
    let mut ranges: Vec<(MinuteRange, Vec<RouteId>)> = Vec::new();
    for call in calls.iter().filter(|call| !call.due.is_empty()) {
        let covering = |range: MinuteRange| MinuteRange { from: range.from.min(call.due.from), to: range.to.max(call.due.to) };
        match ranges.iter_mut().find(|(range, _)| *range == call.due || length(covering(*range)) <= NEAR) {
            Some((range, routes)) => {
                *range = covering(*range);
                routes.extend(&call.routes);
            }
            None => ranges.push((call.due, call.routes.clone())),
        }
    }
    ranges
}
