//! Maintenance windows: while one is open, incidents are recorded without notifications.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::submitted::{offered, problems_of, problems_of_new, saved};
use crate::config::window::{FIELDS, added, shown, without_misplaced};
use crate::config::{Origin, Problem, Texts};
use crate::model::{Closes, ProjectName, Timestamp, Window};
use crate::report::{WindowState, window_times};
use crate::web::control::{Control, Wrong};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::incidents::moment;
use crate::web::layout::{Layout, Place, drawn, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;
use crate::web::when::When;

const ABOVE: [(&str, &str); 1] = [("Maintenance windows", "/maintenance")];

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/maintenance", get(list))
        .route("/maintenance/new", get(fill_in).post(add))
        .route("/maintenance/{name}/edit", get(edit).post(change))
        .route("/maintenance/{name}/remove", get(ask).post(remove))
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    name: ProjectName,
    projects: Vec<ProjectName>,
    times: String,
    is_open: bool,
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
        let is_open = window.open(now).is_some();
        Self { name: window.name, projects: window.projects, times, is_open, state, until, next }
    }
}

async fn list(State(site): State<Arc<Site>>, layout: Layout) -> Result<Response, WebError> {
    let layout = layout.titled(Place::Maintenance, "Maintenance windows").live(None);
    let rows = site.web.store.windows().await?.into_iter().map(|window| Row::of(window, layout.now)).collect();
    Ok(page(&site, layout.said.is_some(), &ListPage { layout, rows }))
}

/// The fields of the whole window, of its start and of its end. The switch for a start now is separate.
const PARTS: [&[&str]; 3] = [&["name", "projects"], &["from", "weekly", "cron", "timezone"], &["to", "lasts"]];

#[derive(Template)]
#[template(path = "maintenance_form.html")]
struct FormPage {
    layout: Layout,
    /// None: a new window.
    stored: Option<ProjectName>,
    whole: Vec<Control>,
    opens: Vec<Control>,
    closes: Vec<Control>,
    is_now: bool,
    now_problem: Option<String>,
    /// The projects to choose from.
    offered: Vec<ProjectName>,
    wrong: Wrong,
}

impl FormPage {
    fn new(layout: Layout, stored: Option<&Window>, offered: Vec<ProjectName>) -> Self {
        let [whole, opens, closes] = PARTS.map(|keys| {
            let fields = keys.iter().filter_map(|key| FIELDS.iter().find(|field| field.key == *key));
            let fields = fields.filter(|field| field.key != "name" || stored.is_none());
            let held = |key| stored.and_then(|window| shown(window, key));
            let held = |key| held(key).map(|text| if is_time(key) { for_picker(&text).to_owned() } else { text });
            fields.map(|field| Control::of(field, held(field.key))).collect()
        });
        let title = stored.map_or_else(|| "New maintenance window".to_owned(), |window| format!("Maintenance window {}", window.name));
        let layout = layout.titled(Place::Maintenance, title).below(ABOVE);
        let stored = stored.map(|window| window.name.clone());
        Self { layout, stored, whole, opens, closes, is_now: false, now_problem: None, offered, wrong: Wrong::default() }
    }

    fn is_time(control: &Control) -> bool {
        is_time(control.key)
    }

    /// A text that `datetime-local` cannot hold is shown in a text field, so that it is not lost.
    fn fits_picker(control: &Control) -> bool {
        let text = &control.value;
        text.is_empty() || [MINUTE.len(), MINUTE.len() + 3, MINUTE.len() + 7].contains(&text.len()) && Timestamp::parse(&full(text)).is_ok()
    }

    fn rejected(mut self, form: &Filled, problems: &[Problem]) -> Response {
        let filled = |controls: Vec<Control>| controls.into_iter().map(|control| control.filled(form, problems)).collect::<Vec<_>>();
        (self.whole, self.opens, self.closes) = (filled(self.whole), filled(self.opens), filled(self.closes));
        self.is_now = form.has("now");
        self.now_problem = problems.iter().find(|problem| problem.field == "now").map(|problem| problem.says.clone());
        let all: Vec<Control> = [&self.whole, &self.opens, &self.closes].into_iter().flatten().cloned().collect();
        self.wrong = Wrong::of(problems, &all);
        drawn(StatusCode::UNPROCESSABLE_ENTITY, &self)
    }
}

