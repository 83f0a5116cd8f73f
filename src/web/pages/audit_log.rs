//! The audit log: who changed what, and when.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::model::{AppKind, AuditEntry, Channel, ProjectFilter, ProjectName, Timestamp};
use crate::settings::subject_of;
use crate::store::{AuditFilter, Store, StoreError};
use crate::web::channels;
use crate::web::error::WebError;
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::part::cut;
use crate::web::site::Site;
use crate::web::when::When;

const ROWS: usize = 50;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/audit-log", get(list))
}

pub(super) struct Row {
    pub(super) entry: AuditEntry,
    pub(super) when: When,
    /// The page of the subject, if it was not removed since.
    pub(super) address: Option<String>,
    pub(super) is_of_app: bool,
}

/// What an entry is about.
enum About<'e> {
    Project(&'e ProjectName),
    App(AppKind, &'e ProjectName),
    Channel(&'e str),
    Other,
}

impl<'e> About<'e> {
    fn of(entry: &'e AuditEntry) -> Self {
        let (kind, name) = entry.subject.split_once(' ').unwrap_or((&entry.subject, ""));
        match (kind, &entry.project, AppKind::named(name)) {
            ("project", Some(project), _) => Self::Project(project),
            ("app", Some(project), Some(app)) => Self::App(app, project),
            ("channel", None, _) => Self::Channel(name),
            _ => Self::Other,
        }
    }
}

/// The projects and channels of some entries that exist.
#[derive(Default)]
struct Existing {
    projects: HashSet<ProjectName>,
    channels: HashSet<String>,
}

impl Existing {
    async fn of(entries: &[AuditEntry], store: &Store) -> Result<Self, StoreError> {
        let mut existing = Self::default();
        let projects: HashSet<ProjectName> = entries.iter().filter_map(|entry| entry.project.clone()).collect();
        if !projects.is_empty() {
            existing.projects = store.existing_names(&Vec::from_iter(projects)).await?;
        }
        if entries.iter().any(|entry| matches!(About::of(entry), About::Channel(_))) {
            existing.channels = store.channels_without_secrets().await?.iter().map(Channel::called).collect();
        }
        Ok(existing)
    }

    fn address(&self, about: &About<'_>) -> Option<String> {
        match *about {
            About::Project(name) => self.projects.contains(name).then(|| format!("/projects/{name}")),
            About::App(app, project) => self.projects.contains(project).then(|| format!("/projects/{project}/apps/{app}")),
            About::Channel(name) => self.channels.contains(name).then(|| channels::address(name)),
            About::Other => None,
        }
    }
}

impl Row {
    fn of(entry: AuditEntry, existing: &Existing, now: Timestamp) -> Self {
        let about = About::of(&entry);
        let (address, is_of_app) = (existing.address(&about), matches!(about, About::App(..)));
        Self { when: When::second(entry.at, now), address, is_of_app, entry }
    }
}

pub(super) struct AuditPage {
    pub(super) rows: Vec<Row>,
    /// The next page starts before this entry.
    pub(super) next: Option<i64>,
}

impl AuditPage {
    pub(super) async fn read(store: &Store, which: AuditFilter, now: Timestamp) -> Result<Self, StoreError> {
        let mut audit_entries = store.audit_entries(&AuditFilter { at_most: ROWS as u32 + 1, ..which }).await?;
        let next = cut(&mut audit_entries, ROWS, |audit_entry| audit_entry.place);
        let existing = Existing::of(&audit_entries, store).await?;
        Ok(Self { rows: audit_entries.into_iter().map(|audit_entry| Row::of(audit_entry, &existing, now)).collect(), next })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[derive(Template)]
#[template(path = "audit_log.html")]
struct Page {
    layout: Layout,
    project: String,
    subject: String,
    /// Suggestions for the filter.
    subjects: Vec<String>,
    entries: AuditPage,
    before: bool,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    project: String,
    #[serde(default)]
    subject: String,
    before: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(asked): Query<Asked>) -> Answer {
    let Asked { project, subject, before } = asked;
    let before = before.and_then(|before| before.parse().ok());
    let (project, subject) = (project.trim().to_owned(), subject.trim().to_owned());
    let which = AuditFilter {
        named: ProjectFilter::parse(&project).map_err(|wrong| WebError::unfit("project", wrong))?,
        subject: Some(subject.clone()).filter(|subject| !subject.is_empty()),
        before,
        ..AuditFilter::default()
    };
    // No subject contains control characters, and a database may reject them.
    let entries = if subject.chars().any(char::is_control) {
        AuditPage { rows: Vec::new(), next: None }
    } else {
        AuditPage::read(&site.web.store, which, layout.now).await?
    };
    let subjects = AppKind::ALL.map(subject_of).to_vec();
    let layout = layout.titled(Place::AuditLog, "Audit log");
    page(&Page { layout, project, subject, subjects, entries, before: before.is_some() })
}
