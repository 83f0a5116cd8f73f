//! When each project is visited, and whether PostHog is read back then. Visits follow the read-back interval; with Ingestion Alert there is
//! one each minute, even while PostHog must not be asked, because stored data must be judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Beat, Minute, Project, ProjectId, Readback, Timestamp};

/// After the slot: most beats are queryable by then, so one read-back settles them.
const LOOK_BEHIND_SLOT: Duration = Duration::from_secs(20);
/// For a project that was never read back: a user may be waiting for its first beat.
const FIRST_READBACK_AFTER: Duration = Duration::from_secs(10);
/// Two read-backs may be this much closer together than the interval.
const SLACK: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Timestamp, ProjectId)>,
    projects: HashMap<ProjectId, Known>,
}

/// What is known of a project between its visits.
struct Known {
    project: Arc<Project>,
    asked: Option<Asked>,
    complete_to: Option<Minute>,
    /// While it is visited: a second read-back in parallel would cost a query, and the older result could overwrite the newer one.
    is_under_way: bool,
}

/// The last read-back, as far as it decides when the next one is due.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) at: Timestamp,
    pub(super) not_before: Timestamp,
}

/// A visit that is due.
pub(super) struct Visit {
    pub(super) project: Arc<Project>,
    /// None if there was no read-back, or if it was of another token or host.
    pub(super) asked: Option<Asked>,
    /// Every minute before it in which a beat was due has a row in the store.
    pub(super) complete_to: Option<Minute>,
}

/// The end of a visit.
#[derive(Default)]
pub(super) struct Visited {
    /// None if there was no read-back, or it was not stored.
    pub(super) readback: Option<Readback>,
    /// None if it was not asked.
    pub(super) complete_to: Option<Minute>,
}

impl Agenda {
    /// Replaces the projects; running visits go on. Results of a project whose token or host changed are dropped. `stored` are the last read-backs of
    /// projects that are new.
    pub(super) fn renew(&mut self, projects: &[Arc<Project>], stored: &HashMap<ProjectId, Asked>, now: Timestamp) {
        let mut before = std::mem::take(&mut self.projects);
        let known = |project: &Arc<Project>| {
            let (id, project, complete_to) = (project.id, Arc::clone(project), None);
            let known = match before.remove(&id) {
                Some(known) => {
                    let asked = known.asked.filter(|_| !is_elsewhere(&known.project, &project));
                    Known { project, asked, complete_to, is_under_way: known.is_under_way }
                }
                None => Known { project, asked: stored.get(&id).copied(), complete_to, is_under_way: false },
            };
            (id, known)
        };
        self.projects = projects.iter().map(known).collect();
        let resting = self.projects.values().filter(|known| !known.is_under_way && known.is_visited());
        self.order = resting.map(|known| (next_visit(&known.project, known.asked, now), known.project.id)).collect();
    }

    /// Removes and returns a visit that is due; [`Agenda::again`] puts the project back.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Visit> {
        let first = self.order.first().copied().filter(|(at, _)| *at <= now)?;
        self.order.remove(&first);
        let known = self.projects.get_mut(&first.1)?;
        known.is_under_way = true;
        Some(Visit { project: Arc::clone(&known.project), asked: known.asked, complete_to: known.complete_to })
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    pub(super) fn again(&mut self, id: ProjectId, visited: Visited, earliest: Timestamp) {
        let Some(known) = self.projects.get_mut(&id) else { return };
        known.is_under_way = false;
        known.asked = visited.readback.map(|readback| Asked::of(&readback)).or(known.asked);
        known.complete_to = visited.complete_to.or(known.complete_to);
        if known.is_visited() {
            self.order.insert((next_visit(&known.project, known.asked, earliest), id));
        }
    }
}

impl Asked {
    const fn of(readback: &Readback) -> Self {
        Self { at: readback.at, not_before: readback.not_before }
    }
}

impl Known {
    fn is_visited(&self) -> bool {
        self.project.spec.heartbeat.is_some() || self.project.spec.ingestion_alert.is_some()
    }
}

/// Whether the events or their location changed.
fn is_elsewhere(before: &Project, now: &Project) -> bool {
    let place = |project: &Project| {
        let spec = &project.spec;
        // Scopes and results belong to the old key.
        (spec.token.clone(), spec.api().to_owned(), spec.posthog_id, spec.personal_key.clone())
    };
    place(before) != place(now)
}

/// Whether a visit at `now` makes a read-back: as soon as the project's interval and PostHog's rate limits allow it.
pub(super) fn readback_due(project: &Project, last: Option<Asked>, now: Timestamp) -> bool {
    allowed_from(project, last, now).is_none_or(|from| from <= now)
}

/// The earliest time of the next read-back; none if there was none before.
fn allowed_from(project: &Project, last: Option<Asked>, now: Timestamp) -> Option<Timestamp> {
    // A read-back in the future was made before the clock was set back.
    let last = last.filter(|last| last.at <= now)?;
    // A late read-back must not cost the next one its minute: there is only one per slot.
    let due = last.at.plus(project.spec.timing.readback_interval.saturating_sub(SLACK));
    Some(due.max(last.not_before))
}

