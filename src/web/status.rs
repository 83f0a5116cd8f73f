//! Status pages: what strangers may see of some projects, and no more. What a server answered, where it stands, and how many messages
//! went where is for those who are logged in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::judge::Health;
use crate::model::{Incident, IncidentKind, Minute, Project, ProjectName, StatusPage, Timestamp};
use crate::report::{Brief, Days, briefs, days_of_each};
use crate::store::{IncidentFilter, StoreError};

use super::error::WebError;
use super::site::Site;
use super::visitor::Visitor;

/// So many incidents are told of each project.
const INCIDENTS: u32 = 20;
/// What strangers are shown is not older than this.
const SHOWN_FOR: Duration = Duration::from_secs(10);
/// They are told for so long.
const TOLD_DAYS: i64 = 90;

/// One project on a status page.
pub(super) struct Part {
    pub(super) brief: Brief,
    pub(super) days: Days,
}

/// What a status page shows.
pub(super) struct Status {
    pub(super) page: StatusPage,
    pub(super) parts: Vec<Part>,
    /// Of all its projects, newest first.
    pub(super) incidents: Vec<Incident>,
}

/// The status page of this name, for whoever asks: strangers see only those that are public, and do not learn of others.
pub(super) async fn seen_by(site: &Site, visitor: Option<&Visitor>, name: &str) -> Result<StatusPage, WebError> {
    let page = site.status_page(name).await?;
    if page.public || visitor.is_some() { Ok(page) } else { Err(WebError::no("status page", name)) }
}

/// What strangers were shown of the status pages: however many of them look, the store is read for them once in a while, and for one at a time.
#[derive(Default)]
pub(super) struct Shown(Mutex<HashMap<ProjectName, (Timestamp, Arc<Status>)>>);

impl Shown {
    /// What this page shows to strangers.
    pub(super) async fn of(&self, site: &Site, page: StatusPage) -> Result<Arc<Status>, StoreError> {
        let now = site.now();
        let mut shown = self.0.lock().await;
        // A clock that was stepped back makes nothing younger.
        let is_fresh = |(at, status): &&(Timestamp, Arc<Status>)| status.page == page && *at <= now && now.since(*at) < SHOWN_FOR;
        if let Some((_, status)) = shown.get(&page.name).filter(is_fresh) {
            return Ok(Arc::clone(status));
        }
        shown.retain(|_, (at, _)| *at <= now && now.since(*at) < SHOWN_FOR);
        let status = Arc::new(Status::read(site, page.clone()).await?);
        shown.insert(page.name, (now, Arc::clone(&status)));
        Ok(status)
    }
}

impl Status {
    /// The status page of this name, for whoever asks.
    pub(super) async fn seen_by(site: &Site, visitor: Option<&Visitor>, name: &str) -> Result<Arc<Self>, WebError> {
        let page = seen_by(site, visitor, name).await?;
        Ok(if visitor.is_some() { Arc::new(Self::read(site, page).await?) } else { site.shown.of(site, page).await? })
    }

    async fn read(site: &Site, page: StatusPage) -> Result<Self, StoreError> {
        let (store, now) = (&*site.web.store, site.now());
        let found = store.projects_named(&page.projects).await?;
        // In the order of the page; one that is gone is passed over.
        let of_name = |name: &ProjectName| found.iter().find(|project| project.spec.name == *name).cloned().map(Arc::new);
        let projects: Vec<Arc<Project>> = page.projects.iter().filter_map(of_name).collect();
        let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
        let readbacks = store.readbacks_of(&ids).await?;
        let mut parts = Vec::new();
        let mut incidents = Vec::new();
        let all_days = days_of_each(store, &projects, now).await?;
        for (brief, days) in briefs(store, &projects, &readbacks, now).await?.into_iter().zip(all_days) {
            let since = Some(now.minus(Duration::from_hours(24 * TOLD_DAYS as u64)));
            let which = IncidentFilter { project: Some(brief.project.id), since, at_most: INCIDENTS, ..IncidentFilter::default() };
            incidents.extend(store.incidents(&which).await?.into_iter().filter(is_told));
            parts.push(Part { brief, days });
        }
        incidents.sort_by_key(|incident| std::cmp::Reverse(incident.opened));
        Ok(Self { page, parts, incidents })
    }

    /// That of the project that is worst off; none where there is no project.
    pub(super) fn health(&self) -> Option<Health> {
        self.parts.iter().map(|part| part.brief.verdict.health).max_by_key(|health| gravity(*health))
    }

    /// The newest minute up to which the data of every project is complete; none where one of them has none.
    pub(super) fn complete_through(&self) -> Option<Minute> {
        let each: Option<Vec<Minute>> = self.parts.iter().map(|part| part.brief.complete_through).collect();
        each.and_then(|each| each.into_iter().min())
    }

    /// In one sentence.
    pub(super) fn sentence(&self) -> &'static str {
        self.health().map_or("Nothing is watched here", |health| sentence(health))
    }
}

/// Where only nobody sends there is nothing that strangers wait for.
fn is_told(incident: &Incident) -> bool {
    incident.incident_kind != IncidentKind::Traffic
}

/// The graver, the higher: a page shows its gravest.
const fn gravity(health: Health) -> u8 {
    match health {
        Health::Disabled => 0,
        Health::Up => 1,
        Health::Unverified => 2,
        Health::Pending => 3,
        Health::NotRunning => 4,
        Health::Unknown => 5,
        Health::Degraded => 6,
        Health::Down => 7,
    }
}

/// What a health means to those who wait for data, and nothing of where the way is broken.
pub(super) const fn sentence(health: Health) -> &'static str {
    match health {
        Health::Disabled => "Ingestion is not watched at the moment",
        Health::Up => "Events arrive",
        Health::Unverified => "Events are accepted; whether they arrive is not checked",
        Health::Pending => "It is too early to tell",
        Health::NotRunning | Health::Unknown => "Ingestion cannot be checked at the moment",
        Health::Degraded => "Events arrive late",
        Health::Down => "Events do not arrive",
    }
}

/// What an incident is called before strangers.
pub(super) const fn title(incident_kind: IncidentKind) -> &'static str {
    match incident_kind {
        IncidentKind::Ingestion => "Events were late, or did not arrive",
        IncidentKind::Monitoring => "Ingestion could not be checked",
        IncidentKind::Traffic => "No events were sent",
    }
}
