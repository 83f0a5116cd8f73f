//! An incident: a period of failure on a project, with what was found out while it lasted.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived::uuid_v8;
use super::{
    Diagnosis, EndedBecause, IncidentKind, Minute, Outcome, ProjectId, ProjectName, Recorded, RuleKind, Severity, Timestamp, named_enum,
};

/// The number of an incident, assigned by the store when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub i64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// None until the store has assigned it.
    pub id: Option<IncidentId>,
    pub project: ProjectId,
    /// The project's name when the incident opened: the project may be gone by now.
    pub project_name: ProjectName,
    pub incident_kind: IncidentKind,
    pub opened: Timestamp,
    pub closed: Option<Timestamp>,
    /// None while it is open, or if an older version did not record it.
    pub ended_because: Option<EndedBecause>,
    /// The rules that hold it open; after the end, those that held last.
    pub rules: Vec<RuleKind>,
    /// The settings of those rules when they last held: an end with other settings is no recovery.
    pub judged_under: String,
    /// The highest severity of its rules so far.
    pub severity: Severity,
    /// The last cause that was found while it was open.
    pub cause: Diagnosis,
    /// The first bad minute: of the oldest missing, late or rejected beat, or the first minute without an event.
    pub first_bad: Option<Minute>,
    /// The last good minute before `first_bad`.
    pub last_good: Option<Minute>,
    /// The results of the beats of its minutes, as far as known.
    pub tally: Tally,
    /// When its opening was notified; none while it is silenced. Without it no resolved notification is sent either.
    pub announced: Option<Timestamp>,
    /// How many reminders were queued so far.
    pub reminders: u32,
    /// When the last notification was queued: reminders count from there.
    pub notified: Option<Timestamp>,
    /// While acknowledged, no reminders are sent.
    pub acknowledged: Option<Acknowledged>,
    pub snoozed_until: Option<Timestamp>,
}

impl Incident {
    /// The key for pagers, derived so that opened and resolved notifications always match.
    #[must_use]
    pub fn key(&self) -> Uuid {
        uuid_v8(&[
            b"incident",
            self.project_name.as_str().as_bytes(),
            self.incident_kind.name().as_bytes(),
            &self.opened.ms().to_be_bytes(),
        ])
    }

    /// The start of its first bad minute, if known.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.first_bad.map_or(self.opened, |minute| minute.start().min(self.opened))
    }

    /// Its duration, until `at` while it is open: from its first bad minute.
    #[must_use]
    pub fn lasted(&self, at: Timestamp) -> Duration {
        self.closed.unwrap_or(at).since(self.began())
    }

    /// The time from the start of its first bad minute until it opened.
    #[must_use]
    pub fn noticed_after(&self) -> Duration {
        self.opened.since(self.began())
    }

    /// The minutes (end exclusive) whose beats it counts at `at`: from its first bad one until now while it is open; after the end, those whose beats
    /// had time to arrive.
    #[must_use]
    pub fn counted_minutes(&self, at: Timestamp) -> (Minute, Minute) {
        let from = self.first_bad.unwrap_or(self.opened.minute());
        let to = self.closed.map_or(at.minute().plus(1), |closed| closed.minus(TOO_YOUNG).minute());
        (from, to.max(from.plus(1)))
    }

    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub at: Timestamp,
    /// The user's own text.
    pub by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    pub sent: u32,
    pub arrived: u32,
    pub late: u32,
    /// Not seen so far, before or after `lost_after`.
    pub missing: u32,
    /// The part of `missing` that is past `lost_after`.
    pub lost: u32,
    /// Not accepted by capture, and not seen.
    pub rejected: u32,
    /// No response from capture, and not seen.
    pub unreachable: u32,
    /// Read-backs failed.
    pub unverified: u32,
    /// Beats with more than one row in a read-back.
    pub duplicated: u32,
    /// When the last late beat was first seen.
    pub last_arrival: Option<Timestamp>,
}

/// Beats younger than this at the end of an incident do not belong to it: they were not late yet.
const TOO_YOUNG: Duration = Duration::from_mins(2);

impl Tally {
    /// The tally of these minutes (`to` exclusive). A beat that no read-back has missed yet is on its way and not missing.
    #[must_use]
    pub fn of(beats: &[Recorded], from: Minute, to: Minute) -> Self {
        let mut tally = Self::default();
        for beat in beats.iter().filter(|beat| from <= beat.minute && beat.minute < to) {
            if beat.outcome == Outcome::NotSent {
                continue;
            }
            tally.sent += 1;
            tally.duplicated += u32::from(beat.duplicates() > 0);
            match beat.outcome {
                Outcome::Arrived => tally.arrived += 1,
                Outcome::Late => {
                    tally.late += 1;
                    tally.last_arrival = tally.last_arrival.max(beat.seen);
                }
                Outcome::Awaiting => tally.missing += u32::from(beat.missed.is_some()),
                Outcome::Lost => {
                    tally.missing += 1;
                    tally.lost += 1;
                }
                Outcome::Rejected => tally.rejected += 1,
                Outcome::Unreachable => tally.unreachable += 1,
                Outcome::Unverified => tally.unverified += 1,
                Outcome::NotSent => {}
            }
        }
        tally
    }

    /// How many beats have not arrived so far, for any reason; some may still arrive.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        self.missing + self.rejected + self.unreachable + self.unverified
    }
}

named_enum! {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum EntryKind {
        Opened = "opened",
        Cause = "cause",
        Rules = "rules",
        Escalated = "escalated",
        /// The opening is not notified because of a maintenance window.
        Silenced = "silenced",
        Acknowledged = "acknowledged",
        Unacknowledged = "unacknowledged",
        Snoozed = "snoozed",
        Reminded = "reminded",
        Closed = "closed",
        /// The remaining beats arrived after the end.
        Aftermath = "aftermath",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub kind: EntryKind,
    /// A sentence without a full stop.
    pub words: String,
}