/// The next visit: shortly after a slot, and after the first one at which a read-back is due, unless Ingestion Alert needs
/// one each minute.
fn next_visit(project: &Project, last: Option<Asked>, now: Timestamp) -> Timestamp {
    let Some(allowed) = allowed_from(project, last, now) else { return now.plus(FIRST_READBACK_AFTER) };
    let earliest = if project.spec.alert().is_some() { now } else { allowed.max(now) };
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
    use crate::model::{HeartbeatApp, Host, IngestionAlertApp, ProjectName, ProjectSpec, ProjectToken};

    fn project(id: i64) -> Arc<Project> {
        let spec = ProjectSpec {
            heartbeat: Some(HeartbeatApp::default()),
            ..ProjectSpec::new(
                ProjectName::parse("shop").unwrap(),
                Host::parse("eu").unwrap(),
                ProjectToken::parse(&format!("phc_{id}")).unwrap(),
            )
        };
        Arc::new(Project { id: ProjectId(id), spec, routes: Vec::new(), switches: Vec::new() })
    }

    #[test]
    fn a_project_stands_on_the_agenda_once_also_when_the_agenda_was_made_anew_during_its_look() {
        let now = Timestamp::from_ms(1_800_000_000_000);
        let due = now.plus(FIRST_READBACK_AFTER);
        let mut agenda = Agenda::default();
        agenda.renew(&[project(1), project(2)], &HashMap::new(), now);
        assert!(agenda.pop(now).is_none());
        let visit = agenda.pop(due).unwrap();
        agenda.renew(&[project(1)], &HashMap::new(), now);
        agenda.again(visit.project.id, Visited::default(), due);
        agenda.again(ProjectId(2), Visited::default(), due);
        assert!(agenda.pop(due).is_none(), "no second visit in parallel, and none of a removed project");
        assert_eq!(agenda.pop(due.plus(FIRST_READBACK_AFTER)).unwrap().project.id, ProjectId(1));
        assert!(agenda.next().is_none());
    }

    fn watched(id: i64, enabled: bool) -> Arc<Project> {
        let mut project = Project::clone(&project(id));
        project.spec.heartbeat = None;
        let mut app = IngestionAlertApp::default();
        app.enabled = enabled;
        project.spec.ingestion_alert = Some(app);
        Arc::new(project)
    }

    /// The visits of the minutes after a read-back: `L` with read-back, `v` without.
    fn visits(project: &Project, made: Asked, minutes: i64) -> String {
        let (mut letters, mut last) = (String::new(), made);
        let mut now = last.at.plus(Duration::from_secs(1));
        for minute in made.at.minute().plus(1).until(made.at.minute().plus(minutes + 1)) {
            let visit = next_visit(project, Some(last), now);
            letters.push(if visit.minute() > minute {
                '.'
            } else {
                let came = visit.plus(Duration::from_millis(3));
                now = came.plus(Duration::from_secs(1));
                let readbacks = readback_due(project, Some(last), came);
                if readbacks {
                    last = Asked { at: came, not_before: came };
                }
                if readbacks { 'L' } else { 'v' }
            });
        }
        letters
    }

    #[test]
    fn a_watched_project_is_visited_each_minute_and_looked_at_when_it_is_due() {
        let at = |project: &Project| Beat::slot(&project.spec.token, Minute::from_index(30_000_000)).plus(LOOK_BEHIND_SLOT);
        for (timing_minutes, wait_minutes, beats, watches) in
            [(1, 0, "LLLLLLLLLLLL", "LLLLLLLLLLLL"), (3, 0, "..L..L..L..L", "vvLvvLvvLvvL"), (1, 10, ".........LLL", "vvvvvvvvvLLL")]
        {
            for (project, letters) in [(project(1), beats), (watched(1, true), watches), (watched(1, false), beats)] {
                let mut project = Project::clone(&project);
                project.spec.timing.readback_interval = Duration::from_mins(timing_minutes);
                let made = Asked { at: at(&project), not_before: at(&project).plus(Duration::from_mins(wait_minutes)) };
                let alert = project.spec.ingestion_alert.as_ref().map(|app| app.enabled);
                assert_eq!(visits(&project, made, 12), letters, "{timing_minutes} {wait_minutes} {alert:?}");
            }
        }
    }

    #[test]
    fn a_project_is_looked_at_when_it_never_was_or_the_wall_was_stepped_back() {
        let (project, now) = (watched(1, true), Timestamp::from_ms(1_800_000_000_000));
        assert_eq!(next_visit(&project, None, now), now.plus(FIRST_READBACK_AFTER));
        assert!(readback_due(&project, None, now));
        let ahead = Asked { at: now.plus(Duration::from_hours(1)), not_before: now.plus(Duration::from_hours(2)) };
        assert!(readback_due(&project, Some(ahead), now));
        let mut agenda = Agenda::default();
        agenda.renew(&[project], &HashMap::new(), now);
        assert!(agenda.next().is_some(), "a project without Heartbeat is visited too");
    }
}
