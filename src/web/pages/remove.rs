//! Removing a project: a page that says what is lost, and a button.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use crate::model::{Project, ProjectSpec};
use crate::web::form::Filled;
use crate::web::frame::{Frame, Place, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::trouble::{Trouble, named};
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "remove.html")]
struct Page {
    frame: Frame,
    project: Project,
    /// How many of its incidents are open.
    open: usize,
}

async fn ask(State(site): State<Arc<Site>>, Writer(_): Writer, frame: Frame, Path(name): Path<String>) -> Result<Response, Trouble> {
    // Its secrets need not open.
    let project = site.web.store.project_without_secrets(&named("project", &name)?).await?;
    let project = project.ok_or_else(|| Trouble::no("project", &name))?;
    let which = crate::store::Which { project: Some(project.id), open_only: true, at_most: 9, ..Default::default() };
    let open = site.web.store.incidents(&which).await?.len();
    let above = [("Projects", "/".to_owned()), (name.as_str(), format!("/projects/{name}"))];
    let frame = frame.titled(Place::Projects, "Remove").below(above);
    Ok(page(&site, frame.said.is_some(), &Page { frame, project, open }))
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, Trouble> {
    site.desk(&visitor).remove::<ProjectSpec>(&name).await?;
    Ok(go_on(&site, "/", &format!("{name} is removed.")))
}
