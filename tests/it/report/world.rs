//! Histories for the tests of what is shown: letters in, rows of a store out.

use std::sync::Arc;
use std::time::Duration;

use heartbeat::model::{Minute, Outcome, Project, Recorded, RouteId, Timestamp};
use heartbeat::store::Store;

use crate::store::bed::Bed;
use crate::store::samples::spec_with_routes;

/// When these histories begin: 2026-06-20T00:00:00Z.
pub(crate) const START: Minute = Minute::from_index(29_698_560);

/// A store of one test's own.
pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    _bed: Bed,
}

impl World {
    pub(crate) async fn new() -> Self {
        let bed = Bed::sqlite();
        Self { store: bed.open().await, _bed: bed }
    }

    /// One with the shop, which has three routes; letters of each from [`START`] on.
    pub(crate) async fn with_shop(letters: &str) -> (Self, Arc<Project>) {
        let world = Self::new().await;
        world.store.apply(&[spec_with_routes("shop", &[])], &[], START.start()).await.unwrap();
        let project = world.project("shop").await;
        for route in &project.routes {
            world.record(route.id, START, letters).await;
        }
        (world, project)
    }

    /// The project of this name, as the store knows it.
    pub(crate) async fn project(&self, name: &str) -> Arc<Project> {
        let projects = self.store.projects().await.unwrap();
        Arc::new(projects.into_iter().find(|project| project.spec.name.as_str() == name).expect("the project is there"))
    }

    /// Records a letter a minute, from `from` on.
    pub(crate) async fn record(&self, route: RouteId, from: Minute, letters: &str) {
        let beats: Vec<Recorded> = (0..).zip(letters.chars()).filter_map(|(at, letter)| beat(route, from.plus(at), letter)).collect();
        self.store.record(&beats, &[]).await.unwrap();
    }
}

/// So many seconds after the minute's start.
pub(crate) fn after(minute: Minute, seconds: u64) -> Timestamp {
    minute.start().plus(Duration::from_secs(seconds))
}

/// A arrived after 2 s, L late after 200 s, `.` awaiting and not looked for yet, w awaiting and missed after 30 s, W awaiting and missed after 5
/// min, X lost, R rejected, U unreachable, ? unverified, s seen though no sending is on record, u known to be not sent, `_` nothing.
pub(crate) fn beat(route: RouteId, minute: Minute, letter: char) -> Option<Recorded> {
    let at = |seconds| Some(after(minute, seconds));
    let blank = Recorded::blank(route, minute);
    let sent = Recorded { sent: at(5), tries: 1, status: Some(200), outcome: Outcome::Awaiting, ..blank.clone() };
    Some(match letter {
        'A' => Recorded { outcome: Outcome::Arrived, ingested: at(7), seen: at(30), copies: 1, ..sent },
        'L' => Recorded { outcome: Outcome::Late, missed: at(180), ingested: at(205), seen: at(240), copies: 1, ..sent },
        '.' => sent,
        'w' => Recorded { missed: at(35), ..sent },
        'W' => Recorded { missed: at(305), ..sent },
        'X' => Recorded { outcome: Outcome::Lost, missed: at(905), ..sent },
        'R' => Recorded { outcome: Outcome::Rejected, status: Some(503), ..sent },
        'U' => Recorded { outcome: Outcome::Unreachable, status: None, ..sent },
        '?' => Recorded { outcome: Outcome::Unverified, ..sent },
        's' => Recorded { outcome: Outcome::Arrived, ingested: at(9), seen: at(1000), copies: 1, ..blank },
        'u' => blank,
        '_' => return None,
        other => panic!("`{other}` is no beat"),
    })
}
