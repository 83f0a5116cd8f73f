//! After each visit: evaluates the rules, updates the project's incidents and queues notifications.
//! The rules are in `judge`. Their data is read here, and an incident is written together with its notifications.

use std::sync::Arc;
use std::time::Duration;

use super::Verify;
use crate::judge::{self, Change, Scene, Step};
use crate::liveness::LogThrottle;
use crate::message;
use crate::model::{
    Channel, ChannelKind, EndedBecause, Incident, IncidentId, IncidentKind, Notification, NotificationKind, Project, ProjectSpec, Readback,
    RouteId, Timestamp, Window,
};
use crate::store::{ConfigSnapshot, IncidentFilter, Notified, Recent, StoreError};

/// How long after the end of an incident late beats are still counted.
const AFTERMATH: Duration = Duration::from_hours(24);
/// Incidents of a project that are read, open and recently resolved: more than a day of flapping. An open one that is not read could never
/// end.
const INCIDENTS: u32 = 2000;
/// Resolved incidents that are updated, newest first: each costs one read per minute.
const LOOKED_AFTER: usize = 10;

#[derive(Clone)]
pub(super) struct Routing {
    channels: Arc<[Channel]>,
    windows: Arc<[Window]>,
}

impl Routing {
    pub(super) fn of(config_snapshot: &ConfigSnapshot) -> Self {
        Self { channels: config_snapshot.channels().into(), windows: config_snapshot.windows().into() }
    }

    /// Until when a maintenance window suppresses opened notifications of this project.
    fn silenced_until(&self, project: &ProjectSpec, at: Timestamp) -> Option<Timestamp> {
        self.windows.iter().filter_map(|window| window.open_until(project, at)).max()
    }

    /// The notifications of a step. A channel that was notified of the opening (`notified`) also gets the end, even if its settings
    /// no longer match; another channel gets the opening, whatever the step is. `project` is none for a removed one, whose incidents only end.
    fn queued(
        &self,
        (step, project): (&Step, Option<&ProjectSpec>),
        id: IncidentId,
        notified: &[Notified],
        at: Timestamp,
    ) -> Vec<Notification> {
        let incident = Incident { id: Some(id), ..step.incident.clone() };
        let ending = (!incident.is_open()).then(|| judge::ending(&incident));
        let about = incident.key().to_string();
        let mut queued = Vec::new();
        for kind in &step.tell {
            let record = |channel: &Channel| notified.iter().find(|one| one.incident == id && one.channel == channel.id).copied();
            let knows = |channel: &Channel| record(channel).is_some_and(|one| one.is_open);
            let message = message::of_incident(*kind, &incident, ending.as_deref(), at);
            // Reminders are counted, and an incident can escalate more than once.
            let number = if *kind == NotificationKind::Escalated { incident.severity as u32 } else { incident.reminders };
            let knowing = self.channels.iter().filter(|channel| match kind {
                NotificationKind::Resolved => knows(channel),
                NotificationKind::Opened => false,
                _ => is_subscribed(channel, &incident, project) && knows(channel),
            });
            queued.extend(knowing.map(|channel| Notification::queued(channel.id, Some(id), &about, number, message.clone())));
            if *kind == NotificationKind::Resolved {
                continue;
            }
            let opened = message::of_incident(NotificationKind::Opened, &incident, None, at);
            let new = self.channels.iter().filter(|channel| is_subscribed(channel, &incident, project) && !knows(channel));
            // After an end, a channel may be notified of the same incident again.
            let ended = |channel: &Channel| record(channel).map_or(0, |one| one.ended);
            queued.extend(new.map(|channel| Notification::queued(channel.id, Some(id), &about, ended(channel), opened.clone())));
        }
        queued
    }

    /// Whether a channel must be notified of this open incident and was not: it was added, enabled or widened meanwhile.
    fn is_new_to_some(&self, incident: &Incident, project: &ProjectSpec, notified: &[Notified]) -> bool {
        let is_new =
            |channel: &Channel| is_subscribed(channel, incident, Some(project)) && !Notified::knows(notified, channel.id, incident.id);
        self.channels.iter().any(is_new)
    }
}

/// A channel of the kind `get-pair` gets only ingestion incidents, like PostHog's app.
fn is_subscribed(channel: &Channel, incident: &Incident, project: Option<&ProjectSpec>) -> bool {
    let is_supported = channel.spec.kind != ChannelKind::GetPair || incident.incident_kind == IncidentKind::Ingestion;
    is_supported && project.is_some_and(|project| channel.spec.wants(Some(project), incident.severity))
}

/// Whether it is open, or resolved with beats that may still arrive.
const fn is_looked_after(incident: &Incident) -> bool {
    incident.is_open() || incident.tally.outstanding() > 0
}

impl Verify {
    /// Judges the stored data of a project. `readback` is that of this visit; if there is none, the stored one `is_valid` or not. Errors of the
    /// store are logged; the next visit judges again.
    pub(super) async fn assess(&self, project: &Project, readback: Option<&Readback>, is_valid: bool, routing: &Routing) {
        if project.spec.alert().is_none() {
            return;
        }
        let judged = async {
            let stored = if readback.is_none() && is_valid { self.store.readback(project.id).await? } else { None };
            self.try_assess(project, readback.or(stored.as_ref()), routing).await
        };
        if let Err(error) = judged.await {
            static LOGGED: LogThrottle = LogThrottle::new();
            if LOGGED.is_due() {
                tracing::error!(project = %project.spec.name, %error, "cannot judge a project; retried in a minute");
            }
        }
    }

