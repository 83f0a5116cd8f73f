//! Which project is looked at next, and when.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Beat, Look, Project, ProjectId, Timestamp};

/// How long after the slot we look: most beats are queryable by then, and one look settles them.
const LOOK_BEHIND_SLOT: Duration = Duration::from_secs(20);
/// How soon a project is looked at that never was: somebody may be waiting for its first beat.
const FIRST_LOOK_AFTER: Duration = Duration::from_secs(10);
/// By how much two looks may lie closer together than the pace says.
const SLACK: Duration = Duration::from_secs(30);

/// The projects in the order in which their looks are due.
#[derive(Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Timestamp, ProjectId)>,
    projects: HashMap<ProjectId, Arc<Project>>,
    /// Those that are being looked at: a second look beside the first would cost a query, and whichever ended last would
    /// stand, though it may have been asked first.
    under_way: HashSet<ProjectId>,
}

impl Agenda {
    /// Made anew of these projects; the looks that are under way go on. What was found out about a project that has another token
    /// or address by now is forgotten.
    pub(super) fn renew(&mut self, projects: &[Arc<Project>], last: &mut HashMap<ProjectId, Look>, now: Timestamp) {
        let looked_at = projects.iter().filter(|project| project.spec.heartbeat.is_some());
        for project in looked_at.clone() {
            if self.projects.get(&project.id).is_some_and(|before| is_elsewhere(before, project)) {
                last.remove(&project.id);
            }
        }
        self.projects = looked_at.map(|project| (project.id, Arc::clone(project))).collect();
        let resting = self.projects.values().filter(|project| !self.under_way.contains(&project.id));
        self.order = resting.map(|project| (next_look(project, last.get(&project.id), now), project.id)).collect();
    }

    /// A project whose look is due; it is off the agenda until [`Agenda::again`].
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Arc<Project>> {
        let first = self.order.first().copied().filter(|(at, _)| *at <= now)?;
        self.order.remove(&first);
        self.under_way.insert(first.1);
        self.projects.get(&first.1).cloned()
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The look is over: the project is put on again, unless it is gone.
    pub(super) fn again(&mut self, id: ProjectId, last: Option<&Look>, earliest: Timestamp) {
        self.under_way.remove(&id);
        if let Some(project) = self.projects.get(&id) {
            self.order.insert((next_look(project, last, earliest), id));
        }
    }
}

/// Whether what is looked for, or where, is another one now.
fn is_elsewhere(before: &Project, now: &Project) -> bool {
    let place = |project: &Project| (project.spec.token.clone(), project.spec.api().to_owned(), project.spec.posthog_id);
    place(before) != place(now)
}

/// When to look next, from `now` on: a moment behind a slot, as soon as the project's pace and PostHog's own wishes allow it.
fn next_look(project: &Project, last: Option<&Look>, now: Timestamp) -> Timestamp {
    // A look that lies ahead was made before the wall was stepped back: it binds nobody.
    let Some(last) = last.filter(|last| last.at <= now) else { return now.plus(FIRST_LOOK_AFTER) };
    // A look that was made late must not cost the next one its minute: there is only one a slot, whatever the slack.
    let due = last.at.plus(project.spec.pace.look_every.saturating_sub(SLACK));
    let earliest = due.max(last.not_before).max(now);
    let mut minute = earliest.minute().plus(-2);
    loop {
        let at = Beat::slot(&project.spec.token, minute).plus(LOOK_BEHIND_SLOT);
        if at >= earliest {
            return at;
        }
        minute = minute.plus(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HeartbeatApp, Host, Pace, ProjectName, ProjectSpec, ProjectToken};

    fn project(id: i64) -> Arc<Project> {
        let spec = ProjectSpec {
            name: ProjectName::parse("shop").unwrap(),
            host: Host::parse("eu").unwrap(),
            api_host: None,
            token: ProjectToken::parse(&format!("phc_{id}")).unwrap(),
            personal_key: None,
            posthog_id: None,
            pace: Pace::default(),
            heartbeat: Some(HeartbeatApp::default()),
            ingestion_alert: None,
        };
        Arc::new(Project { id: ProjectId(id), spec, routes: Vec::new(), switches: Vec::new() })
    }

    #[test]
    fn a_project_stands_on_the_agenda_once_also_when_the_agenda_was_made_anew_during_its_look() {
        let (now, mut last) = (Timestamp::from_ms(1_800_000_000_000), HashMap::new());
        let due = now.plus(FIRST_LOOK_AFTER);
        let mut agenda = Agenda::default();
        agenda.renew(&[project(1), project(2)], &mut last, now);
        assert!(agenda.pop(now).is_none());
        let looked_at = agenda.pop(due).unwrap();
        // Somebody removed project 2 meanwhile.
        agenda.renew(&[project(1)], &mut last, now);
        agenda.again(looked_at.id, None, due);
        agenda.again(ProjectId(2), None, due);
        assert!(agenda.pop(due).is_none(), "no second look beside the first, and none at what is gone");
        assert_eq!(agenda.pop(due.plus(FIRST_LOOK_AFTER)).unwrap().id, ProjectId(1));
        assert!(agenda.next().is_none());
    }
}
