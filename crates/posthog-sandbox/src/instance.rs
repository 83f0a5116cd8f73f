//! The inside of the sandbox: its clock, its faults, what it was given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, OnceCell};

use super::annotations::Annotation;
use super::budget::Budgets;
use super::chance::Chance;
use super::event::Event;
use super::faults::{Faults, FaultsError};
use super::moment::Moment;
use super::pipeline::Pipeline;
use super::query::Running;
use super::table::Table;
use super::warnings::Warnings;
use heartbeat_clock::clock::Clock;

/// How long events are kept, in milliseconds of the clock: 48 hours.
const KEPT_MS: i64 = 48 * 3600 * 1000;

/// More events than this never wait, so that a queue stopped for days does not eat the machine.
const MOST_WAITING: usize = 2_000_000;

/// One PostHog. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Instance(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    clock: Clock,
    moving: Mutex<Moving>,
    /// Opened when it is first asked for.
    table: OnceCell<AsyncMutex<Table>>,
    annotations: Mutex<Vec<Annotation>>,
    queries: Running,
}

/// What changes with each request; locked for moments, never across an await.
#[derive(Debug)]
struct Moving {
    faults: Faults,
    chance: Chance,
    pipeline: Pipeline,
    warnings: Warnings,
    budgets: Budgets,
    /// How many uuids were made here, for events that came without one.
    uuids: u64,
}

/// What happens to one request to capture, drawn once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken, and answered.
    Answered,
    /// Its connection is cut before anything is taken.
    Cut,
    /// It is taken, and its connection is cut instead of an answer.
    AnswerLost,
}

impl Moving {
    fn set_faults(&mut self, next: Faults, now: Moment) {
        self.pipeline.replan(&next.queue, now);
        if next.query.budget != self.faults.query.budget {
            self.budgets = Budgets::default();
        }
        self.faults = next;
    }
}

impl Instance {
    pub(super) fn new(clock: Clock) -> Self {
        let moving = Moving {
            faults: Faults::default(),
            chance: Chance::seeded(0),
            pipeline: Pipeline::default(),
            warnings: Warnings::default(),
            budgets: Budgets::default(),
            uuids: 0,
        };
        Self(Arc::new(Inside {
            clock,
            moving: Mutex::new(moving),
            table: OnceCell::new(),
            annotations: Mutex::default(),
            queries: Running::default(),
        }))
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&self.0.clock)
    }

    /// Holds an answer for this many milliseconds of the clock.
    pub(super) async fn hold(&self, delay_ms: u64) {
        if delay_ms > 0 {
            self.0.clock.sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    pub(super) fn faults(&self) -> Faults {
        self.moving().faults.clone()
    }

    /// Merges a change into the faults. Reading and writing are one step: of two changes at once both hold.
    pub(super) fn change_faults(&self, change: &Value) -> Result<Faults, FaultsError> {
        let now = self.now();
        let mut moving = self.moving();
        let next = moving.faults.changed(change)?;
        moving.set_faults(next.clone(), now);
        Ok(next)
    }

    pub(super) fn clear_faults(&self) {
        let now = self.now();
        self.moving().set_faults(Faults::default(), now);
    }

    /// What happens to a request to capture that comes in now.
    pub(super) fn fate(&self) -> Fate {
        let mut moving = self.moving();
        let Moving { faults, chance, .. } = &mut *moving;
        if chance.happens(faults.capture.reset_rate) {
            Fate::Cut
        } else if chance.happens(faults.capture.lose_answer_rate) {
            Fate::AnswerLost
        } else {
            Fate::Answered
        }
    }

    /// Puts events into the queue, but for those that the faults loses.
    pub(super) fn take(&self, events: Vec<Event>) {
        let oldest = self.oldest();
        let mut moving = self.moving();
        let Moving { faults: Faults { capture, queue, .. }, chance, pipeline, warnings, .. } = &mut *moving;
        if pipeline.waiting().len() > MOST_WAITING {
            pipeline.forget(oldest);
        }
        let filter = capture.filter();
        let filtered = |event: &Event| filter.as_ref().is_some_and(|filter| filter.drops(&event.name, &event.distinct_id));
        for event in events {
            if chance.happens(capture.drop_rate) || capture.restricted.contains(&event.name) || filtered(&event) {
                continue;
            }
            if capture.transformation_drops.contains(&event.name) {
                warnings.dropped_by_transformation(&event);
                continue;
            }
            let rows = if chance.happens(queue.duplicate_rate) { 2 } else { 1 };
            pipeline.put(event, rows, queue);
        }
    }

    /// A uuid for an event that came without one: version 7, of this moment.
    pub(super) fn fresh_uuid(&self) -> uuid::Uuid {
        let ms = u64::try_from(self.now().us() / 1000).unwrap_or_default();
        let mut moving = self.moving();
        moving.uuids += 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&moving.uuids.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// Events that wait in the queue, with the number of rows that each will make.
    pub(super) fn waiting(&self) -> Vec<(Event, u8)> {
        self.moving().pipeline.waiting().iter().map(|waiting| (waiting.event.clone(), waiting.rows)).collect()
    }

    /// The table with everything in it that is ingested by now. The guard holds off other readers.
    pub(super) async fn table(&self) -> sqlx::Result<AsyncMutexGuard<'_, Table>> {
        let opened = self.0.table.get_or_try_init(|| async { Table::new().await.map(AsyncMutex::new) }).await?;
        let mut table = opened.lock().await;
        let now = self.now();
        let (rows, warnings) = {
            let mut moving = self.moving();
            (moving.pipeline.drain(now), moving.warnings.take())
        };
        table.expect(rows, warnings);
        table.settle().await?;
        table.tidy(now, self.oldest()).await?;
        Ok(table)
    }

    /// The queries that run now.
    pub(super) fn queries(&self) -> &Running {
        &self.0.queries
    }

    /// Looks after the read budgets, with the faults of this moment.
    pub(super) fn budgets<T>(&self, readback: impl FnOnce(&mut Budgets, &Faults, Moment) -> T) -> T {
        let now = self.now();
        let mut moving = self.moving();
        let Moving { faults, budgets, .. } = &mut *moving;
        readback(budgets, faults, now)
    }

    pub(super) fn annotations(&self) -> MutexGuard<'_, Vec<Annotation>> {
        self.0.annotations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oldest(&self) -> Moment {
        self.now().plus_ms(-KEPT_MS)
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        // Nothing in here is left half done by a panic.
        self.0.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