    async fn try_assess(&self, project: &Project, readback: Option<&Readback>, routing: &Routing) -> Result<(), StoreError> {
        let now = self.clock.now();
        let since = now.minus(AFTERMATH);
        let (from, to) = (now.minus(judge::lookback(project)).minute(), now.minute().plus(1));
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        // Most projects have nothing to judge: that is known without their history.
        let unusual = self.store.unusual(project.id, &ids, from, since).await?;
        let scene = Scene { at: now, project, beats: &unusual.beats, evidence: &[], readback, samples: &unusual.samples };
        if !unusual.incidents.iter().any(is_looked_after) && !judge::may_hold(&scene) {
            return Ok(());
        }
        let which = IncidentFilter { project: Some(project.id), since: Some(since), at_most: INCIDENTS, ..IncidentFilter::default() };
        let Recent { incidents, beats, samples } = self.store.recent(project.id, &ids, from, to, &which).await?;
        let (open, over): (Vec<Incident>, Vec<Incident>) = incidents.into_iter().partition(Incident::is_open);
        let scene = Scene { at: now, project, beats: &beats, evidence: &[], readback, samples: &samples };
        let is_calm = open.is_empty() && judge::holding(&scene, &[]).is_empty();
        // Evidence explains a failure; it is not needed without one.
        let evidence = if is_calm { Vec::new() } else { self.store.evidence(&ids, from, to).await? };
        let scene = Scene { evidence: &evidence, ..scene };
        let silenced = routing.silenced_until(&project.spec, now);
        let mut changes = if is_calm { Vec::new() } else { judge::changes(&open, &scene, silenced) };
        let notified = self.notified(&open).await?;
        let is_silenced = silenced.is_some_and(|until| now < until);
        for incident in open.iter().filter(|incident| incident.announced.is_some() && !is_silenced) {
            match changes.iter_mut().find(|change| change.incident.id == incident.id) {
                Some(change) if !change.tell.is_empty() || !change.incident.is_open() => {}
                Some(change) if routing.is_new_to_some(&change.incident, &project.spec, &notified) => {
                    *change = change.clone().telling_anew(now);
                }
                None if routing.is_new_to_some(incident, &project.spec, &notified) => {
                    changes.push(Change::none(incident).telling_anew(now));
                }
                Some(_) | None => {}
            }
        }
        for change in changes {
            let counted = match change.minutes {
                Some((from, to)) => self.store.beats(&ids, from, to).await?,
                None => Vec::new(),
            };
            self.write((&change.counted(&counted), Some(&project.spec)), routing, &notified, now).await?;
        }
        for incident in over.iter().filter(|incident| is_looked_after(incident)).take(LOOKED_AFTER) {
            let (from, to) = incident.counted_minutes(now);
            let beats = self.store.beats(&ids, from, to).await?;
            if let Some(step) = judge::aftermath(incident, &beats, now) {
                self.write((&step, Some(&project.spec)), routing, &[], now).await?;
            }
        }
        Ok(())
    }

    async fn notified(&self, open: &[Incident]) -> Result<Vec<Notified>, StoreError> {
        let ids: Vec<IncidentId> = open.iter().filter_map(|incident| incident.id).collect();
        self.store.notified(&ids).await
    }

    /// Resolves incidents of projects without Ingestion Alert, with notifications.
    pub(super) async fn abandon_unwatched(&self, config_snapshot: &ConfigSnapshot, routing: &Routing) -> Result<(), StoreError> {
        let now = self.clock.now();
        for incident in self.store.incidents(&IncidentFilter::open()).await? {
            let project = config_snapshot.projects().iter().find(|project| project.id == incident.project);
            let because = match project.map(|project| project.spec.alert()) {
                Some(Some(_)) => continue,
                Some(None) if project.is_some_and(|project| project.spec.ingestion_alert.is_none()) => EndedBecause::AlertRemoved,
                Some(None) => EndedBecause::AlertOff,
                None => EndedBecause::ProjectRemoved,
            };
            let notified = self.notified(std::slice::from_ref(&incident)).await?;
            let step = judge::abandon(&incident, now, because);
            self.write((&step, project.map(|project| &project.spec)), routing, &notified, now).await?;
        }
        Ok(())
    }

    async fn write(
        &self,
        (step, project): (&Step, Option<&ProjectSpec>),
        routing: &Routing,
        notified: &[Notified],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let queued = |id| routing.queued((step, project), id, notified, now);
        let Some(id) = self.store.write_incident(&step.incident, &step.entries, &queued).await? else { return Ok(()) };
        let Incident { project_name, incident_kind, .. } = &step.incident;
        for entry in &step.entries {
            tracing::info!(project = %project_name, incident = id.0, %incident_kind, "{}: {}", entry.kind.name(), entry.words);
        }
        Ok(())
    }
}
