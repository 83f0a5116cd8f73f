//! Repeats open incidents to Alertmanager, which expires alerts that are not sent again. A failure here is retried in the next round and
//! costs no try: the opened and resolved notifications are delivered by the outbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Letter, Notify};
use crate::message;
use crate::model::{
    Channel, ChannelFacts, Delivery, Incident, IncidentId, Message, NotificationKind, Project, ProjectId, RouteId, Severity, Tally,
    Timestamp,
};
use crate::store::{IncidentFilter, Notified, StoreError};

/// Notifications queued more recently than this are not repeated.
const JUST_NOW: Duration = Duration::from_mins(1);

impl Notify {
    pub(super) async fn repeat_what_is_open(self, channels: Vec<Channel>, projects: Vec<Arc<Project>>) {
        if let Err(error) = self.try_repeat(&channels, &projects).await {
            tracing::warn!(%error, "cannot repeat the open incidents");
        }
    }

    async fn try_repeat(&self, channels: &[Channel], projects: &[Arc<Project>]) -> Result<(), StoreError> {
        let open = self.store.incidents(&IncidentFilter::open()).await?;
        let ids: Vec<IncidentId> = open.iter().filter_map(|incident| incident.id).collect();
        let notified = self.store.notified(&ids).await?;
        let projects: HashMap<ProjectId, &Project> = projects.iter().map(|project| (project.id, &**project)).collect();
        // Incidents of a removed project are about to end.
        let open: Vec<(&Incident, &Project)> =
            open.iter().filter_map(|incident| Some((incident, *projects.get(&incident.project)?))).collect();
        for channel in channels {
            let notified_about = open.iter().filter(|(incident, _)| Notified::knows(&notified, channel.id, incident.id));
            let wanted = notified_about.filter(|(incident, project)| channel.spec.wants(Some(&project.spec), incident.severity));
            for (incident, project) in wanted {
                // Read again: an incident that was resolved meanwhile must not be repeated as open.
                let again = self.store.incidents(&IncidentFilter { id: incident.id, ..IncidentFilter::open() }).await;
                let Some(incident) = again.ok().and_then(|mut open| open.pop()) else { continue };
                let now = self.clock.now();
                // A notification that was just queued is as new and is sent anyway.
                if incident.notified.is_some_and(|notified| now.since(notified) < JUST_NOW) {
                    continue;
                }
                let incident = self.as_of_now(incident, project, now).await?;
                let message = message::of_incident(NotificationKind::Reminder, &incident, None, now);
                if !self.repeat(channel, incident.key(), &message).await {
                    break;
                }
            }
        }
        self.repeat_which_do_not_deliver(channels).await
    }

    async fn as_of_now(&self, incident: Incident, project: &Project, now: Timestamp) -> Result<Incident, StoreError> {
        let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let (from, to) = incident.counted_minutes(now);
        let tally = Tally::of(&self.store.beats(&routes, from, to).await?, from, to);
        Ok(Incident { tally, ..incident })
    }

    async fn repeat_which_do_not_deliver(&self, channels: &[Channel]) -> Result<(), StoreError> {
        let all = self.store.channels().await?;
        for channel in channels.iter().filter(|channel| channel.spec.wants(None, Severity::Warning)) {
            for other in all.iter().filter(|other| other.id != channel.id) {
                let Some(stopped) = &other.stopped else { continue };
                let message = message::channel_stopped(other.id, &other.spec.name, stopped);
                if !self.repeat(channel, ChannelFacts::of(other.id, &other.spec.name).key, &message).await {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn repeat(&self, channel: &Channel, id: Uuid, message: &Message) -> bool {
        match self.sender.deliver(&channel.spec, &Letter { id, message }).await {
            Delivery::TryAgain { words, .. } | Delivery::Rejected { words } | Delivery::Unfit { words } => {
                tracing::warn!(channel = %channel.spec.name, "cannot repeat the open incidents: {words}");
                false
            }
            Delivery::Accepted(_) | Delivery::Partly { .. } => true,
        }
    }
}
