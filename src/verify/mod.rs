//! Verify: looks for what was sent, settles it, and lets `judge` say what it means.
//!
//! One query a project and minute at most, a moment behind the slot, holding every question of that minute. Takes
//! open beats from the store, gives settled ones back; what to ask is `questions`, how one look goes is `look`.

mod look;
mod questions;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::model::{Beat, Look, LookTrouble, Project, ProjectId, Timestamp};
use crate::posthog;
use crate::store::{Roster, Store, StoreError};
use crate::vitals::{Loop, Vitals};

/// How long after the slot we look: most beats are queryable by then, and one look settles them.
const LOOK_BEHIND_SLOT: Duration = Duration::from_secs(20);
/// How soon a project is looked at that never was: somebody may be waiting for its first beat.
const FIRST_LOOK_AFTER: Duration = Duration::from_secs(10);
/// How often a loop asks whether somebody changed a project.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How many looks are under way at once, at most.
const MAX_LOOKS: usize = 64;
/// By how much two looks may lie closer together than the pace says.
const SLACK: Duration = Duration::from_secs(30);
/// Throttled without a `Retry-After`, we wait this many times as long as we did, up to [`LONGEST_WAIT`].
const SLOW_DOWN: u32 = 2;
/// No wait between looks grows beyond this, whatever we were told: the way back must be noticed.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// What verifying needs.
#[derive(Clone)]
pub struct Verify {
    /// Where beats come from and outcomes go to.
    pub store: Arc<dyn Store>,
    /// Asks.
    pub client: posthog::Client,
    /// The time.
    pub clock: Clock,
    /// Where it gives its sign of life.
    pub vitals: Vitals,
}

impl Verify {
    /// Looks until `stop`. A look that is under way then is dropped: the next life asks again.
    ///
    /// # Errors
    /// When the store cannot be read at the start. Later trouble with it is logged and waited out.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StoreError> {
        let mut roster = Roster::new(Arc::clone(&self.store));
        roster.refresh().await?;
        let last = self.store.looks().await?.into_iter().map(|look| (look.project, look)).collect();
        tokio::select! {
            () = stop => {}
            () = self.walk(roster, last) => {}
        }
        Ok(())
    }

    /// Looks at each project when its look is due, for ever.
    async fn walk(&self, mut roster: Roster, mut last: HashMap<ProjectId, Look>) {
        let mut agenda = Agenda::of(roster.projects(), &last, self.clock.now());
        let mut under_way: JoinSet<(ProjectId, Option<Look>)> = JoinSet::new();
        let mut refreshed = self.clock.monotonic();
        let mut store_ails = false;
        let mut before = self.clock.now();
        loop {
            let now = self.clock.now();
            // 1. Somebody may have changed a project, or the wall was stepped back: the agenda is made anew.
            let stepped_back = now < before;
            before = now;
            if stepped_back || self.clock.monotonic().saturating_sub(refreshed) >= REFRESH_EVERY {
                refreshed = self.clock.monotonic();
                match roster.refresh().await {
                    Ok(changed) => {
                        store_ails = false;
                        if changed || stepped_back {
                            agenda = Agenda::of(roster.projects(), &last, now);
                        }
                    }
                    Err(error) if !std::mem::replace(&mut store_ails, true) => {
                        tracing::error!(%error, "cannot read the projects; looking goes on at those known so far");
                    }
                    Err(_) => {}
                }
            }
            // 2. What is due is looked at, each in a task of its own while it lasts.
            // A task is made when there is room for it: very many that wait would cost memory.
            while under_way.len() < MAX_LOOKS
                && let Some(project) = agenda.pop(now)
            {
                let (verify, known) = (self.clone(), last.get(&project.id).cloned());
                under_way.spawn(async move { (project.id, verify.look(&project, known.as_ref()).await) });
            }
            if under_way.is_empty() {
                self.vitals.sign(Loop::Verify, now);
            }
            // 3. Until one is done, or the next is due; without room for it, until one is done.
            let next = agenda.next().filter(|_| under_way.len() < MAX_LOOKS);
            let wake = next.map_or(now.plus(REFRESH_EVERY), |next| next.min(now.plus(REFRESH_EVERY)));
            tokio::select! {
                Some(done) = under_way.join_next() => match done {
                    Ok((id, look)) => {
                        if let Some(look) = look {
                            last.insert(id, look);
                        }
                        // A look that came to nothing is not made again in the same instant.
                        agenda.again(id, last.get(&id), self.clock.now().plus(REFRESH_EVERY));
                    }
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                },
                () = self.clock.sleep_until(wake) => {}
            }
        }
    }
}

