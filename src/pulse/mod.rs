//! The pulse: each minute, sends the due beats and records their capture results.
//! One loop walks a sorted list of the minute's beats: no task, timer or connection per project. The recorder writes in batches.

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

/// The longest wait: a clock step that did not end the wait is noticed then. It is no shorter than the time between two beats of one project.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The retry interval of the store.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for answers. A result that is not recorded then is found by the beat's derived uuid.
const FAREWELL: Duration = Duration::from_secs(2);
const MAX_IN_FLIGHT: usize = 4096;
const MAX_BATCH: usize = 4096;
/// Results held while the store fails. Older ones are dropped: a read-back still finds their beats.
const MAX_HELD: usize = 200_000;

#[derive(Clone)]
pub struct Pulse {
    pub store: Arc<Store>,
    pub client: posthog::Client,
    pub clock: Clock,
    pub liveness: Liveness,
}

struct Sent {
    beat: Recorded,
    evidence: Option<Evidence>,
    is_last: bool,
}

impl Sent {
    fn new(route: RouteId, minute: Minute, capture_result: &CaptureResult, now: Timestamp, is_last: bool) -> Self {
        let evidence = EvidenceOf::capture_result(capture_result).map(|of| Evidence { route, minute, at: now, of });
        Self { beat: Recorded::of_capture_result(route, minute, capture_result), evidence, is_last }
    }
}

impl Pulse {
    /// Runs until `stop`. Fails only if the projects cannot be read at the start; later errors of the store are logged and retried.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StoreError> {
        let mut config_snapshot = ConfigSnapshot::new(Arc::clone(&self.store), "beats continue for the projects that were read last");
        config_snapshot.refresh().await?;
        let flight = Arc::new(Flight::new(self.liveness.clone()));
        let (capture_results, arriving) = mpsc::unbounded_channel();
        let recorder = tokio::spawn(record(self.clone(), arriving, Arc::clone(&flight)));
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => {}
            () = self.run_minutes(config_snapshot, &flight, &capture_results) => {}
        }
        drop(capture_results);
        if self.clock.timeout(FAREWELL, recorder).await.is_err() {
            tracing::info!("stopped before every answer arrived; read-backs find those beats");
        }
        Ok(())
    }

    async fn run_minutes(&self, config_snapshot: ConfigSnapshot, flight: &Arc<Flight>, capture_results: &mpsc::UnboundedSender<Sent>) {
        let permits = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let mut projects_now = Arc::clone(config_snapshot.projects());
        let mut scout = Scout::new(config_snapshot);
        let mut schedule = Schedule::of(&projects_now);
        let mut fresh = schedule.entries().to_vec();
        let (mut walked, mut since) = (None::<Minute>, Duration::ZERO);
        let mut sent: HashSet<RouteId> = HashSet::new();
        // Later minutes have no beats, not even of an earlier process whose clock was ahead.
        let mut newest = None::<Minute>;
        let mut changes = self.store.changes();
        loop {
            let now = self.clock.now();
            let minute = now.minute();
            // 1. The projects may have changed.
            if let Some(projects) = scout.news(self.clock.monotonic()).await {
                let before = std::mem::replace(&mut schedule, Schedule::of(&projects));
                fresh = schedule.not_in(&before);
                projects_now = projects;
            }
            // 2. A new minute; or the clock was set, and this minute may already have beats.
            if walked != Some(minute) {
                warn_of_missed(walked, minute, self.clock.uptime().saturating_sub(since));
                (walked, since) = (Some(minute), self.clock.uptime());
                schedule.rewind();
                sent = flight.of(minute);
                if newest.is_none_or(|newest| minute <= newest) {
                    newest = None;
                    // Sending twice is harmless, not sending is not.
                    let read = async { Ok::<_, StoreError>((self.store.recorded(minute).await?, self.store.newest_beat().await?)) };
                    match scout.within_patience(read).await {
                        Some(Ok((recorded, last))) => {
                            sent.extend(recorded);
                            newest = Some(last.unwrap_or(minute));
                        }
                        Some(Err(error)) => {
                            tracing::warn!(%error, "cannot read the beats of this minute; they are sent, as the same events");
                        }
                        None => tracing::warn!("the store does not answer; the beats of this minute are sent, as the same events"),
                    }
                }
                newest = newest.map(|newest| newest.max(minute));
            }
            // 3. New routes are sent at once, to show their first beat early; the others at their slot.
            let mut due = std::mem::take(&mut fresh);
            due.extend(schedule.due(minute, now));
            for entry in due.into_iter().filter(|entry| sent.insert(entry.route)) {
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                flight.took_off(entry.route, minute);
                let (pulse, project, capture_results) =
                    (self.clone(), Arc::clone(&projects_now[entry.project as usize]), capture_results.clone());
                tokio::spawn(async move {
                    pulse.send(&project, entry, minute, &capture_results).await;
                    drop(permit);
                });
            }
            flight.walked_to(now);
            // 4. Until the next slot or a change.
            let longest = if scout.is_waiting() { RETRY_EVERY } else { LONGEST_WAIT };
            let wake = schedule.next_slot(minute).into_iter().fold(now.plus(longest), Timestamp::min);
            tokio::select! {
                Ok(()) = changes.changed() => {}
                () = self.clock.wait(now, wake) => {}
            }
        }
    }

    /// Sends one beat. Records a first failure at once, because the retries may take the rest of the minute, and the
    /// final result.
    async fn send(&self, project: &Project, due: Due, minute: Minute, capture_results: &mpsc::UnboundedSender<Sent>) {
        let route = &project.routes[due.route_index as usize];
        let beat = Beat::derive(&project.spec.token, &route.spec, minute);
        // The time of sending, in the beat's own minute: a duplicate then falls into the same day.
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
            // The recorder outlives all senders, except when the process ends.
            let _ = capture_results.send(sent);
        };
        let mut first_failure = |capture_result: CaptureResult| {
            if capture_result.tries == 1 {
                record(&capture_result, false);
            }
        };
        let timeout = project.spec.timing.timeout;
        let capture_result = capture::send_telling(&self.client, &event, timeout, minute.end(), &mut first_failure).await;
        tracing::debug!(project = %project.spec.name, route = route.spec.name, %minute, reply = ?capture_result.reply, "sent");
        record(&capture_result, true);
    }
}

