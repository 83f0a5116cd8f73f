//! The events of the sink: what capture accepted, and what a read-back finds of them, as in PostHog.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use crate::cli::bench::intake::Intake;
use crate::cli::bench::lateness::LATE_AFTER;
use crate::cli::bench::project::number_of;
use crate::clock::{Clock, Speed};
use crate::model::Timestamp;

use super::question::Question;

pub(super) struct Events {
    clock: Clock,
    speed: Speed,
    /// One of so many events is accepted and dropped.
    lose: Option<NonZeroU64>,
    came: u64,
    /// By the number of their project, in the order in which they came.
    kept: HashMap<u32, Vec<Event>>,
    intake: Intake,
}

struct Event {
    uuid: Uuid,
    /// The earlier of its own time and the time of ingestion.
    at: Timestamp,
    ingested: Timestamp,
    copies: u32,
    is_lost: bool,
    is_found: bool,
}

/// What is read of an event as capture gets it. Texts with escapes are none of the bench's projects.
#[derive(Deserialize)]
struct Captured<'a> {
    api_key: &'a str,
    uuid: Uuid,
    timestamp: &'a str,
}

/// What a read-back finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Uuid, time of ingestion, copies.
    pub(super) beats: Vec<(Uuid, Timestamp, u32)>,
    pub(super) watched: u64,
    pub(super) watched_newest: Option<Timestamp>,
}

impl Events {
    pub(super) fn new(clock: Clock, speed: Speed, lose: Option<NonZeroU64>) -> Self {
        Self { clock, speed, lose, came: 0, kept: HashMap::new(), intake: Intake::default() }
    }

    /// What came since the last call.
    pub(super) fn take(&mut self) -> Intake {
        std::mem::take(&mut self.intake)
    }

    pub(super) fn note_request(&mut self) {
        self.intake.first_us.get_or_insert(self.clock.now_us());
    }

    /// Keeps an event. PostHog answers the same to an event of a token that it does not know.
    pub(super) fn capture(&mut self, body: &[u8]) {
        let at_us = self.clock.now_us();
        let Ok(captured) = serde_json::from_slice::<Captured<'_>>(body) else { return };
        let (Some(number), Ok(timestamp)) = (number_of(captured.api_key), Timestamp::parse(captured.timestamp)) else { return };
        let ingested = Timestamp::from_ms(at_us.div_euclid(1000));
        let slot_ms = (captured.uuid.as_u128() >> 80) as i64;
        let minute = self.intake.minutes.entry(slot_ms.div_euclid(60_000)).or_default();
        minute.requests += 1;
        let events = self.kept.entry(number).or_default();
        if let Some(again) = events.iter_mut().rev().find(|event| event.uuid == captured.uuid) {
            again.copies += 1;
            return;
        }
        let late = Duration::from_micros((at_us - slot_ms * 1000).max(0) as u64).div_f64(self.speed.times());
        minute.beats += 1;
        minute.late += u64::from(late > LATE_AFTER);
        minute.lateness.add(late);
        self.came += 1;
        let is_lost = self.lose.is_some_and(|lose| self.came.is_multiple_of(lose.get()));
        events.push(Event { uuid: captured.uuid, at: timestamp.min(ingested), ingested, copies: 1, is_lost, is_found: false });
    }

    /// Answers a read-back of the project.
    pub(super) fn find(&mut self, number: u32, question: &Question) -> Found {
        let since = self.clock.now().minus(question.watched);
        self.intake.readbacks += 1;
        let Some(events) = self.kept.get_mut(&number) else { return Found::default() };
        let mut found = Found::default();
        for event in events.iter_mut().filter(|event| !event.is_lost && question.uuids.contains(&event.uuid)) {
            found.beats.push((event.uuid, event.ingested, event.copies));
            if !std::mem::replace(&mut event.is_found, true) {
                let slot_ms = (event.uuid.as_u128() >> 80) as i64;
                self.intake.minutes.entry(slot_ms.div_euclid(60_000)).or_default().read_back += 1;
            }
        }
        let recent = events.iter().rev().take_while(|event| event.ingested >= since).filter(|event| !event.is_lost);
        for event in recent {
            found.watched += u64::from(event.copies);
            found.watched_newest = found.watched_newest.max(Some(event.at));
        }
        found
    }
}
