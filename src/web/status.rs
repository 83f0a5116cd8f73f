//! Status pages: what the public may see of some projects. Responses of servers, their addresses and notifications are only for users who are
//! logged in.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::judge::Health;
use crate::model::{Incident, IncidentKind, Minute, Project, ProjectId, ProjectName, StatusPage, Timestamp};
use crate::report::{Brief, Days, briefs_with_days};
use crate::store::{Store, StoreError};

/// Of each project.
const INCIDENTS: usize = 20;
const CACHE_FOR: Duration = Duration::from_secs(10);
const HISTORY_DAYS: u64 = 90;

pub(super) struct Part {
    pub(super) brief: Brief,
    pub(super) days: Days,
}

pub(super) struct Status {
    pub(super) page: StatusPage,
    pub(super) parts: Vec<Part>,
    pub(super) incidents: Vec<Incident>,
}

/// Cache for the public: however many visitors there are, the store is read only every few seconds, and by one of them at a time.
#[derive(Default)]
pub(super) struct StatusCache(Mutex<HashMap<ProjectName, (Timestamp, Arc<Status>)>>);

impl StatusCache {
    pub(super) async fn of(&self, store: &Store, page: StatusPage, now: Timestamp) -> Result<Arc<Status>, StoreError> {
        let mut shown = self.0.lock().await;
        // If the clock was set back, an entry from the future is stale.
        let is_fresh = |(at, status): &&(Timestamp, Arc<Status>)| status.page == page && *at <= now && now.since(*at) < CACHE_FOR;
        if let Some((_, status)) = shown.get(&page.name).filter(is_fresh) {
            return Ok(Arc::clone(status));
        }
        shown.retain(|_, (at, _)| *at <= now && now.since(*at) < CACHE_FOR);
        let status = Arc::new(Status::read(store, page.clone(), now).await?);
        shown.insert(page.name, (now, Arc::clone(&status)));
        Ok(status)
    }
}

impl Status {
    pub(super) async fn read(store: &Store, page: StatusPage, now: Timestamp) -> Result<Self, StoreError> {
        let projects: Vec<Arc<Project>> = store.projects_on(&page).await?.into_iter().map(Arc::new).collect();
        let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
        let readbacks = store.readbacks_of(&ids).await?;
        let since = now.minus(Duration::from_hours(24 * HISTORY_DAYS));
        let mut shown: HashMap<ProjectId, usize> = HashMap::new();
        let mut is_shown = |incident: &Incident| {
            let count = shown.entry(incident.project).or_default();
            *count += 1;
            *count <= INCIDENTS && is_for_the_public(incident)
        };
        let mut incidents = store.incidents_since(&ids, since).await?;
        incidents.retain(|incident| is_shown(incident));
        incidents.sort_by_key(|incident| (Reverse(incident.opened), ids.iter().position(|id| *id == incident.project)));
        let parts = briefs_with_days(store, &projects, &readbacks, now).await?;
        let parts = parts.into_iter().map(|(brief, days)| Part { brief, days }).collect();
        Ok(Self { page, parts, incidents })
    }

    /// The worst health of its projects; none without projects.
    pub(super) fn health(&self) -> Option<Health> {
        self.parts.iter().map(|part| part.brief.verdict.health).max()
    }

    /// The oldest of its projects; none if one of them has none.
    pub(super) fn complete_through(&self) -> Option<Minute> {
        let each: Option<Vec<Minute>> = self.parts.iter().map(|part| part.brief.complete_through).collect();
        each.and_then(|each| each.into_iter().min())
    }

    pub(super) fn sentence(&self) -> &'static str {
        self.health().map_or("No project is monitored here", |health| sentence(health))
    }
}

/// Without other traffic, the public waits for nothing.
fn is_for_the_public(incident: &Incident) -> bool {
    incident.incident_kind != IncidentKind::Traffic
}

/// For readers who wait for data, without details of the cause.
pub(super) const fn sentence(health: Health) -> &'static str {
    match health {
        Health::Disabled => "Ingestion is not monitored at the moment",
        Health::Up => "Events arrive",
        Health::Unverified => "Events are accepted; whether they arrive is not verified",
        Health::Pending => "There is not enough data yet",
        Health::NotRunning | Health::Unknown => "Ingestion cannot be verified at the moment",
        Health::Degraded => "Events arrive late",
        Health::Down => "Events do not arrive",
    }
}

pub(super) const fn title(incident_kind: IncidentKind) -> &'static str {
    match incident_kind {
        IncidentKind::Ingestion => "Events were late, or did not arrive",
        IncidentKind::Monitoring => "Ingestion could not be verified",
        IncidentKind::Traffic => "No events were sent",
    }
}
