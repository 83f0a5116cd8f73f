//! What the sink got since it was last asked; it goes through a pipe as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lateness::Lateness;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Intake {
    /// When the first request came, in microseconds since 1970.
    pub first_us: Option<i64>,
    /// Read-backs answered.
    pub readbacks: u64,
    /// By the minutes of the beats' slots.
    pub minutes: BTreeMap<i64, MinuteIntake>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MinuteIntake {
    /// Requests with a beat, repeated ones included.
    pub requests: u64,
    /// Different uuids.
    pub beats: u64,
    /// Of these, the ones that came late.
    pub late: u64,
    /// Beats that a read-back found.
    pub read_back: u64,
    /// Of each beat's first request.
    pub lateness: Lateness,
}

impl Intake {
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.minutes.values().map(|minute| minute.requests).sum()
    }

    pub fn merge(&mut self, other: &Self) {
        self.first_us = self.first_us.or(other.first_us);
        self.readbacks += other.readbacks;
        for (index, other) in &other.minutes {
            self.minutes.entry(*index).or_default().merge(other);
        }
    }
}

impl MinuteIntake {
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.beats += other.beats;
        self.late += other.late;
        self.read_back += other.read_back;
        self.lateness.merge(&other.lateness);
    }
}