/// Fields that take a time (UTC), for which browsers have a picker.
fn is_time(key: &str) -> bool {
    matches!(key, "from" | "to")
}

const MINUTE: &str = "2026-11-23T15:10";

/// A stored time as the value of `datetime-local`: `2026-11-23T15:10`, with seconds only if there are any.
fn for_picker(text: &str) -> &str {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let text = text.strip_suffix(".000").unwrap_or(text);
    text.strip_suffix(":00").filter(|minute| minute.len() == MINUTE.len()).unwrap_or(text)
}

/// The value of `datetime-local` as RFC 3339.
fn full(text: &str) -> String {
    let seconds = if text.len() == MINUTE.len() { ":00" } else { "" };
    format!("{text}{seconds}Z")
}

async fn fill_in(State(site): State<Arc<Site>>, layout: Layout) -> Result<Response, WebError> {
    if !layout.may_write() {
        return Err(WebError::ReadOnly);
    }
    Ok(page(&site, layout.said.is_some(), &FormPage::new(layout, None, offered(&site).await?)))
}

/// Reads times as users write them. Fields that do not fit the chosen kind of start are left over from an earlier choice and are dropped.
fn texts(form: &Filled) -> Texts {
    let given = FIELDS.iter().filter_map(|field| Some((field.key, form.given(field.key)?)));
    let read = given.map(|(key, text)| match key {
        key if is_time(key) => {
            let at = moment(text).or_else(|_| Timestamp::parse(&full(text)).map_err(|error| error.clone()));
            (key, at.map_or_else(|_| text.to_owned(), |at| at.to_string()))
        }
        _ => (key, text.to_owned()),
    });
    without_misplaced(read.collect())
}

async fn add(State(site): State<Arc<Site>>, layout: Layout, Writer(visitor): Writer, form: Filled) -> Result<Response, WebError> {
    let added = match added(&texts(&form), Origin::Page(layout.now)) {
        Ok(window) => visitor.settings_service(&site).add(window).await,
        Err(problems) => Err(problems.into()),
    };
    match added {
        Ok(done) => Ok(go_on(&site, "/maintenance", &format!("Added {}.", done.now.name))),
        Err(error) => Ok(FormPage::new(layout, None, offered(&site).await?).rejected(&form, &problems_of_new(error)?)),
    }
}

async fn edit(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(visitor): Writer,
    Path(name): Path<String>,
) -> Result<Response, WebError> {
    let window: Window = visitor.settings_service(&site).find(&name).await?;
    Ok(page(&site, layout.said.is_some(), &FormPage::new(layout, Some(&window), offered(&site).await?)))
}

/// The form replaces everything except the name.
async fn change(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let stored: Window = visitor.settings_service(&site).find(&name).await?;
    let mut texts = texts(&form);
    texts.put("name", stored.name.as_str());
    let changed = match added(&texts, Origin::Page(layout.now)) {
        Ok(window) => visitor.settings_service(&site).change::<Window>(&name, |_| Ok(window.clone())).await,
        Err(problems) => Err(problems.into()),
    };
    match changed {
        Ok(done) => Ok(saved(&site, "/maintenance", &done, &format!("Changed {name}."))),
        Err(error) => Ok(FormPage::new(layout, Some(&stored), offered(&site).await?).rejected(&form, &problems_of(error)?)),
    }
}

#[derive(Template)]
#[template(path = "maintenance_remove.html")]
struct AskPage {
    layout: Layout,
    row: Row,
}

async fn ask(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(visitor): Writer,
    Path(name): Path<String>,
) -> Result<Response, WebError> {
    let window: Window = visitor.settings_service(&site).find(&name).await?;
    let layout = layout.titled(Place::Maintenance, format!("Remove {name}")).below(ABOVE);
    let row = Row::of(window, layout.now);
    Ok(page(&site, layout.said.is_some(), &AskPage { layout, row }).into_response())
}

async fn remove(
    State(site): State<Arc<Site>>,
    Writer(visitor): Writer,
    Path(name): Path<String>,
    _form: Filled,
) -> Result<Response, WebError> {
    let done = visitor.settings_service(&site).remove::<Window>(&name).await?;
    Ok(go_on(&site, "/maintenance", &format!("Removed {}.", done.now.name)))
}
