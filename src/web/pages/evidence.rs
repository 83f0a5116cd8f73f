//! What the failures of an incident's minutes left: the same answer on the same route is one line, however often it came.

use std::collections::BTreeSet;

use crate::model::{Evidence, EvidenceOf, Minute, Project, Timestamp};
use crate::report::{answer, route_name};
use crate::web::when::When;

/// So many different answers are shown.
const MOST: usize = 30;

/// One answer on one route.
#[derive(Debug)]
pub(super) struct Find {
    pub(super) project: String,
    pub(super) route: String,
    /// The outcome that it belongs to.
    pub(super) outcome: &'static str,
    pub(super) words: String,
    minutes: BTreeSet<Minute>,
    now: Timestamp,
}

impl Find {
    /// The first beat, and where another the last: each as it stands in the page of the beat's address, and as a time.
    pub(super) fn ends(&self) -> Vec<(String, When)> {
        let end = |minute: Minute| (in_address(minute), When::minute(minute.start(), self.now));
        let (first, last) = (self.minutes.first(), self.minutes.last().filter(|last| self.minutes.first() != Some(last)));
        first.into_iter().chain(last).map(|minute| end(*minute)).collect()
    }

    /// On how many beats; one that was tried again is one.
    pub(super) fn count(&self) -> usize {
        self.minutes.len()
    }
}

/// A minute as it stands in an address: `2026-11-23T15:10Z`.
fn in_address(minute: Minute) -> String {
    format!("{}Z", minute.start().to_string().get(..16).unwrap_or_default())
}

/// The answers that are shown, in the order in which they first came, and how many others there are.
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