/// Minutes in which this process did not run get no late beats. `took`: since the start of the previous minute's round.
fn warn_of_missed(walked: Option<Minute>, minute: Minute, took: Duration) {
    let Some(minutes) = walked.map(|walked| minute.index() - walked.index() - 1).filter(|missed| *missed > 0) else { return };
    if took.as_millis() < (minutes * Minute::LENGTH_MS).unsigned_abs().into() {
        tracing::warn!(minutes, "the clock jumped ahead: the minutes between have no beats, and none are sent late");
    } else {
        tracing::warn!(minutes, "this process or its machine was suspended: the minutes between have no beats, and none are sent late");
    }
}

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
                tracing::error!(%error, capture_results = held.beats.len(), "cannot record capture results; they are held and retried every second");
            }
            pulse.clock.sleep(RETRY_EVERY).await;
            held.extend(std::iter::from_fn(|| arriving.try_recv().ok()));
        }
        let landed = std::mem::take(&mut held).landed;
        pulse.liveness.did(Loop::Pulse, landed.len());
        flight.landed(&landed);
    }
}

/// Writes each result separately if the store rejects the batch: a rejected one is written without its excerpt, and dropped if it is
/// rejected again. A read-back still finds its beat.
async fn record_apart(store: &Store, held: &Held) -> Result<(), StoreError> {
    let rejected = |result: Result<(), StoreError>, what: &str| match result {
        Err(error @ StoreError::Unfit { .. }) => {
            tracing::error!(%error, "{what}");
            Ok(())
        }
        other => other,
    };
    for beat in &held.beats {
        rejected(store.record(std::slice::from_ref(beat), &[]).await, "the store rejects a capture result; it is dropped")?;
    }
    for evidence in &held.evidence {
        rejected(
            store.record(&[], std::slice::from_ref(evidence)).await,
            "the store rejects the text of a capture result; it is recorded without it",
        )?;
    }
    Ok(())
}

#[derive(Default)]
struct Held {
    beats: Vec<Recorded>,
    evidence: Vec<Evidence>,
    landed: Vec<(RouteId, Minute)>,
}

impl Held {
    fn extend(&mut self, capture_results: impl Iterator<Item = Sent>) {
        for sent in capture_results {
            self.landed.extend(sent.is_last.then_some((sent.beat.route, sent.beat.minute)));
            self.beats.push(sent.beat);
            self.evidence.extend(sent.evidence);
        }
        // Bounds the memory if the store fails for hours.
        let over = self.beats.len().saturating_sub(MAX_HELD);
        if over > 0 {
            tracing::warn!(
                capture_results = over,
                "too many capture results wait for the store; the oldest are dropped, and read-backs find their beats"
            );
        }
        self.beats.drain(..over);
        self.evidence.drain(..self.evidence.len().saturating_sub(MAX_HELD));
    }
}
