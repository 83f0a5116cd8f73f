//! Removing a project: the confirmation page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use crate::model::{Project, ProjectSpec};
use crate::web::error::{WebError, named};
use crate::web::form::Filled;
use crate::web::layout::{Layout, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "remove.html")]
struct Page {
    layout: Layout,
    project: Project,
    open: usize,
}

async fn ask(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    // A project whose secrets cannot be decrypted can be removed as well.
    let project = site.web.store.project_without_secrets(&named("project", &name)?).await?;
    let project = project.ok_or_else(|| WebError::no("project", &name))?;
    let which = crate::store::IncidentFilter { project: Some(project.id), open_only: true, at_most: 9, ..Default::default() };
    let open = site.web.store.incidents(&which).await?.len();
    let layout = layout.of_project(&name, "Remove");
    Ok(page(&site, layout.said.is_some(), &Page { layout, project, open }))
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, WebError> {
    visitor.settings_service(&site).remove::<ProjectSpec>(&name).await?;
    Ok(go_on(&site, "/", &format!("{name} is removed.")))
}
