//! Status pages: the list, and the forms to add, change and remove one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::entity::{self, FormEntity};
use crate::config::status_page::{FIELDS, value};
use crate::model::{Field, StatusPage, Timestamp};
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/status-pages", get(list))
        .route("/status-pages/new", get(entity::new::<StatusPage>).post(entity::add::<StatusPage>))
        .route("/status-pages/{name}", get(entity::edit::<StatusPage>).post(entity::change::<StatusPage>))
        .route("/status-pages/{name}/remove", get(entity::ask::<StatusPage>).post(entity::remove::<StatusPage>))
}

#[derive(Template)]
#[template(path = "status_pages.html")]
struct List {
    layout: Layout,
    pages: Vec<StatusPage>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout) -> Answer {
    let pages = site.web.store.status_pages().await?;
    page(&List { layout: layout.titled(Place::StatusPages, "Status pages"), pages })
}

impl FormEntity for StatusPage {
    const PLACE: Place = Place::StatusPages;
    const LIST: (&'static str, &'static str) = ("Status pages", "/status-pages");
    const FIELDS: &'static [Field] = &FIELDS;

    fn title(&self) -> String {
        self.title.clone()
    }

    fn value(&self, key: &str) -> Option<String> {
        value(self, key)
    }

    fn loss(&self, _now: Timestamp) -> String {
        "Its address, badge and feed stop working. Its projects do not change.".to_owned()
    }
}
