//! What people changed of an app on a project.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::head::{AppTab, Head};
use crate::edit::subject_of;
use crate::store::WhichDeeds;
use crate::web::frame::{Frame, page};
use crate::web::pages::changes::Told;
use crate::web::pages::tabs::Tabs;
use crate::web::site::Site;
use crate::web::trouble::Trouble;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/apps/{app}/history", get(history))
}

#[derive(Template)]
#[template(path = "app_history.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    head: Head,
    told: Told,
}

#[derive(Debug, Deserialize)]
struct Asked {
    before: Option<String>,
}

async fn history(
    State(site): State<Arc<Site>>,
    frame: Frame,
    Path((name, app)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let before = asked.before.and_then(|before| before.parse().ok());
    let (project, kind) = site.app(&name, &app).await?;
    let head = Head::of(&project, kind, AppTab::History);
    let (frame, tabs) = head.around(frame);
    let project = Some(project.spec.name.clone());
    let which = WhichDeeds { project, subject: Some(subject_of(kind)), before, ..WhichDeeds::default() };
    let told = Told::read(&site.web.store, which, frame.now).await?;
    Ok(page(&site, frame.said.is_some(), &Page { frame, tabs, head, told }))
}
