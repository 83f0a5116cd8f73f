//! An incident: a stretch of trouble on a project, with what was found out about it while it lasted.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Diagnosis, EndedBecause, IncidentKind, Minute, Outcome, ProjectId, ProjectName, Recorded, RuleKind, Severity, Timestamp};

/// By what people call an incident: the store's number, given when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub i64);

/// A stretch of trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number; none until the store has given it one.
    pub id: Option<IncidentId>,
    /// Which project.
    pub project: ProjectId,
    /// What the project was called when it opened: it may be gone by now.
    pub project_name: ProjectName,
    /// What kind of trouble.
    pub incident_kind: IncidentKind,
    /// When the first rule held.
    pub opened: Timestamp,
    /// When the last rule let go; none while it is open.
    pub closed: Option<Timestamp>,
    /// Why it ended; none while it is open, or where an older version did not write it down.
    pub ended_because: Option<EndedBecause>,
    /// The rules that hold it open; those that did last, once it is over.
    pub rules: Vec<RuleKind>,
    /// What the settings of those rules were when they last held: an end that comes with other settings is no recovery.
    pub judged_under: String,
    /// The gravest that any of its rules has been so far.
    pub severity: Severity,
    /// Where the way is broken, as found last while it was.
    pub cause: Diagnosis,
    /// The first minute of the trouble: the oldest beat that is missing, late or refused, or the first minute without an event.
    pub first_bad: Option<Minute>,
    /// The last good minute before it.
    pub last_good: Option<Minute>,
    /// What became of the beats of its minutes, as far as known.
    pub tally: Tally,
    /// When its opening was told; none while it was silenced. What was never told is not told to be over either.
    pub announced: Option<Timestamp>,
    /// How many reminders were owed so far.
    pub reminders: u32,
    /// When the last message of it was owed: reminders count from there.
    pub told: Option<Timestamp>,
    /// Who has it in hand; then there are no reminders.
    pub acknowledged: Option<Acknowledged>,
    /// No reminders before this.
    pub snoozed_until: Option<Timestamp>,
}

impl Incident {
    /// The key by which pagers know it: derived, so that opened and resolved always meet.
    #[must_use]
    pub fn key(&self) -> Uuid {
        derived(&[
            b"incident",
            self.project_name.as_str().as_bytes(),
            self.incident_kind.name().as_bytes(),
            &self.opened.ms().to_be_bytes(),
        ])
    }

    /// When the trouble began: with its first bad minute, where one is known.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.first_bad.map_or(self.opened, |minute| minute.start().min(self.opened))
    }

    /// How long it lasted, or has lasted at `at`: from its first bad minute.
    #[must_use]
    pub fn lasted(&self, at: Timestamp) -> Duration {
        self.closed.unwrap_or(at).since(self.began())
    }

    /// How long after its first bad minute had begun it was noticed.
    #[must_use]
    pub fn noticed_after(&self) -> Duration {
        self.opened.since(self.began())
    }

    /// The minutes whose beats it counts at `at`, the last one not included: from its first bad one up to now while it is open; once it is
    /// over, those whose beats had had time to arrive.
    #[must_use]
    pub fn counted_minutes(&self, at: Timestamp) -> (Minute, Minute) {
        let from = self.first_bad.unwrap_or(self.opened.minute());
        let to = self.closed.map_or(at.minute().plus(1), |closed| closed.minus(TOO_YOUNG).minute());
        (from, to.max(from.plus(1)))
    }

    /// Whether it is not over.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

/// A UUID (version 8, RFC 9562) that is a hash of parts, each with its length before it.
pub(super) fn derived(parts: &[&[u8]]) -> Uuid {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    uuid::Builder::from_custom_bytes(std::array::from_fn(|at| hash[at])).into_uuid()
}

/// Who has an incident in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Since when.
    pub at: Timestamp,
    /// In that person's own words.
    pub by: String,
}

/// What became of the beats of an incident's minutes, on all routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many were sent.
    pub sent: u32,
    /// Seen in time.
    pub arrived: u32,
    /// Seen, but later.
    pub late: u32,
    /// Not seen so far, past `lost_after` or not.
    pub missing: u32,
    /// Of those missing: past `lost_after`.
    pub lost: u32,
    /// Not taken by capture, and not seen.
    pub rejected: u32,
    /// No answer from capture, and not seen.
    pub unreachable: u32,
    /// Nobody could look.
    pub unverified: u32,
    /// Beats of which a read-back saw more than one row.
    pub duplicated: u32,
    /// When the last of those that were late was first seen.
    pub last_arrival: Option<Timestamp>,
}

/// Beats younger than this when an incident ended are not of it: they were not late yet.
const TOO_YOUNG: Duration = Duration::from_mins(2);

impl Tally {
    /// What became of the beats of these minutes, the last one not included. A beat that no read-back has missed yet is on its way, and not missing.
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

    /// How many did not arrive so far, for whatever reason: some of them still may.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        self.missing + self.rejected + self.unreachable + self.unverified
    }
}

/// What an entry of a timeline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// It opened.
    Opened,
    /// Another cause was found.
    Cause,
    /// Other rules hold it open.
    Rules,
    /// It is graver than before.
    Escalated,
    /// Its opening is not told, for a maintenance window.
    Silenced,
    /// Somebody has it in hand.
    Acknowledged,
    /// Nobody has it in hand any more.
    Unacknowledged,
    /// Reminders wait.
    Snoozed,
    /// A reminder was owed.
    Reminded,
    /// It is over.
    Closed,
    /// Something became known after it was over: the rest of the data came.
    Aftermath,
}

impl EntryKind {
    /// All of them; their place here is their number in the store.
    pub const ALL: [Self; 11] = [
        Self::Opened,
        Self::Cause,
        Self::Rules,
        Self::Escalated,
        Self::Silenced,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Snoozed,
        Self::Reminded,
        Self::Closed,
        Self::Aftermath,
    ];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Cause => "cause",
            Self::Rules => "rules",
            Self::Escalated => "worsened",
            Self::Silenced => "silenced",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Snoozed => "snoozed",
            Self::Reminded => "reminded",
            Self::Closed => "closed",
            Self::Aftermath => "aftermath",
        }
    }
}

/// One entry of an incident's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// About what.
    pub kind: EntryKind,
    /// A sentence without a full stop.
    pub words: String,
}
