//! What is asked for: of incidents, notifications, audit entries and routes some, and what is newest; what is known of channels by notifications.

use uuid::Uuid;

use crate::model::{ChannelId, IncidentId, IncidentKind, Minute, NotificationState, ProjectId, ProjectName, RouteId, Stopped, Timestamp};

/// Routes whose numbers lie above `after` and not above `to`; where one is absent, there is no end on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteSpan {
    /// Without this one.
    pub after: Option<RouteId>,
    /// With this one.
    pub to: Option<RouteId>,
}

/// Minutes of one route from `from` up to and without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Which route.
    pub route: RouteId,
    /// The first minute.
    pub from: Minute,
    /// The minute after the last.
    pub to: Minute,
}

/// How an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentState {
    /// It is not over.
    Open,
    /// It is not over, and somebody has it in hand.
    Acknowledged,
    /// It is not over, and after this its reminders still wait.
    Snoozed(Timestamp),
    /// It is over.
    Resolved,
}

/// Which incidents are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Of this project alone.
    pub project: Option<ProjectId>,
    /// Of projects alone that had this name when it opened: also of those that are gone.
    pub named: Option<ProjectName>,
    /// Of this incident kind alone.
    pub incident_kind: Option<IncidentKind>,
    /// Those alone that stand so.
    pub state: Option<IncidentState>,
    /// This one alone.
    pub id: Option<IncidentId>,
    /// Those alone that are not over.
    pub open_only: bool,
    /// Those that are open, or were over not before this.
    pub since: Option<Timestamp>,
    /// Those alone that come behind this one in the answer's order: it opened then, and has this number.
    pub before: Option<(Timestamp, IncidentId)>,
    /// At most so many.
    pub at_most: u32,
}

impl Default for IncidentFilter {
    fn default() -> Self {
        Self {
            project: None,
            named: None,
            incident_kind: None,
            state: None,
            id: None,
            open_only: false,
            since: None,
            before: None,
            at_most: u32::MAX,
        }
    }
}

/// What a channel was notified of an incident, whether the notifications have come or are still queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notified {
    /// Of which incident.
    pub incident: IncidentId,
    /// Which channel.
    pub channel: ChannelId,
    /// Whether it is open to that channel: its last notification was not that of the end.
    pub is_open: bool,
    /// How often it was notified of its end: more than once where it was disabled and enabled again meanwhile.
    pub ended: u32,
}

/// What became known of a channel by delivering to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelNews {
    /// It took a message.
    Accepted(ChannelId, Timestamp),
    /// It does not deliver, until somebody changes it or it takes a message. One that does not already stays as it is, unless it was still
    /// tried and is not any more.
    Stopped(ChannelId, Stopped),
}

/// Which notifications are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationFilter {
    /// To this channel alone.
    pub channel: Option<ChannelId>,
    /// About this incident alone.
    pub incident: Option<IncidentId>,
    /// Those alone that are about channels which do not deliver, or do again.
    pub of_channels: bool,
    /// Those alone that have come so far.
    pub state: Option<NotificationState>,
    /// Those alone that were written before this one. When that is gone there are none.
    pub before: Option<Uuid>,
    /// At most so many.
    pub at_most: u32,
}

impl Default for NotificationFilter {
    fn default() -> Self {
        Self { channel: None, incident: None, of_channels: false, state: None, before: None, at_most: u32::MAX }
    }
}

/// Which audit entries are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this project's story alone.
    pub project: Option<ProjectName>,
    /// About this subject alone.
    pub subject: Option<String>,
    /// Those alone whose place is before this one.
    pub before: Option<i64>,
    /// At most so many.
    pub at_most: u32,
}

impl Default for AuditFilter {
    fn default() -> Self {
        Self { project: None, subject: None, before: None, at_most: u32::MAX }
    }
}

/// What a channel has in its outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelQueue {
    /// So many notifications are still to be sent.
    pub queued: u64,
    /// So many were given up.
    pub dead: u64,
}

/// On how many projects an app is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// Installed, enabled or not.
    pub installed: u64,
    /// Of these: enabled.
    pub enabled: u64,
}

/// What is newest. Whoever shows what is in the store reads it again when one of these has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeToken {
    /// What people set up: see [`Store::revision`](super::Store::revision).
    pub revision: i64,
    /// When the newest read-back was made; none when there was none.
    pub readback: Option<Timestamp>,
    /// The newest minute that has a beat on record. Of one project, none also when that is an hour behind all the others.
    pub beat: Option<Minute>,
    /// Grows with whatever is written of incidents, of any project.
    pub entries: i64,
    /// Grows with each notification that is owed, and with what comes of it, to any channel.
    pub notifications: i64,
}
