//! Verify: reads beats back, stores their outcome, and lets `judge` interpret it.
//! At most one query per project and minute, shortly after the slot: `questions` decides what to ask, `readback` asks, and `silence`
//! finds out why accepted beats are missing.

mod agenda;
mod assess;
mod meet;
mod questions;
mod readback;
mod silence;
mod token;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::liveness::{FirstError, Liveness, Loop};
use crate::model::{ProjectId, ReadbackErrorKind, Timestamp};
use crate::posthog;
use crate::store::{ConfigSnapshot, Store};
use agenda::{Agenda, Asked, Visit, Visited};
use assess::Routing;

/// The longest wait: a clock step that did not end the wait is noticed then.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// After a failure of the store.
const RETRY_EVERY: Duration = Duration::from_secs(1);
const MAX_READBACKS: usize = 64;
/// Factor for the wait after a rate limit or an expensive query without `Retry-After`, up to [`LONGEST_WAIT`].
const SLOW_DOWN: u32 = 2;
/// Upper bound of the wait between read-backs, whatever PostHog asks for: a recovery must be noticed.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// The same if the hourly budget is used up: an earlier query would be rejected.
const LONGEST_BUDGET_WAIT: Duration = Duration::from_hours(1);

#[derive(Clone)]
pub struct Verify {
    pub store: Arc<Store>,
    pub client: posthog::Client,
    pub clock: Clock,
    pub liveness: Liveness,
}

impl Verify {
    /// Runs until `stop`, which drops running read-backs: the next start asks again.
    /// Errors of the store, also at the start, are logged and retried.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut config_snapshot =
            ConfigSnapshot::new(Arc::clone(&self.store), "read-backs continue for the projects that were read last").with_channels();
        tokio::select! {
            () = stop => {}
            () = async {
                let last = self.begin(&mut config_snapshot).await;
                self.run_visits(config_snapshot, last).await;
            } => {}
        }
    }

    /// Reads projects and the times of stored read-backs; retries each second until the store answers.
    async fn begin(&self, config_snapshot: &mut ConfigSnapshot) -> HashMap<ProjectId, Asked> {
        let mut first_error = FirstError::default();
        loop {
            let read = async {
                config_snapshot.refresh().await?;
                self.store.readback_times().await
            };
            match read.await {
                Ok(times) => return times.into_iter().map(|(project, at, not_before)| (project, Asked { at, not_before })).collect(),
                Err(error) => first_error.log(&error, "cannot read the projects, so nothing is read back; retried every second"),
            }
            self.clock.sleep(RETRY_EVERY).await;
        }
    }

    async fn run_visits(&self, mut config_snapshot: ConfigSnapshot, stored: HashMap<ProjectId, Asked>) {
        let mut agenda = Agenda::default();
        agenda.renew(config_snapshot.projects(), &stored, self.clock.now());
        drop(stored);
        let mut routing = Routing::of(&config_snapshot);
        // Incidents without Ingestion Alert must be resolved; repeated until the store accepts it.
        let mut unwatched = true;
        let mut begun: HashMap<ProjectId, Timestamp> = HashMap::new();
        let mut under_way: JoinSet<(ProjectId, Visited)> = JoinSet::new();
        let mut before = self.clock.now();
        let mut changes = self.store.changes();
        loop {
            let now = self.clock.now();
            // 1. Projects changed, or the clock was set back: renew the agenda.
            let stepped_back = now < before;
            before = now;
            let refreshed = config_snapshot.refresh_when_due(self.clock.monotonic(), stepped_back).await;
            if refreshed.is_some_and(|changed| changed || stepped_back) {
                agenda.renew(config_snapshot.projects(), &HashMap::new(), now);
                routing = Routing::of(&config_snapshot);
                unwatched = true;
            }
            if unwatched {
                unwatched = self.abandon_unwatched(&config_snapshot, &routing).await.is_err();
            }
            // 2. Start the due visits, each in its own task.
            // Only as many as may run at once: waiting tasks would cost memory.
            while under_way.len() < MAX_READBACKS
                && let Some(visit) = agenda.pop(now)
            {
                let (verify, routing) = (self.clone(), routing.clone());
                begun.insert(visit.project.id, now);
                under_way.spawn(async move { (visit.project.id, verify.visit(&visit, &routing).await) });
            }
            // Progress is the oldest running visit: with very many projects there is always one.
            let oldest = begun.values().min().map(|begun| begun.minus(Duration::from_millis(1)));
            self.liveness.sign(Loop::Verify, oldest.unwrap_or(now));
            // 3. Wait for the end of a visit, or for the next one if it may start.
            let next = agenda.next().filter(|_| under_way.len() < MAX_READBACKS);
            let longest = if unwatched || config_snapshot.is_failing() { RETRY_EVERY } else { LONGEST_SLEEP };
            let wake = next.map_or(now.plus(longest), |next| next.min(now.plus(longest)));
            tokio::select! {
                Some(done) = under_way.join_next() => match done {
                    Ok((id, visited)) => {
                        begun.remove(&id);
                        if visited.readback.is_some() {
                            self.liveness.did(Loop::Verify, 1);
                        }
                        // A failed visit is not repeated at once.
                        agenda.again(id, visited, self.clock.now().plus(RETRY_EVERY));
                    }
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                },
                Ok(()) = changes.changed() => {}
                () = self.clock.wait(now, wake) => {}
            }
        }
    }

    async fn visit(&self, visit: &Visit, routing: &Routing) -> Visited {
        if !agenda::readback_due(&visit.project, visit.asked, self.clock.now()) {
            self.assess(&visit.project, None, visit.asked.is_some(), routing).await;
            return Visited::default();
        }
        let visited = self.readback(visit).await;
        self.assess(&visit.project, visited.readback.as_ref(), visit.asked.is_some(), routing).await;
        visited
    }
}

fn wait_after(kind: ReadbackErrorKind, asked: Option<Duration>, last_wait: Duration, readback_interval: Duration) -> Duration {
    match (kind, asked) {
        (ReadbackErrorKind::BudgetUsedUp, Some(asked)) => asked.min(LONGEST_BUDGET_WAIT),
        (_, Some(asked)) => asked.min(LONGEST_WAIT),
        (kind, None) if kind.slows_down() => (last_wait.max(readback_interval) * SLOW_DOWN).min(LONGEST_WAIT),
        _ => Duration::ZERO,
    }
}
