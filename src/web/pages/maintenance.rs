//! Maintenance windows: while one is open, incidents are recorded without notifications.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::entity::{self, FormEntity, Part};
use crate::config::window::{FIELDS, added, shown, without_misplaced};
use crate::config::{Origin, Problems, Texts};
use crate::model::{Closes, Field, Timestamp, Window};
use crate::report::{WindowState, window_times};
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::site::Site;
use crate::web::when::When;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/maintenance", get(list))
        .route("/maintenance/new", get(entity::new::<Window>).post(entity::add::<Window>))
        .route("/maintenance/{name}/edit", get(entity::edit::<Window>).post(entity::change::<Window>))
        .route("/maintenance/{name}/remove", get(entity::ask::<Window>).post(entity::remove::<Window>))
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct Page {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    window: Window,
    times: String,
    /// CSS class and word of the state.
    state: (&'static str, &'static str),
    until: Option<When>,
    next: Option<When>,
}

impl Row {
    fn of(window: Window, now: Timestamp) -> Self {
        let times = window_times(&window);
        let at = |at| Some(When::minute(at, now));
        let (state, until, next) = match WindowState::of(&window, now) {
            WindowState::Open(Closes::At(until)) => (("maintenance", "open"), at(until), None),
            WindowState::Open(Closes::Never) => (("maintenance", "open, no end"), None, None),
            WindowState::Next(next) => (("pending", "scheduled"), None, at(next)),
            WindowState::Over => (("disabled", "ended"), None, None),
        };
        Self { window, times, state, until, next }
    }
}

async fn list(State(site): State<Arc<Site>>, layout: Layout) -> Answer {
    let layout = layout.titled(Place::Maintenance, "Maintenance windows").live(None);
    let rows = site.web.store.windows().await?.into_iter().map(|window| Row::of(window, layout.now)).collect();
    page(&Page { layout, rows })
}

impl FormEntity for Window {
    const PLACE: Place = Place::Maintenance;
    const LIST: (&'static str, &'static str) = ("Maintenance windows", "/maintenance");
    const FIELDS: &'static [Field] = &FIELDS;
    const PARTS: &'static [Part] = &[
        Part {
            name: "Start",
            hint: "Choose one: now, a time, weekly, or a crontab expression. Times are UTC.",
            keys: &["now", "from", "weekly", "cron", "timezone"],
        },
        Part { name: "End", hint: "Choose one. A weekly window already has an end.", keys: &["to", "lasts"] },
    ];

    fn title(&self) -> String {
        format!("Maintenance window {}", self.name)
    }

    fn value(&self, key: &str) -> Option<String> {
        shown(self, key)
    }

    fn loss(&self, now: Timestamp) -> String {
        let then = if self.open(now).is_some() {
            "It is open: removing it ends it, and notifications of incidents that are still open are sent at once."
        } else {
            "After that, notifications are sent at these times as at any other time."
        };
        format!("{}. {then}", window_times(self))
    }

    /// The form replaces everything except the name. Fields that do not fit the chosen kind of start are left over from an earlier choice.
    fn read(texts: Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        added(&without_misplaced(texts).with("name", stored.map(|stored| stored.name.as_str())), origin)
    }
}
