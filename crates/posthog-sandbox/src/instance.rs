//! The state of one sandbox: its clock, faults, queue and tables.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, OnceCell};

use super::annotation::Annotation;
use super::budget::Budgets;
use super::chance::Chance;
use super::event::Event;
use super::faults::{Faults, FaultsError};
use super::moment::Moment;
use super::pipeline::Pipeline;
use super::running_queries::RunningQueries;
use super::table::Table;
use super::warnings::Warnings;
use heartbeat_clock::clock::Clock;

/// 48 hours.
const RETENTION_MS: i64 = 48 * 3600 * 1000;

/// Beyond this number, waiting events older than the retention are dropped: bounds the memory of a queue that is stopped for days.
const MOST_WAITING: usize = 2_000_000;

/// Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub(super) struct Instance(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    clock: Clock,
    moving: Mutex<Moving>,
    table: OnceCell<AsyncMutex<Table>>,
    annotations: Mutex<Vec<Annotation>>,
    queries: RunningQueries,
}

/// State that requests change. Never locked across an await.
#[derive(Debug)]
struct Moving {
    faults: Faults,
    chance: Chance,
    pipeline: Pipeline,
    warnings: Warnings,
    budgets: Budgets,
    uuids: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    /// The connection is closed before the events are accepted.
    Cut,
    /// The events are accepted, then the connection is closed without an answer.
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
            queries: RunningQueries::default(),
        }))
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&self.0.clock)
    }

    pub(super) async fn hold(&self, delay_ms: u64) {
        if delay_ms > 0 {
            self.0.clock.sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    pub(super) fn faults(&self) -> Faults {
        self.moving().faults.clone()
    }

    /// Merges a change into the faults, under one lock: no concurrent change is lost.
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

    /// A version 7 uuid with the current time, for an event without one.
    pub(super) fn fresh_uuid(&self) -> uuid::Uuid {
        let ms = u64::try_from(self.now().us() / 1000).unwrap_or_default();
        let mut moving = self.moving();
        moving.uuids += 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&moving.uuids.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// The queued events, each with its number of future rows.
    pub(super) fn waiting(&self) -> Vec<(Event, u8)> {
        self.moving().pipeline.waiting().iter().map(|waiting| (waiting.event.clone(), waiting.rows)).collect()
    }

    /// The table, with all events that are due by now. The guard excludes other readers.
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

    pub(super) fn queries(&self) -> &RunningQueries {
        &self.0.queries
    }

    pub(super) fn budgets<T>(&self, access: impl FnOnce(&mut Budgets, &Faults, Moment) -> T) -> T {
        let now = self.now();
        let mut moving = self.moving();
        let Moving { faults, budgets, .. } = &mut *moving;
        access(budgets, faults, now)
    }

    pub(super) fn annotations(&self) -> MutexGuard<'_, Vec<Annotation>> {
        self.0.annotations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oldest(&self) -> Moment {
        self.now().plus_ms(-RETENTION_MS)
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        // No code that holds the lock can leave it inconsistent by a panic.
        self.0.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
