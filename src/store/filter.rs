//! Filters and results of queries on incidents, notifications, audit entries, routes and channels, and the change token.

use uuid::Uuid;

use crate::model::{ChannelId, IncidentId, IncidentKind, Minute, NotificationState, ProjectFilter, ProjectId, RouteId, Stopped, Timestamp};

/// A range of route ids. `None` means no limit on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteSpan {
    /// Exclusive.
    pub after: Option<RouteId>,
    /// Inclusive.
    pub to: Option<RouteId>,
}

/// Minutes of one route from `from` up to but not including `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub route: RouteId,
    pub from: Minute,
    pub to: Minute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentState {
    Open,
    Acknowledged,
    Snoozed(Timestamp),
    Resolved,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFilter {
    pub project: Option<ProjectId>,
    /// By the project's name when the incident opened: a listed name includes removed projects.
    pub named: ProjectFilter,
    pub incident_kind: Option<IncidentKind>,
    pub state: Option<IncidentState>,
    pub id: Option<IncidentId>,
    /// Incidents that are open or were resolved at or after this time.
    pub since: Option<Timestamp>,
    /// For the next page: the opening time and id of the last incident of this page.
    pub before: Option<(Timestamp, IncidentId)>,
    pub at_most: u32,
}

impl Default for IncidentFilter {
    fn default() -> Self {
        Self {
            project: None,
            named: ProjectFilter::default(),
            incident_kind: None,
            state: None,
            id: None,
            since: None,
            before: None,
            at_most: u32::MAX,
        }
    }
}

impl IncidentFilter {
    #[must_use]
    pub fn open() -> Self {
        Self { state: Some(IncidentState::Open), ..Self::default() }
    }
}

/// Which notifications about an incident a channel got or still has in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notified {
    pub incident: IncidentId,
    pub channel: ChannelId,
    /// Whether the incident is open for this channel: its last notification was not the resolved one.
    pub is_open: bool,
    /// The number of resolved notifications: more than one when the channel was disabled and enabled again meanwhile.
    pub ended: u32,
}

impl Notified {
    /// Whether the incident is open for this channel.
    #[must_use]
    pub fn knows(all: &[Self], channel: ChannelId, incident: Option<IncidentId>) -> bool {
        all.iter().any(|known| known.channel == channel && Some(known.incident) == incident && known.is_open)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelNews {
    Accepted(ChannelId, Timestamp),
    /// The channel stops delivering until it is changed or accepts a message. A channel that is already stopped stays as it is, unless it
    /// was still tried and no longer is.
    Stopped(ChannelId, Stopped),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationFilter {
    pub channel: Option<ChannelId>,
    pub incident: Option<IncidentId>,
    /// Only notifications about channels that stopped or resumed delivery.
    pub of_channels: bool,
    pub state: Option<NotificationState>,
    /// Only notifications written before this one. If this one was deleted, the result is empty.
    pub before: Option<Uuid>,
    pub at_most: u32,
}

impl Default for NotificationFilter {
    fn default() -> Self {
        Self { channel: None, incident: None, of_channels: false, state: None, before: None, at_most: u32::MAX }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// By the project's name at the time of the entry: a listed name includes removed projects.
    pub named: ProjectFilter,
    pub subject: Option<String>,
    pub before: Option<i64>,
    pub at_most: u32,
}

impl Default for AuditFilter {
    fn default() -> Self {
        Self { named: ProjectFilter::default(), subject: None, before: None, at_most: u32::MAX }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelQueue {
    pub queued: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    pub installed: u64,
    pub enabled: u64,
}

/// When one of these values changes, there is something new to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeToken {
    /// Of the settings: see [`Store::revision`](super::Store::revision).
    pub revision: i64,
    pub readback: Option<Timestamp>,
    /// The newest minute with a beat. For one project it is also `None` when it is an hour behind all the others.
    pub beat: Option<Minute>,
    /// Grows with every write to an incident of any project.
    pub entries: i64,
    pub notifications: i64,
}
