//! The message by which a channel closes what it keeps open at its service, because it is not used any more.

use super::incident::of_incident;
use super::summary;
use crate::model::{Incident, Message, NotificationKind, ProjectName, Timestamp};

/// The message that closes the alert of `incident` at the service of a channel that was removed, disabled or led elsewhere. The incident itself may go on.
#[must_use]
pub fn withdrawn(incident: &Incident, channel: &ProjectName, at: Timestamp) -> Message {
    let stands = of_incident(NotificationKind::Reminder, incident, None, at);
    let project = &incident.project_name;
    let state = if incident.is_open() { "The incident is not resolved." } else { "The incident is resolved." };
    let why = format!("Channel {channel} was removed, disabled or changed in Heartbeat, so its alerts here are closed. {state}");
    // How to stop reminders is of no use to whoever gets none.
    let rest = stands.text.lines().filter(|line| !line.contains("To stop reminders")).collect::<Vec<_>>();
    Message {
        kind: NotificationKind::Resolved,
        title: format!("[closed] {project}: {} (channel {channel} was removed, disabled or changed)", summary(incident)),
        text: [&[why.as_str()], rest.as_slice()].concat().join("\n"),
        ..stands
    }
}
