//! Adding a project: each field is checked against PostHog as the user types, and the first beat is sent at once.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::config::project::FIELDS;
use crate::model::{AppKind, HeartbeatApp, Takes};
use crate::settings::Cost;
use crate::web::control::Form;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, form_again, page};
use crate::web::said::go_on;
use crate::web::setup::{self, Asking, CheckedFields};
use crate::web::site::Site;
use crate::web::visitor::Writer;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/new", get(show).post(add)).route("/projects/new/check", post(check))
}

#[derive(Template)]
#[template(path = "new.html")]
struct Page {
    layout: Layout,
    fields: Form,
    apps: Vec<(AppKind, bool)>,
}

impl Page {
    fn of(layout: Layout, fields: Form, apps: Vec<(AppKind, bool)>) -> Self {
        Self { layout: layout.titled(Place::Projects, "New project").below([("Projects", "/")]), fields, apps }
    }

    /// The cost with default settings.
    #[expect(clippy::unused_self, reason = "the template reaches it through the page")]
    fn cost(&self) -> String {
        Cost { routes: HeartbeatApp::default().all_routes().len() }.to_string()
    }
}

/// A new project has the default timing.
fn blank() -> Form {
    Form::of(FIELDS.iter().filter(|field| field.takes != Takes::Duration), |_| None)
}

async fn show(editing: Editing) -> Answer {
    page(&Page::of(editing.layout, blank(), AppKind::ALL.map(|kind| (kind, true)).into()))
}

async fn add(Editing { site, layout, visitor }: Editing, form: Filled) -> Answer {
    let (fields, texts) = (blank(), blank().texts(&form));
    let ticked: Vec<(AppKind, bool)> = AppKind::ALL.into_iter().map(|kind| (kind, form.has(kind.name()))).collect();
    if form.has("check") {
        let found = setup::check(&site, &texts, None).await?.fields;
        return page(&Page::of(layout, fields.checked(&form, &found), ticked));
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
        Err(problems) => form_again(&Page::of(layout, fields.filled(&form, &problems), ticked)),
    }
}

async fn check(State(site): State<Arc<Site>>, _writer: Writer, form: Filled) -> Result<Json<CheckedFields>, WebError> {
    Ok(Json(setup::check(&site, &blank().texts(&form), None).await?))
}
