//! The audit entries of an app on a project.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::head::{AppTab, Head};
use crate::settings::subject_of;
use crate::store::AuditFilter;
use crate::web::layout::{Answer, Layout, page};
use crate::web::pages::audit_log::AuditPage;
use crate::web::pages::tabs::Tabs;
use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/apps/{app}/history", get(history))
}

#[derive(Template)]
#[template(path = "app_history.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    head: Head,
    entries: AuditPage,
}

#[derive(Debug, Deserialize)]
struct Asked {
    before: Option<String>,
}

async fn history(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Path((name, app)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let before = asked.before.and_then(|before| before.parse().ok());
    let (project, kind) = site.app(&name, &app).await?;
    let head = Head::of(&project, kind, AppTab::History);
    let (layout, tabs) = head.around(layout);
    let named = [project.spec.name.clone()].into_iter().collect();
    let which = AuditFilter { named, subject: Some(subject_of(kind)), before, ..AuditFilter::default() };
    let entries = AuditPage::read(&site.web.store, which, layout.now).await?;
    page(&Page { layout, tabs, head, entries })
}
