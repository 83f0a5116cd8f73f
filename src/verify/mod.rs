//! Verify: looks for what was sent, settles it, and lets `judge` say what it means.
//!
//! One query a project and minute at most, a moment behind the slot, holding every question of that minute. Takes
//! open beats from the store, gives settled ones back; what to ask is `questions`, how one read-back goes is `readback`, and what else is asked while
//! beats are accepted and stay away is `silence`.

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
use crate::liveness::{Liveness, Loop};
use crate::model::{Project, ProjectId, Readback, ReadbackErrorKind, Timestamp};
use crate::posthog;
use crate::store::{ConfigSnapshot, Store};
use agenda::Agenda;
use assess::Routing;

/// No wait is longer, so that a change of projects, or of the wall clock, is noticed soon.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How many read-backs are under way at once, at most.
const MAX_READBACKS: usize = 64;
/// Throttled, or asking for too much, without a `Retry-After`, we wait this many times as long as we did, up to [`LONGEST_WAIT`].
const SLOW_DOWN: u32 = 2;
/// No wait between read-backs grows beyond this, whatever we were told: the way back must be noticed.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// But where the hour's budget is used up: asking sooner would only be refused.
const LONGEST_BUDGET_WAIT: Duration = Duration::from_hours(1);

/// What verifying needs.
#[derive(Clone)]
pub struct Verify {
    /// Where beats come from and outcomes go to.
    pub store: Arc<Store>,
    /// Asks.
    pub client: posthog::Client,
    /// The time.
    pub clock: Clock,
    /// Where it gives its sign of life.
    pub liveness: Liveness,
}

impl Verify {
    /// Looks until `stop`. A read-back that is under way then is dropped: the next life asks again.
    /// Trouble with the store, also at the start, is logged and waited out.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut config_snapshot = ConfigSnapshot::new(Arc::clone(&self.store), "looking goes on at those known so far").with_channels();
        tokio::select! {
            () = stop => {}
            () = async {
                let last = self.begin(&mut config_snapshot).await;
                self.walk(config_snapshot, last).await;
            } => {}
        }
    }

    /// Reads what there is to look at and the looks so far; again each second until the store lets it.
    async fn begin(&self, config_snapshot: &mut ConfigSnapshot) -> HashMap<ProjectId, Readback> {
        let mut ails = false;
        loop {
            let read = async {
                config_snapshot.refresh().await?;
                self.store.readbacks().await
            };
            match read.await {
                Ok(readbacks) => return readbacks.into_iter().map(|readback| (readback.project, readback)).collect(),
                Err(error) if ails => tracing::debug!(%error, "the projects still cannot be read"),
                Err(error) => {
                    tracing::error!(%error, "the projects cannot be read, so that nothing is looked at; that is tried again each second");
                }
            }
            ails = true;
            self.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Visits each project when its visit is due, for ever.
    async fn walk(&self, mut config_snapshot: ConfigSnapshot, mut last: HashMap<ProjectId, Readback>) {
        let mut agenda = Agenda::default();
        agenda.renew(config_snapshot.projects(), &mut last, self.clock.now());
        let mut routing = Routing::of(&config_snapshot);
        // What nobody watches any more is to be ended, until the store has taken that.
        let mut unwatched = true;
        let mut begun: HashMap<ProjectId, Timestamp> = HashMap::new();
        let mut under_way: JoinSet<(ProjectId, Option<Readback>)> = JoinSet::new();
        let mut before = self.clock.now();
        loop {
            let now = self.clock.now();
            // 1. Somebody may have changed a project, or the wall was stepped back: the agenda is made anew.
            let stepped_back = now < before;
            before = now;
            let changed = config_snapshot.refresh_when_due(self.clock.monotonic(), stepped_back).await;
            if changed.is_some_and(|changed| changed || stepped_back) {
                agenda.renew(config_snapshot.projects(), &mut last, now);
                routing = Routing::of(&config_snapshot);
                unwatched = true;
            }
            if unwatched {
                unwatched = self.abandon_unwatched(&config_snapshot, &routing).await.is_err();
            }
            // 2. What is due is visited, each in a task of its own while it lasts.
            // A task is made when there is room for it: very many that wait would cost memory.
            while under_way.len() < MAX_READBACKS
                && let Some(project) = agenda.pop(now)
            {
                let (verify, known, routing) = (self.clone(), last.get(&project.id).cloned(), routing.clone());
                begun.insert(project.id, now);
                under_way.spawn(async move { (project.id, verify.visit(&project, known.as_ref(), &routing).await) });
            }
            // Up to the oldest visit that is not done: with very many projects there is always one.
            let oldest = begun.values().min().map(|begun| begun.minus(Duration::from_millis(1)));
            self.liveness.sign(Loop::Verify, oldest.unwrap_or(now));
            // 3. Until one is done, or the next is due; without room for it, until one is done.
            let next = agenda.next().filter(|_| under_way.len() < MAX_READBACKS);
            let wake = next.map_or(now.plus(REFRESH_EVERY), |next| next.min(now.plus(REFRESH_EVERY)));
            tokio::select! {
                Some(done) = under_way.join_next() => match done {
                    Ok((id, readback)) => {
                        begun.remove(&id);
                        if let Some(readback) = readback {
                            self.liveness.did(Loop::Verify, 1);
                            last.insert(id, readback);
                        }
                        // A visit that came to nothing is not made again in the same instant.
                        agenda.again(id, last.get(&id), self.clock.now().plus(REFRESH_EVERY));
                    }
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                },
                // Never longer than that: were the wall stepped back meanwhile, it would take its time to show `wake`.
                _ = self.clock.timeout(REFRESH_EVERY, self.clock.sleep_until(wake)) => {}
            }
        }
    }

    /// Looks at a project, when a read-back is due, and judges what is known of it; gives the new look.
    async fn visit(&self, project: &Project, last: Option<&Readback>, routing: &Routing) -> Option<Readback> {
        let due = agenda::readback_due(project, last, self.clock.now());
        let readback = if due { self.readback(project, last).await } else { None };
        self.assess(project, readback.as_ref().or(last), routing).await;
        readback
    }
}

/// How long to leave PostHog alone after this failure.
fn wait_after(trouble: ReadbackErrorKind, asked: Option<Duration>, last_wait: Duration, readback_interval: Duration) -> Duration {
    match (trouble, asked) {
        (ReadbackErrorKind::BudgetUsedUp, Some(asked)) => asked.min(LONGEST_BUDGET_WAIT),
        (_, Some(asked)) => asked.min(LONGEST_WAIT),
        (trouble, None) if trouble.slows_down() => (last_wait.max(readback_interval) * SLOW_DOWN).min(LONGEST_WAIT),
        _ => Duration::ZERO,
    }
}
