//! The beats of a minute by slot: one list for all projects.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Beat, Minute, Project, RouteId, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// Milliseconds into the minute.
    slot_ms: u32,
    /// Index in the config snapshot.
    pub(super) project: u32,
    /// Index in its project.
    pub(super) route_index: u32,
    pub(super) route: RouteId,
}

/// The beats of a minute by slot, and the position in them.
pub(super) struct Schedule {
    entries: Vec<Due>,
    next: usize,
}

impl Schedule {
    pub(super) fn of(projects: &[Arc<Project>]) -> Self {
        let mut entries = Vec::new();
        for (at, project) in (0..).zip(projects).filter(|(_, project)| project.spec.beats()) {
            let slot_ms = Beat::slot(&project.spec.token, Minute::from_index(0)).ms() as u32;
            let routes = (0..).zip(&project.routes);
            entries.extend(routes.map(|(route_index, route)| Due { slot_ms, project: at, route_index, route: route.id }));
        }
        entries.sort_by_key(|entry| entry.slot_ms);
        Self { entries, next: 0 }
    }

    pub(super) fn entries(&self) -> &[Due] {
        &self.entries
    }

    /// Routes added or enabled since `before`.
    pub(super) fn not_in(&self, before: &Self) -> Vec<Due> {
        let old: HashSet<RouteId> = before.entries.iter().map(|entry| entry.route).collect();
        self.entries.iter().filter(|entry| !old.contains(&entry.route)).copied().collect()
    }

    pub(super) fn rewind(&mut self) {
        self.next = 0;
    }

    /// Beats due since the last call, up to `now` in `minute`.
    pub(super) fn due(&mut self, minute: Minute, now: Timestamp) -> &[Due] {
        let begin = self.next;
        let passed = |entry: &&Due| minute.start().ms() + i64::from(entry.slot_ms) <= now.ms();
        self.next += self.entries[begin..].iter().take_while(passed).count();
        &self.entries[begin..self.next]
    }

    /// The next slot in `minute`, or else the first one of the minute after it.
    pub(super) fn next_slot(&self, minute: Minute) -> Option<Timestamp> {
        let slot = |minute: Minute| move |entry: &Due| Timestamp::from_ms(minute.start().ms() + i64::from(entry.slot_ms));
        let next = self.entries.get(self.next).map(slot(minute));
        next.or_else(|| self.entries.first().map(slot(minute.plus(1))))
    }
}
