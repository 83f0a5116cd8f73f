//! Status pages: the list, and the forms to add, change and remove one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::submitted::{problems_of, problems_of_new};
use crate::config::status_page::{FIELDS, added, changed, value};
use crate::config::{Problem, Texts};
use crate::model::StatusPage;
use crate::web::control::{Control, Wrong};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, Place, drawn, page};
use crate::web::said::go_on;
use crate::web::site::Site;
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
    layout: Layout,
    pages: Vec<StatusPage>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout) -> Result<Response, WebError> {
    let pages = site.web.store.status_pages().await?;
    let layout = layout.titled(Place::StatusPages, "Status pages");
    Ok(page(&site, layout.said.is_some(), &List { layout, pages }))
}

#[derive(Template)]
#[template(path = "status_page_form.html")]
struct Form {
    layout: Layout,
    /// None: a new page.
    stored: Option<StatusPage>,
    controls: Vec<Control>,
    public: bool,
    wrong: Wrong,
}

impl Form {
    fn of(layout: Layout, stored: Option<StatusPage>) -> Self {
        let title = stored.as_ref().map_or("New status page", |page| page.title.as_str()).to_owned();
        let layout = layout.titled(Place::StatusPages, title).below([("Status pages", "/status-pages")]);
        // `public` is a separate switch.
        let shown = FIELDS.iter().filter(|field| field.key != "public" && (field.key != "name" || stored.is_none()));
        let controls = shown.map(|field| Control::of(field, stored.as_ref().and_then(|page| value(page, field.key)))).collect();
        let public = stored.as_ref().is_some_and(|page| page.public);
        Self { layout, stored, controls, public, wrong: Wrong::default() }
    }

    fn rejected(mut self, form: &Filled, problems: &[Problem]) -> Response {
        self.controls = self.controls.into_iter().map(|control| control.filled(form, problems)).collect();
        self.wrong = Wrong::of(problems, &self.controls);
        self.public = form.has("public");
        drawn(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }
}

fn texts(form: &Filled) -> Texts {
    let public = form.has("public").to_string();
    let given = FIELDS.iter().filter(|field| field.key != "public" && form.has(field.key));
    given.map(|field| (field.key, form.text(field.key).replace('\n', ","))).collect::<Texts>().with("public", Some(&public))
}

async fn new(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout) -> Response {
    page(&site, layout.said.is_some(), &Form::of(layout, None))
}

async fn add(State(site): State<Arc<Site>>, Writer(visitor): Writer, layout: Layout, form: Filled) -> Result<Response, WebError> {
    let added = match added(&texts(&form)) {
        Ok(page) => visitor.settings_service(&site).add(page).await,
        Err(problems) => Err(problems.into()),
    };
    match added {
        Ok(done) => Ok(go_on(&site, "/status-pages", &format!("Status page {} is added.", done.now.name))),
        Err(error) => Ok(Form::of(layout, None).rejected(&form, &problems_of_new(error)?)),
    }
}

async fn edit(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    let stored = site.status_page(&name).await?;
    Ok(page(&site, layout.said.is_some(), &Form::of(layout, Some(stored))))
}

async fn change(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    layout: Layout,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let stored = site.status_page(&name).await?;
    let texts = texts(&form);
    match visitor.settings_service(&site).change(&name, |stored: &StatusPage| Ok(changed(stored, &texts)?)).await {
        Ok(_) => Ok(go_on(&site, "/status-pages", &format!("Status page {name} is saved."))),
        Err(error) => Ok(Form::of(layout, Some(stored)).rejected(&form, &problems_of(error)?)),
    }
}

#[derive(Template)]
#[template(path = "status_page_remove.html")]
struct Ask {
    layout: Layout,
    page: StatusPage,
}

async fn ask(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout, Path(name): Path<String>) -> Result<Response, WebError> {
    let stored = site.status_page(&name).await?;
    let layout = layout.titled(Place::StatusPages, "Remove status page").below([("Status pages", "/status-pages")]);
    Ok(page(&site, false, &Ask { layout, page: stored }))
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, WebError> {
    visitor.settings_service(&site).remove::<StatusPage>(&name).await?;
    Ok(go_on(&site, "/status-pages", &format!("Status page {name} is removed.")))
}
