//! The audit log: who changed what, and when.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::model::{AppKind, AuditEntry, ProjectName, Timestamp};
use crate::settings::subject_of;
use crate::store::{AuditFilter, Store, StoreError};
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
    /// The page of the subject, which may have been removed since.
    pub(super) address: Option<String>,
    pub(super) is_of_app: bool,
}

impl Row {
    fn of(entry: AuditEntry, now: Timestamp) -> Self {
        let (kind, name) = entry.subject.split_once(' ').unwrap_or((&entry.subject, ""));
        let address = match (kind, &entry.project) {
            ("project", Some(project)) => Some(format!("/projects/{project}")),
            ("app", Some(project)) if AppKind::named(name).is_some() => Some(format!("/projects/{project}/apps/{name}")),
            ("channel", None) => Some(format!("/channels/{name}")),
            _ => None,
        };
        Self { when: When::second(entry.at, now), address, is_of_app: kind == "app", entry }
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
        Ok(Self { rows: audit_entries.into_iter().map(|audit_entry| Row::of(audit_entry, now)).collect(), next })
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
        project: ProjectName::parse(&project).ok(),
        subject: Some(subject.clone()).filter(|subject| !subject.is_empty()),
        before,
        ..AuditFilter::default()
    };
    // An invalid project name matches no project.
    let entries = if (which.project.is_none() && !project.is_empty()) || subject.chars().any(char::is_control) {
        AuditPage { rows: Vec::new(), next: None }
    } else {
        AuditPage::read(&site.web.store, which, layout.now).await?
    };
    let subjects = AppKind::ALL.map(subject_of).to_vec();
    let layout = layout.titled(Place::AuditLog, "Audit log");
    page(&Page { layout, project, subject, subjects, entries, before: before.is_some() })
}
