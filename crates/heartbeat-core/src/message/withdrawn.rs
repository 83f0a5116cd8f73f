//! The message with which an unused channel closes the alerts that it keeps open at its service.

use super::incident::of_incident;
use super::summary;
use crate::model::{Incident, Message, NotificationKind, ProjectName, Timestamp};

/// Closes the alert of `incident` at the service of a channel that was removed, disabled or given another address. The incident may go on.
#[must_use]
pub fn withdrawn(incident: &Incident, channel: &ProjectName, at: Timestamp) -> Message {
    // Not as a reminder, which says how to stop reminders: this channel gets none.
    let current = of_incident(NotificationKind::Opened, incident, None, at);
    let project = &incident.project_name;
    let state = if incident.is_open() { "The incident is not resolved." } else { "The incident is resolved." };
    let why = format!("Channel {channel} was removed, disabled or changed in Heartbeat, so its alerts here are closed. {state}");
    Message {
        kind: NotificationKind::Resolved,
        title: format!("[closed] {project}: {} (channel {channel} was removed, disabled or changed)", summary(incident)),
        text: format!("{why}\n{}", current.text),
        ..current
    }
}
