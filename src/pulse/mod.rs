//! The pulse: each minute, what is due is sent and recorded.
//!
//! A minute's beats are one sorted list that one loop walks: no task, timer or connection per project. What is sent
//! goes to a recorder that writes as many receipts at once as have come together. Nothing
//! here looks for a beat: that is `verify`.

mod flight;
mod schedule;
mod scout;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::clock::Clock;
use crate::liveness::{Liveness, Loop};
use crate::model::{Beat, CaptureResult, Evidence, EvidenceOf, Minute, Project, Recorded, RouteId, Timestamp};
use crate::posthog::{self, capture};
use crate::store::{ConfigSnapshot, Store, StoreError};
use flight::Flight;
use schedule::{Due, Schedule};
use scout::Scout;

/// No wait is longer, so that a change of projects, or of the wall clock, is noticed soon; and so often the store is tried again.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for answers that are under way. What is not recorded then is found by its derived uuid.
const FAREWELL: Duration = Duration::from_secs(2);
/// How many requests are under way at once, at most.
const MAX_IN_FLIGHT: usize = 4096;
/// How many receipts go into the store at once, at most.
const MAX_BATCH: usize = 4096;
/// How many receipts are held while the store does not take them. Older ones are let go: looks find their beats all the same.
const MAX_HELD: usize = 200_000;

/// What the pulse needs.
#[derive(Clone)]
pub struct Pulse {
    /// Where projects come from and receipts go to.
    pub store: Arc<Store>,
    /// Sends.
    pub client: posthog::Client,
    /// The time.
    pub clock: Clock,
    /// Where it gives its sign of life.
    pub liveness: Liveness,
}

/// One receipt on its way to the store.
struct Sent {
    beat: Recorded,
    evidence: Option<Evidence>,
    /// Whether no other try follows.
    is_last: bool,
}

impl Sent {
    fn new(route: RouteId, minute: Minute, capture_result: &CaptureResult, now: Timestamp, is_last: bool) -> Self {
        let evidence = EvidenceOf::capture_result(capture_result).map(|of| Evidence { route, minute, at: now, of });
        Self { beat: Recorded::of_capture_result(route, minute, capture_result), evidence, is_last }
    }
}

impl Pulse {
    /// Beats until `stop`.
    ///
    /// # Errors
    /// When the projects cannot be read at the start. Later trouble with the store is logged and waited out: beating goes on.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StoreError> {
        let mut config_snapshot = ConfigSnapshot::new(Arc::clone(&self.store), "beating goes on with those known so far");
        config_snapshot.refresh().await?;
        let flight = Arc::new(Flight::new(self.liveness.clone()));
        let (capture_results, arriving) = mpsc::unbounded_channel();
        let recorder = tokio::spawn(record(self.clone(), arriving, Arc::clone(&flight)));
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => {}
            () = self.walk(config_snapshot, &flight, &capture_results) => {}
        }
        drop(capture_results);
        if self.clock.timeout(FAREWELL, recorder).await.is_err() {
            tracing::info!("stopped before every answer had come; what they would have said is found by looking");
        }
        Ok(())
    }

    /// Walks minute after minute, for ever.
    async fn walk(&self, config_snapshot: ConfigSnapshot, flight: &Arc<Flight>, capture_results: &mpsc::UnboundedSender<Sent>) {
        let permits = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let mut known: Vec<Arc<Project>> = config_snapshot.projects().to_vec();
        let mut scout = Scout::new(config_snapshot);
        let mut schedule = Schedule::of(&known);
        let mut fresh = schedule.entries().to_vec();
        let (mut walked, mut since) = (None::<Minute>, Duration::ZERO);
        let mut sent: HashSet<RouteId> = HashSet::new();
        loop {
            let now = self.clock.now();
            let minute = now.minute();
            // 1. Somebody may have changed a project.
            if let Some(projects) = scout.news(self.clock.monotonic()).await {
                let before = std::mem::replace(&mut schedule, Schedule::of(&projects));
                fresh = schedule.not_in(&before);
                known = projects;
            }
            // 2. A minute begins; or the wall was stepped, and this minute may have its beats already.
            if walked != Some(minute) {
                warn_of_missed(walked, minute, self.clock.uptime().saturating_sub(since));
                (walked, since) = (Some(minute), self.clock.uptime());
                schedule.rewind();
                sent = flight.of(minute);
                // Sending twice is harmless, not sending is not.
                match scout.within_patience(self.store.recorded(minute)).await {
                    Some(Ok(recorded)) => sent.extend(recorded),
                    Some(Err(error)) => tracing::warn!(%error, "cannot see what this minute holds; its beats are sent, as the same events"),
                    None => tracing::warn!("the store does not say what this minute holds; its beats are sent, as the same events"),
                }
            }
            // 3. What is new goes at once, so that a person sees the first beat now; the rest at its slot.
            let mut due = std::mem::take(&mut fresh);
            due.extend(schedule.due(minute, now));
            for entry in due.into_iter().filter(|entry| sent.insert(entry.route)) {
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                flight.took_off(entry.route, minute);
                let (pulse, project, capture_results) = (self.clone(), Arc::clone(&known[entry.project]), capture_results.clone());
                tokio::spawn(async move {
                    pulse.send(&project, entry, minute, &capture_results).await;
                    drop(permit);
                });
            }
            flight.walked_to(now);
            // 4. Until the next slot, the next minute, or the next question to the store.
            let wake = schedule.next_slot(minute).unwrap_or_else(|| minute.end()).min(now.plus(REFRESH_EVERY));
            // Never longer than that: were the wall stepped back meanwhile, it would take its time to show `wake`.
            let _ = self.clock.timeout(REFRESH_EVERY, self.clock.sleep_until(wake)).await;
        }
    }

    /// Sends one beat, and what is to be recorded of it to the recorder: a first failure at once, since trying again may
    /// take the rest of the minute, and the last word.
    async fn send(&self, project: &Project, due: Due, minute: Minute, capture_results: &mpsc::UnboundedSender<Sent>) {
        let route = &project.routes[due.route_index];
        let beat = Beat::derive(&project.spec.token, &route.spec, minute);
        // The timestamp is that of the sending, and lies in the beat's own minute: a repeat then falls into the same day.
        let last = Timestamp::from_ms(minute.end().ms() - 1);
        let timestamp = self.clock.now().clamp(minute.start(), last);
        let event = capture::Event {
            base: project.spec.host_of(route).capture(),
            endpoint: route.spec.endpoint,
            token: &project.spec.token,
            name: &route.spec.event,
            beat: &beat,
            timestamp,
        };
        let record = |capture_result: &CaptureResult, is_last| {
            let sent = Sent::new(route.id, minute, capture_result, self.clock.now(), is_last);
            // The recorder outlives every sender; if it is gone, so is the process.
            let _ = capture_results.send(sent);
        };
        let mut first_failure = |capture_result: CaptureResult| {
            if capture_result.tries == 1 {
                record(&capture_result, false);
            }
        };
        let capture_result = capture::send_telling(&self.client, &event, minute.end(), &mut first_failure).await;
        tracing::debug!(project = %project.spec.name, route = route.spec.name, %minute, reply = ?capture_result.reply, "sent");
        record(&capture_result, true);
    }
}

