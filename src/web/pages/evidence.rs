//! The evidence of an incident's minutes: equal responses on one route are one row.

use std::collections::BTreeSet;

use crate::model::{Evidence, EvidenceOf, Minute, Project, Timestamp};
use crate::report::{answer, route_name};
use crate::web::when::When;
use crate::web::words::minute_mark;

const MOST: usize = 30;

#[derive(Debug)]
pub(super) struct Find {
    pub(super) project: String,
    pub(super) route: String,
    pub(super) outcome: &'static str,
    pub(super) words: String,
    minutes: BTreeSet<Minute>,
    now: Timestamp,
}

impl Find {
    /// The first and, if different, the last beat: the minute as in the address of the beat's page, and as a time.
    pub(super) fn ends(&self) -> Vec<(String, When)> {
        let end = |minute: Minute| (minute_mark(minute), When::minute(minute.start(), self.now));
        let (first, last) = (self.minutes.first(), self.minutes.last().filter(|last| self.minutes.first() != Some(last)));
        first.into_iter().chain(last).map(|minute| end(*minute)).collect()
    }

    /// The number of beats; retries do not count.
    pub(super) fn count(&self) -> usize {
        self.minutes.len()
    }
}

/// The responses in the order of their first minute, and the number of others beyond `MOST`.
pub(super) fn finds(evidence: &[Evidence], project: &Project, now: Timestamp) -> (Vec<Find>, usize) {
    let mut finds: Vec<Find> = Vec::new();
    let mut others = BTreeSet::new();
    for one in evidence {
        let route = route_name(project, one.route);
        let words = answer(one);
        let is_full = finds.len() >= MOST;
        match finds.iter_mut().find(|find| find.route == route && find.words == words) {
            Some(find) => {
                find.minutes.insert(one.minute);
            }
            None if is_full => drop(others.insert((route.to_owned(), words))),
            None => finds.push(Find {
                project: project.spec.name.to_string(),
                route: route.to_owned(),
                outcome: outcome_of(one),
                words,
                minutes: BTreeSet::from([one.minute]),
                now,
            }),
        }
    }
    (finds, others.len())
}

const fn outcome_of(evidence: &Evidence) -> &'static str {
    match evidence.of {
        EvidenceOf::Rejected { .. } => "rejected",
        EvidenceOf::Unreachable { .. } => "unreachable",
        EvidenceOf::Unverified(_) => "unverified",
        EvidenceOf::Lost { .. } => "lost",
    }
}