/// Which project is looked at next, and when.
#[derive(Default)]
struct Agenda {
    order: BTreeSet<(Timestamp, ProjectId)>,
    /// Each with its last place in the order, so that no look has to search for it.
    projects: HashMap<ProjectId, (Arc<Project>, Timestamp)>,
}

impl Agenda {
    fn of(projects: &[Arc<Project>], last: &HashMap<ProjectId, Look>, now: Timestamp) -> Self {
        let mut agenda = Self::default();
        for project in projects.iter().filter(|project| project.spec.heartbeat.is_some()) {
            agenda.put(Arc::clone(project), next_look(project, last.get(&project.id), now));
        }
        agenda
    }

    fn put(&mut self, project: Arc<Project>, at: Timestamp) {
        let id = project.id;
        if let Some((_, before)) = self.projects.insert(id, (project, at)) {
            self.order.remove(&(before, id));
        }
        self.order.insert((at, id));
    }

    /// A project whose look is due; it is off the agenda until [`Agenda::again`].
    fn pop(&mut self, now: Timestamp) -> Option<Arc<Project>> {
        let first = self.order.first().copied().filter(|(at, _)| *at <= now)?;
        self.order.remove(&first);
        self.projects.get(&first.1).map(|(project, _)| Arc::clone(project))
    }

    fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The look is over: the project is put on again, unless an agenda made anew meanwhile has it no more.
    fn again(&mut self, id: ProjectId, last: Option<&Look>, earliest: Timestamp) {
        if let Some((project, _)) = self.projects.get(&id) {
            let project = Arc::clone(project);
            let at = next_look(&project, last, earliest);
            self.put(project, at);
        }
    }
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

/// How long to leave PostHog alone after this failure.
fn wait_after(trouble: LookTrouble, asked: Option<Duration>, last_wait: Duration, look_every: Duration) -> Duration {
    match (trouble, asked) {
        (_, Some(asked)) => asked.min(LONGEST_WAIT),
        (LookTrouble::Throttled, None) => (last_wait.max(look_every) * SLOW_DOWN).min(LONGEST_WAIT),
        _ => Duration::ZERO,
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
        };
        Arc::new(Project { id: ProjectId(id), spec, routes: Vec::new(), switches: Vec::new() })
    }

    #[test]
    fn a_project_stands_on_the_agenda_once_also_when_the_agenda_was_made_anew_during_its_look() {
        let (now, last) = (Timestamp::from_ms(1_800_000_000_000), HashMap::new());
        let due = now.plus(FIRST_LOOK_AFTER);
        let mut agenda = Agenda::of(&[project(1), project(2)], &last, now);
        assert!(agenda.pop(now).is_none());
        let looked_at = agenda.pop(due).unwrap();
        // Somebody removed project 2 meanwhile.
        agenda = Agenda::of(&[project(1)], &last, now);
        agenda.again(looked_at.id, None, due);
        agenda.again(ProjectId(2), None, due);
        assert!(agenda.pop(due).is_none(), "its first entry was taken back");
        assert_eq!(agenda.pop(due.plus(FIRST_LOOK_AFTER)).unwrap().id, ProjectId(1));
        assert!(agenda.next().is_none());
    }
}
