//! Records that can make a rule hold: all but ordinary ones ([`Recorded::is_ordinary`], [`ReadbackSample::is_ordinary`]). Partial indexes contain
//! only these, so that they are found without the history, and are read for many projects in one trip.

use std::sync::Arc;

use super::database::{AT_ONCE, Database, Row};
use super::grouping::Call;
use super::statement::{any_of, sql};
use super::{Recent, Store, StoreError, beats, incidents, readback_samples};
use crate::model::{Incident, Minute, ProjectId, ReadbackSample, Recorded, RouteId, Timestamp};

/// The condition of the index `beats_unusual`, word for word: otherwise it is not used. The other unusual beats are the open ones.
const BEATS: &str = "(outcome = 2 OR outcome = 1 AND (COALESCE(status, 0) NOT BETWEEN 200 AND 299 \
                     OR COALESCE(ingested_after_ms - sent_after_ms, 60001) > 60000))";
/// The condition of the index `readback_samples_unusual`.
const SAMPLES: &str = "(error > 0 OR watched = 0 OR quota_percent > 50 OR quota_limited > 0)";

pub(super) struct Question {
    project: ProjectId,
    routes: Vec<RouteId>,
    from: Minute,
    since: Timestamp,
}

enum Found {
    Incident(Box<Incident>),
    Beat(Recorded),
    ReadbackSample(ProjectId, ReadbackSample),
}

impl Store {
    /// The incidents of the project that are open or were resolved at or after `since`, and its beats and read-back samples from `from` on that
    /// are not ordinary, oldest first.
    pub async fn unusual(&self, project: ProjectId, routes: &[RouteId], from: Minute, since: Timestamp) -> Result<Recent, StoreError> {
        self.unusual.run(&self.database, Question { project, routes: routes.to_vec(), from, since }).await
    }
}

impl Call for Question {
    type Answer = Recent;

    fn joins(&self, others: &[Arc<Self>]) -> bool {
        others.is_empty() || others.iter().map(|other| other.routes.len().max(1)).sum::<usize>() + self.routes.len() <= AT_ONCE
    }

    async fn together(database: &Database, calls: &[Arc<Self>]) -> Result<Vec<Recent>, StoreError> {
        let routes: Vec<RouteId> = calls.iter().flat_map(|call| call.routes.iter().copied()).collect();
        let projects = || any_of(calls.iter().map(|call| call.project));
        let earliest = calls.iter().map(|call| call.from).min().unwrap_or(Minute::from_index(0));
        let since = calls.iter().map(|call| call.since).min().unwrap_or(Timestamp::from_ms(0));
        let mut statements =
            vec![incidents::select_recent(projects(), since), readback_samples::select_some(projects(), earliest, SAMPLES)];
        for some in routes.chunks(AT_ONCE) {
            let unusual = sql!(&beats::select_some(BEATS), any_of(some.iter().copied()), earliest);
            statements.extend([beats::open_among(some, earliest), unusual]);
        }
        let of = |row: &Row| match row.len() {
            beats::WIDTH => beats::from_row(row).map(Found::Beat),
            readback_samples::WIDTH => {
                let project = row.get(readback_samples::COLUMNS)?;
                Ok(Found::ReadbackSample(project, readback_samples::from_row(project, row)?))
            }
            _ => incidents::from_row(row).map(|incident| Found::Incident(Box::new(incident))),
        };
        let of_projects = Asking::of(calls.iter().map(|call| std::slice::from_ref(&call.project)));
        let of_routes = Asking::of(calls.iter().map(|call| call.routes.as_slice()));
        let mut answers: Vec<Recent> = calls.iter().map(|_| Recent::default()).collect();
        for found in database.read_all("reading unusual records", statements, of).await? {
            match found {
                Found::Incident(incident) => {
                    for at in of_projects.who_asks(incident.project) {
                        if incident.closed.is_none_or(|closed| closed >= calls[at].since) {
                            answers[at].incidents.push(Incident::clone(&incident));
                        }
                    }
                }
                Found::Beat(beat) => {
                    for at in of_routes.who_asks(beat.route).filter(|at| beat.minute >= calls[*at].from) {
                        answers[at].beats.push(beat.clone());
                    }
                }
                Found::ReadbackSample(project, sample) => {
                    for at in of_projects.who_asks(project).filter(|at| sample.at.minute() >= calls[*at].from) {
                        answers[at].samples.push(sample);
                    }
                }
            }
        }
        for answer in &mut answers {
            answer.beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
            answer.samples.sort_unstable_by_key(|sample| sample.at);
        }
        Ok(answers)
    }

    async fn alone(database: &Database, call: &Arc<Self>) -> Result<Recent, StoreError> {
        Ok(Self::together(database, std::slice::from_ref(call)).await?.pop().unwrap_or_default())
    }
}

/// Which calls, by their place, ask for which ids; sorted by id.
struct Asking<T>(Vec<(T, usize)>);

impl<T: Copy + Ord> Asking<T> {
    fn of<'a>(calls: impl Iterator<Item = &'a [T]>) -> Self
    where
        T: 'a,
    {
        let mut all: Vec<(T, usize)> = calls.enumerate().flat_map(|(at, ids)| ids.iter().map(move |id| (*id, at))).collect();
        all.sort_unstable();
        Self(all)
    }

    fn who_asks(&self, id: T) -> impl Iterator<Item = usize> {
        let first = self.0.partition_point(|(other, _)| *other < id);
        self.0[first..].iter().take_while(move |(other, _)| *other == id).map(|(_, at)| *at)
    }
}