/// Minutes in which we did not run are ours; they are never sent late. `took` is how long it took since the one before began to be walked.
fn warn_of_missed(walked: Option<Minute>, minute: Minute, took: Duration) {
    let Some(minutes) = walked.map(|walked| minute.index() - walked.index() - 1).filter(|missed| *missed > 0) else { return };
    if took.as_millis() < (minutes * Minute::LENGTH_MS).unsigned_abs().into() {
        tracing::warn!(minutes, "the clock jumped ahead: no beat was sent in the minutes between, and none is sent late");
    } else {
        tracing::warn!(minutes, "this process or its machine stood still: no beat was sent in the minutes between, and none is sent late");
    }
}

/// Writes receipts, as many at once as have come together, until all senders are gone.
async fn record(pulse: Pulse, mut arriving: mpsc::UnboundedReceiver<Sent>, flight: Arc<Flight>) {
    let (mut held, mut batch) = (Held::default(), Vec::with_capacity(64));
    while arriving.recv_many(&mut batch, MAX_BATCH).await > 0 {
        held.extend(batch.drain(..));
        let mut ails = false;
        while let Err(error) = pulse.store.record(&held.beats, &held.evidence).await {
            if matches!(error, StoreError::Unfit { .. }) && record_apart(&pulse.store, &held).await.is_ok() {
                break;
            }
            if !std::mem::replace(&mut ails, true) {
                tracing::error!(%error, capture_results = held.beats.len(), "cannot record receipts; they are held, and tried again every second");
            }
            pulse.clock.sleep(REFRESH_EVERY).await;
            held.extend(std::iter::from_fn(|| arriving.try_recv().ok()));
        }
        let landed = std::mem::take(&mut held).landed;
        pulse.liveness.did(Loop::Pulse, landed.len());
        flight.landed(&landed);
    }
}

/// Writes each by itself where the store refuses what some of them hold: a receipt then goes without its words, and one that is refused even so is
/// let go, with a word in the log. A read-back finds its beat all the same.
async fn record_apart(store: &Store, held: &Held) -> Result<(), StoreError> {
    let rejected = |result: Result<(), StoreError>, what: &str| match result {
        Err(error @ StoreError::Unfit { .. }) => {
            tracing::error!(%error, "{what}");
            Ok(())
        }
        other => other,
    };
    for beat in &held.beats {
        rejected(store.record(std::slice::from_ref(beat), &[]).await, "the store refuses a receipt; it is let go")?;
    }
    for evidence in &held.evidence {
        rejected(
            store.record(&[], std::slice::from_ref(evidence)).await,
            "the store refuses the words of a receipt; it is recorded without them",
        )?;
    }
    Ok(())
}

/// What waits to be recorded.
#[derive(Default)]
struct Held {
    beats: Vec<Recorded>,
    evidence: Vec<Evidence>,
    /// Those that nothing more comes of.
    landed: Vec<(RouteId, Minute)>,
}

impl Held {
    fn extend(&mut self, capture_results: impl Iterator<Item = Sent>) {
        for sent in capture_results {
            self.landed.extend(sent.is_last.then_some((sent.beat.route, sent.beat.minute)));
            self.beats.push(sent.beat);
            self.evidence.extend(sent.evidence);
        }
        // A store that is away for hours must not cost the memory of this machine.
        let over = self.beats.len().saturating_sub(MAX_HELD);
        if over > 0 {
            tracing::warn!(
                capture_results = over,
                "too many receipts wait for the store; the oldest are let go, and read-backs find their beats"
            );
        }
        self.beats.drain(..over);
        self.evidence.drain(..self.evidence.len().saturating_sub(MAX_HELD));
    }
}
