//! After each visit: which rules hold, what that makes of the project's incidents, and who is owed a word about it.
//!
//! The rules are `judge`'s; what they need is read here, and what they give is written here, an incident with its notifications at once.

use std::sync::Arc;
use std::time::Duration;

use super::Verify;
use crate::judge::{self, Scene, Step};
use crate::liveness::LogThrottle;
use crate::message;
use crate::model::{
    Channel, ChannelKind, EndedBecause, Incident, IncidentId, IncidentKind, Notification, NotificationKind, Project, ProjectName, Readback,
    RouteId, Timestamp, Window,
};
use crate::store::{ConfigSnapshot, IncidentFilter, Notified, Recent, StoreError};

/// For so long after an incident is over it may still become known that its data came after all.
const AFTERMATH: Duration = Duration::from_hours(24);
/// So many incidents of a project are read: those that are open, and those that were over lately. More than a day of flapping gives: an open
/// one that was not read could never end.
const INCIDENTS: u32 = 2000;
/// Of those that are over, so many of the newest are looked after: each costs a reading a minute.
const LOOKED_AFTER: usize = 10;

/// Who is told, and when nobody is.
#[derive(Clone)]
pub(super) struct Routing {
    channels: Arc<[Channel]>,
    windows: Arc<[Window]>,
}

impl Routing {
    pub(super) fn of(config_snapshot: &ConfigSnapshot) -> Self {
        Self { channels: config_snapshot.channels().into(), windows: config_snapshot.windows().into() }
    }

    /// Until when nobody is told that an incident of this project opened.
    fn silenced_until(&self, project: &ProjectName, at: Timestamp) -> Option<Timestamp> {
        self.windows.iter().filter_map(|window| window.open_until(project, at)).max()
    }

    /// The notifications that a step owes. `notified` says what channels heard of the incident before: who heard that it is open hears of its end
    /// too, also when it would not be told of it any more; who did not is told that it is open, whatever the others are told of it now.
    fn queued(&self, step: &Step, id: IncidentId, notified: &[Notified], at: Timestamp) -> Vec<Notification> {
        let incident = Incident { id: Some(id), ..step.incident.clone() };
        let ending = (!incident.is_open()).then(|| judge::ending(&incident));
        let about = incident.key().to_string();
        let mut queued = Vec::new();
        for kind in &step.tell {
            let record = |channel: &Channel| notified.iter().find(|one| one.incident == id && one.channel == channel.id).copied();
            let knows = |channel: &Channel| record(channel).is_some_and(|one| one.is_open);
            let message = message::of_incident(*kind, &incident, ending.as_deref(), at);
            // Reminders are counted, and it can become graver more than once.
            let number = if *kind == NotificationKind::Escalated { incident.severity as u32 } else { incident.reminders };
            let knowing = self.channels.iter().filter(|channel| match kind {
                NotificationKind::Resolved => knows(channel),
                NotificationKind::Opened => false,
                _ => is_told(channel, &incident) && knows(channel),
            });
            queued.extend(knowing.map(|channel| Notification::queued(channel.id, Some(id), &about, number, message.clone())));
            if *kind == NotificationKind::Resolved {
                continue;
            }
            let opened = message::of_incident(NotificationKind::Opened, &incident, None, at);
            let new = self.channels.iter().filter(|channel| is_told(channel, &incident) && !knows(channel));
            // Of the same incident a channel may hear again that it is open, once it heard of an end.
            let ended = |channel: &Channel| record(channel).map_or(0, |one| one.ended);
            queued.extend(new.map(|channel| Notification::queued(channel.id, Some(id), &about, ended(channel), opened.clone())));
        }
        queued
    }

    /// Whether a channel that is to be told of this open incident does not know that it is open: it was added, enabled or widened meanwhile.
    fn is_new_to_some(&self, incident: &Incident, notified: &[Notified]) -> bool {
        let knows = |channel: &Channel| {
            notified.iter().any(|known| Some(known.incident) == incident.id && known.channel == channel.id && known.is_open)
        };
        self.channels.iter().any(|channel| is_told(channel, incident) && !knows(channel))
    }
}

/// A pair of addresses knows triggered and resolved, as in PostHog's app: of ingestion, and of nothing else.
fn is_told(channel: &Channel, incident: &Incident) -> bool {
    let knows = channel.spec.kind != ChannelKind::GetPair || incident.incident_kind == IncidentKind::Ingestion;
    knows && channel.spec.wants(Some(&incident.project_name), incident.severity)
}

impl Verify {
    /// Judges a project as it stands on record. A store that does not take it is told in the log; the next visit judges anew.
    pub(super) async fn assess(&self, project: &Project, readback: Option<&Readback>, routing: &Routing) {
        if let Err(error) = self.try_assess(project, readback, routing).await {
            static SAID: LogThrottle = LogThrottle::new();
            if SAID.is_due() {
                tracing::error!(project = %project.spec.name, %error, "a project could not be judged; that is done again in a minute");
            }
        }
    }

