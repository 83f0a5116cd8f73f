//! Changes: who changed what, and when.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::edit::subject_of;
use crate::model::{AppKind, Deed, ProjectName, Timestamp};
use crate::store::{Store, StoreError, WhichDeeds};
use crate::web::frame::{Frame, Place, page};
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::when::When;

/// So many stand on a page.
const ROWS: usize = 50;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/changes", get(list))
}

/// One change, as it is shown.
pub(super) struct Row {
    pub(super) when: When,
    pub(super) who: String,
    pub(super) subject: String,
    /// Where what was changed is to be seen; it may be gone.
    pub(super) address: Option<String>,
    /// Of an app: on which project.
    pub(super) project: Option<ProjectName>,
    pub(super) words: String,
}

impl Row {
    fn of(deed: Deed, now: Timestamp) -> Self {
        let Deed { at, who, subject, project, words, .. } = deed;
        let (kind, name) = subject.split_once(' ').unwrap_or((&subject, ""));
        let address = match (kind, &project) {
            ("project", Some(project)) => Some(format!("/projects/{project}")),
            ("app", Some(project)) if AppKind::named(name).is_some() => Some(format!("/projects/{project}/apps/{name}")),
            ("channel", None) => Some(format!("/channels/{name}")),
            _ => None,
        };
        let project = project.filter(|_| kind != "project");
        Self { when: When::second(at, now), who, subject, address, project, words }
    }
}

/// Changes, as they are shown: a page of them.
pub(super) struct Told {
    pub(super) rows: Vec<Row>,
    /// Where the next page goes on.
    pub(super) next: Option<i64>,
}

impl Told {
    /// Reads a page of them.
    pub(super) async fn read(store: &Store, which: WhichDeeds, now: Timestamp) -> Result<Self, StoreError> {
        let mut deeds = store.deeds(&WhichDeeds { at_most: ROWS as u32 + 1, ..which }).await?;
        let is_more = deeds.len() > ROWS;
        deeds.truncate(ROWS);
        let next = deeds.last().filter(|_| is_more).map(|deed| deed.place);
        Ok(Self { rows: deeds.into_iter().map(|deed| Row::of(deed, now)).collect(), next })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[derive(Template)]
#[template(path = "changes.html")]
struct Page {
    frame: Frame,
    project: String,
    subject: String,
    /// Examples of what changes are about.
    subjects: Vec<String>,
    told: Told,
    /// Whether this is not the first page.
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

async fn list(State(site): State<Arc<Site>>, frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let Asked { project, subject, before } = asked;
    let before = before.and_then(|before| before.parse().ok());
    let (project, subject) = (project.trim().to_owned(), subject.trim().to_owned());
    let which = WhichDeeds {
        project: ProjectName::parse(&project).ok(),
        subject: Some(subject.clone()).filter(|subject| !subject.is_empty()),
        before,
        ..WhichDeeds::default()
    };
    // No project has a name that cannot be one.
    let told = if (which.project.is_none() && !project.is_empty()) || subject.chars().any(char::is_control) {
        Told { rows: Vec::new(), next: None }
    } else {
        Told::read(&site.web.store, which, frame.now).await?
    };
    let subjects = AppKind::ALL.map(subject_of).to_vec();
    let frame = frame.titled(Place::Changes, "Changes");
    Ok(page(&site, frame.said.is_some(), &Page { frame, project, subject, subjects, told, before: before.is_some() }))
}
