//! Status pages, as those who make them see them: which there are, what stands on them, who sees them.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::edit::status_page::Wanted;
use crate::edit::{EditError, Problem};
use crate::model::{ProjectName, StatusPage};
use crate::web::form::Filled;
use crate::web::frame::{Frame, Place, drawn, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::trouble::Trouble;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/status-pages", get(list))
        .route("/status-pages/new", get(new).post(add))
        .route("/status-pages/{name}", get(edit).post(change))
        .route("/status-pages/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "status_pages.html")]
struct List {
    frame: Frame,
    pages: Vec<StatusPage>,
}

async fn list(State(site): State<Arc<Site>>, frame: Frame) -> Result<Response, Trouble> {
    let pages = site.web.store.status_pages().await?;
    let frame = frame.titled(Place::StatusPages, "Status pages");
    Ok(page(&site, frame.said.is_some(), &List { frame, pages }))
}

#[derive(Template)]
#[template(path = "status_page_form.html")]
struct Form {
    frame: Frame,
    /// The name in use; none while it is new.
    known: Option<ProjectName>,
    name: String,
    title: String,
    /// Between commas.
    projects: String,
    public: bool,
    problems: Vec<Problem>,
}

impl Form {
    fn problem(&self, field: &str) -> Option<String> {
        self.problems.iter().find(|problem| problem.field == field).map(ToString::to_string)
    }

    fn of(frame: Frame, page: Option<StatusPage>) -> Self {
        let title = page.as_ref().map_or("New status page", |page| page.title.as_str()).to_owned();
        let frame = frame.titled(Place::StatusPages, title).below([("Status pages", "/status-pages")]);
        let (known, name, title, projects, public) = match page {
            Some(page) => {
                let projects: Vec<&str> = page.projects.iter().map(ProjectName::as_str).collect();
                (Some(page.name.clone()), page.name.to_string(), page.title, projects.join(", "), page.public)
            }
            None => (None, String::new(), String::new(), String::new(), false),
        };
        Self { frame, known, name, title, projects, public, problems: Vec::new() }
    }

    /// With what somebody typed, and what is wrong with it.
    fn refused(mut self, form: &Filled, problems: Vec<Problem>) -> Response {
        form.text("title").clone_into(&mut self.title);
        form.text("projects").clone_into(&mut self.projects);
        if self.known.is_none() {
            form.text("name").clone_into(&mut self.name);
        }
        (self.public, self.problems) = (form.has("public"), problems);
        drawn(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }
}

async fn new(State(site): State<Arc<Site>>, Writer(_): Writer, frame: Frame) -> Response {
    page(&site, frame.said.is_some(), &Form::of(frame, None))
}

async fn add(State(site): State<Arc<Site>>, Writer(visitor): Writer, frame: Frame, form: Filled) -> Result<Response, Trouble> {
    let refused = |problems: Vec<Problem>| Ok(Form::of(frame, None).refused(&form, problems));
    let added = match wanted(&site, form.text("name"), &form).await {
        Ok(page) => site.desk(&visitor).add(page).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(done) => Ok(go_on(&site, "/status-pages", &format!("Status page {} is there.", done.now.name))),
        Err(EditError::Wrong(problems)) => refused(problems.into_iter().collect()),
        Err(EditError::Clash(clash)) => refused(vec![Problem::whole("name", clash)]),
        Err(other) => Err(other.into()),
    }
}

/// What the form says.
async fn wanted(site: &Site, name: &str, form: &Filled) -> Result<StatusPage, EditError> {
    let projects = form.text("projects").split([',', '\n']).collect();
    Wanted { name, title: form.text("title"), projects, public: form.has("public") }.page(&*site.web.store).await
}

async fn edit(State(site): State<Arc<Site>>, Writer(_): Writer, frame: Frame, Path(name): Path<String>) -> Result<Response, Trouble> {
    let known = site.status_page(&name).await?;
    Ok(page(&site, frame.said.is_some(), &Form::of(frame, Some(known))))
}

async fn change(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    frame: Frame,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, Trouble> {
    let known = site.status_page(&name).await?;
    let changed = match wanted(&site, &name, &form).await {
        Ok(page) => site.desk(&visitor).change(&name, |_: &StatusPage| Ok(page.clone())).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(_) => Ok(go_on(&site, "/status-pages", &format!("Status page {name} is saved."))),
        Err(EditError::Wrong(problems)) => Ok(Form::of(frame, Some(known)).refused(&form, problems.into_iter().collect())),
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "status_page_remove.html")]
struct Ask {
    frame: Frame,
    page: StatusPage,
}

async fn ask(State(site): State<Arc<Site>>, Writer(_): Writer, frame: Frame, Path(name): Path<String>) -> Result<Response, Trouble> {
    let known = site.status_page(&name).await?;
    let frame = frame.titled(Place::StatusPages, "Remove a status page").below([("Status pages", "/status-pages")]);
    Ok(page(&site, false, &Ask { frame, page: known }))
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, Trouble> {
    site.desk(&visitor).remove::<StatusPage>(&name).await?;
    Ok(go_on(&site, "/status-pages", &format!("Status page {name} is removed.")))
}