    async fn try_assess(&self, project: &Project, readback: Option<&Readback>, routing: &Routing) -> Result<(), StoreError> {
        if project.spec.alert().is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let which = IncidentFilter {
            project: Some(project.id),
            since: Some(now.minus(AFTERMATH)),
            at_most: INCIDENTS,
            ..IncidentFilter::default()
        };
        let (from, to) = (now.minus(judge::lookback(project)).minute(), now.minute().plus(1));
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let Recent { incidents, beats, samples } = self.store.recent(project.id, &ids, from, to, &which).await?;
        let (open, over): (Vec<Incident>, Vec<Incident>) = incidents.into_iter().partition(Incident::is_open);
        let scene = Scene { at: now, project, beats: &beats, evidence: &[], readback, samples: &samples };
        let is_calm = open.is_empty() && judge::holding(&scene, &[]).is_empty();
        // What failures left says why, and not whether: in good faults it is not read.
        let evidence = if is_calm { Vec::new() } else { self.store.evidence(&ids, from, to).await? };
        let scene = Scene { evidence: &evidence, ..scene };
        let silenced = routing.silenced_until(&project.spec.name, now);
        let mut steps = if is_calm { Vec::new() } else { judge::steps(&open, &scene, silenced) };
        let notified = self.notified(&open).await?;
        let is_silenced = silenced.is_some_and(|until| now < until);
        for incident in open.iter().filter(|incident| incident.announced.is_some() && !is_silenced) {
            match steps.iter_mut().find(|step| step.incident.id == incident.id) {
                Some(step) if !step.tell.is_empty() || !step.incident.is_open() => {}
                Some(step) if routing.is_new_to_some(&step.incident, &notified) => *step = step.clone().telling_anew(now),
                None if routing.is_new_to_some(incident, &notified) => steps.push(Step::unchanged(incident).telling_anew(now)),
                Some(_) | None => {}
            }
        }
        for step in steps {
            let step = match step.recount {
                Some((from, to)) => step.recounted(&self.store.beats(&ids, from, to).await?),
                None => step,
            };
            self.write(&step, routing, &notified, now).await?;
        }
        for incident in over.iter().filter(|incident| incident.tally.outstanding() > 0).take(LOOKED_AFTER) {
            let (from, to) = incident.counted_minutes(now);
            let beats = self.store.beats(&ids, from, to).await?;
            if let Some(step) = judge::aftermath(incident, &beats, now) {
                self.write(&step, routing, &[], now).await?;
            }
        }
        Ok(())
    }

    /// What channels were notified of these incidents.
    async fn notified(&self, open: &[Incident]) -> Result<Vec<Notified>, StoreError> {
        let ids: Vec<IncidentId> = open.iter().filter_map(|incident| incident.id).collect();
        if ids.is_empty() { Ok(Vec::new()) } else { self.store.notified(&ids).await }
    }

    /// Ends incidents of projects that nobody watches any more: whoever was told that they opened is told that they are over.
    pub(super) async fn abandon_unwatched(&self, config_snapshot: &ConfigSnapshot, routing: &Routing) -> Result<(), StoreError> {
        let now = self.clock.now();
        for incident in self.store.incidents(&IncidentFilter { open_only: true, ..IncidentFilter::default() }).await? {
            let project = config_snapshot.projects().iter().find(|project| project.id == incident.project);
            let because = match project.map(|project| project.spec.alert()) {
                Some(Some(_)) => continue,
                Some(None) if project.is_some_and(|project| project.spec.ingestion_alert.is_none()) => EndedBecause::AlertRemoved,
                Some(None) => EndedBecause::AlertOff,
                None => EndedBecause::ProjectRemoved,
            };
            let notified = self.notified(std::slice::from_ref(&incident)).await?;
            self.write(&judge::abandon(&incident, now, because), routing, &notified, now).await?;
        }
        Ok(())
    }

    /// Writes a step with the notifications that it owes, at once; says it in the log.
    async fn write(&self, step: &Step, routing: &Routing, notified: &[Notified], now: Timestamp) -> Result<(), StoreError> {
        let queued = |id| routing.queued(step, id, notified, now);
        let Some(id) = self.store.write_incident(&step.incident, &step.entries, &queued).await? else { return Ok(()) };
        let Incident { project_name, incident_kind, .. } = &step.incident;
        for entry in &step.entries {
            tracing::info!(project = %project_name, incident = id.0, %incident_kind, "{}: {}", entry.kind.name(), entry.words);
        }
        Ok(())
    }
}
