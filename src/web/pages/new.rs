//! Adding a project: each field is checked against PostHog as the user types, and the first beat is sent at once.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::fields::{Field, fields, texts};
use crate::config::project::FIELDS;
use crate::model::{AppKind, HeartbeatApp, Takes};
use crate::settings::Cost;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Layout, Place, drawn, page};
use crate::web::said::go_on;
use crate::web::setup::{self, Asking, CheckedField, CheckedFields};
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/new", get(show).post(add)).route("/projects/new/check", post(check))
}

/// A new project has the default timing.
fn keys() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter(|field| field.takes != Takes::Duration).map(|field| field.key)
}

#[derive(Template)]
#[template(path = "new.html")]
struct Page {
    layout: Layout,
    fields: Vec<Field>,
    apps: Vec<(AppKind, bool)>,
    wrong: Vec<CheckedField>,
    /// A key was typed; the form does not return it, so the user must type it again.
    had_key: bool,
}

impl Page {
    /// The cost with default settings.
    #[expect(clippy::unused_self, reason = "the template reaches it through the page")]
    fn cost(&self) -> String {
        Cost { routes: HeartbeatApp::default().all_routes().len() }.to_string()
    }
}

fn blank(layout: Layout) -> Page {
    let none = Filled::default();
    let apps = AppKind::ALL.map(|kind| (kind, true)).into();
    filled(layout, &none, apps, &[])
}

fn filled(layout: Layout, form: &Filled, apps: Vec<(AppKind, bool)>, found: &[CheckedField]) -> Page {
    let layout = layout.titled(Place::Projects, "New project").below([("Projects", "/")]);
    let value = |key: &str| form.text(key).to_owned();
    let wrong = found.iter().filter(|field| field.mark == "fail").cloned().collect();
    Page { layout, fields: fields(keys(), None, value, found), apps, wrong, had_key: form.given("personal_api_key").is_some() }
}

async fn show(State(site): State<Arc<Site>>, Writer(_): Writer, layout: Layout) -> Response {
    page(&site, layout.said.is_some(), &blank(layout))
}

async fn add(State(site): State<Arc<Site>>, Writer(visitor): Writer, layout: Layout, form: Filled) -> Result<Response, WebError> {
    let texts = texts(&form, keys());
    let ticked: Vec<(AppKind, bool)> = AppKind::ALL.into_iter().map(|kind| (kind, form.has(kind.name()))).collect();
    if form.has("check") {
        let found = setup::check(&site, &texts, None).await?.fields;
        return Ok(page(&site, layout.said.is_some(), &Page { wrong: Vec::new(), ..filled(layout, &form, ticked, &found) }));
    }
    let apps: Vec<AppKind> = ticked.iter().filter(|(_, on)| *on).map(|(kind, _)| *kind).collect();
    match setup::add_by_form(&site, &visitor, &texts, &apps, Asking::unless(form.has("unchecked"))).await? {
        Ok(spec) => {
            let words = if spec.beats() {
                "Added. The first beat is sent at once."
            } else {
                "Added. No events are sent until you install Heartbeat."
            };
            Ok(go_on(&site, &format!("/projects/{}", spec.name), words))
        }
        Err(problems) => {
            let found: Vec<CheckedField> = problems.iter().filter_map(CheckedField::of).collect();
            Ok(drawn(StatusCode::UNPROCESSABLE_ENTITY, &filled(layout, &form, ticked, &found)))
        }
    }
}

async fn check(State(site): State<Arc<Site>>, Writer(_): Writer, form: Filled) -> Result<Json<CheckedFields>, WebError> {
    let texts = texts(&form, keys());
    Ok(Json(setup::check(&site, &texts, None).await?))
}
