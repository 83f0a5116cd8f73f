//! The beats of a minute by slot: one list for all projects.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Beat, Minute, Project, RouteId, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// Milliseconds into the minute.
    slot_ms: u32,
    /// Index in the config snapshot.
    pub(super) project: usize,
    /// Index in its project.
    pub(super) route_index: usize,
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
        for (at, project) in projects.iter().enumerate().filter(|(_, project)| project.spec.beats()) {
            let slot_ms = Beat::slot(&project.spec.token, Minute::from_index(0)).ms() as u32;
            let routes = project.routes.iter().enumerate();
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

    pub(super) fn next_slot(&self, minute: Minute) -> Option<Timestamp> {
        self.entries.get(self.next).map(|entry| Timestamp::from_ms(minute.start().ms() + i64::from(entry.slot_ms)))
    }
}
