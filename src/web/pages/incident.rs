//! One incident: its cause, evidence, notifications and timeline, and the forms to acknowledge and snooze it.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::evidence::{Find, finds};
use super::submitted::FieldProblems;
use crate::config::Problem;
use crate::judge;
use crate::message;
use crate::model::{Channel, Entry, EntryKind, Incident, IncidentKind, Minute, Notification, Project, Tally, Timestamp, Window, span};
use crate::report::{IncidentStory, channel_name, postmortem};
use crate::settings::incident::Word;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::incidents::{acknowledged, badges, found, say, snoozed, story};
use crate::web::layout::{Layout, Place, drawn, page};
use crate::web::said::go_on;
use crate::web::site::Site;
use crate::web::visitor::Writer;
use crate::web::when::When;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/incidents/{id}", get(show))
        .route("/incidents/{id}/postmortem.md", get(markdown))
        .route("/incidents/{id}/acknowledge", post(acknowledge))
        .route("/incidents/{id}/unacknowledge", post(let_go))
        .route("/incidents/{id}/snooze", post(snooze))
}

#[derive(Template)]
#[template(path = "incident.html")]
struct Page {
    layout: Layout,
    incident: Incident,
    /// Whether its project still exists.
    is_kept: bool,
    badges: Vec<(&'static str, &'static str)>,
    timeline: Vec<Line>,
    finds: Vec<Find>,
    more_finds: usize,
    notifications: Vec<NotificationRow>,
    postmortem: String,
    /// The rejected input.
    typed: Typed,
    problems: FieldProblems,
}

#[derive(Default)]
struct Typed {
    words: String,
    until: String,
}

struct Line {
    /// The CSS class of the shape.
    class: &'static str,
    at: When,
    kind: &'static str,
    words: String,
}

struct NotificationRow {
    state: &'static str,
    kind: &'static str,
    channel: String,
    at: When,
    tries: u16,
    said: String,
}

impl Page {
    fn id(&self) -> i64 {
        self.incident.id.map_or(0, |id| id.0)
    }

    fn title(&self) -> Cow<'static, str> {
        message::summary(&self.incident)
    }

    /// The CSS class and the word of the state.
    fn health(&self) -> (&'static str, &'static str) {
        match (self.incident.is_open(), self.incident.incident_kind) {
            (false, _) => ("resolved", "resolved"),
            (true, IncidentKind::Ingestion) => ("down", "open"),
            (true, IncidentKind::Monitoring) => ("unknown", "open"),
            (true, IncidentKind::Traffic) => ("not_running", "open"),
        }
    }

    fn cause(&self) -> String {
        message::sentence(&self.incident.cause.summary)
    }

    fn note(&self) -> Option<&'static str> {
        message::kind_of_failure(&self.incident)
    }

    fn advice(&self) -> Option<&str> {
        self.incident.cause.advice.as_deref()
    }

    fn address(&self) -> Option<String> {
        self.incident.cause.address.as_ref().map(ToString::to_string)
    }

    fn ending(&self) -> Option<String> {
        (!self.incident.is_open()).then(|| message::sentence(&judge::ending(&self.incident)))
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates borrow what they pass")]
    fn when(&self, at: &Timestamp) -> When {
        When::second(*at, self.layout.now)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates borrow what they pass")]
    fn minute(&self, minute: &Minute) -> When {
        When::minute(minute.start(), self.layout.now)
    }

    fn lasted(&self) -> String {
        let began = self.incident.began();
        self.incident.closed.map_or_else(|| When::counting(began, self.layout.now).to_string(), |closed| span(closed.since(began)))
    }

    fn rules(&self) -> String {
        self.incident.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The end of a snooze that still runs.
    fn waits(&self) -> Option<When> {
        let until = self.incident.snoozed_until.filter(|until| *until > self.layout.now && self.incident.is_open());
        until.map(|until| When::minute(until, self.layout.now))
    }

    fn tally(&self) -> Vec<(&'static str, u32)> {
        let Tally { arrived, late, missing, rejected, unreachable, unverified, .. } = self.incident.tally;
        let all = [
            ("arrived", arrived),
            ("late", late),
            ("lost", self.incident.tally.lost),
            ("awaiting", missing.saturating_sub(self.incident.tally.lost)),
            ("rejected", rejected),
            ("unreachable", unreachable),
            ("unverified", unverified),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(id): Path<String>) -> Result<Response, WebError> {
    let incident = found(&site.web.store, &id).await?;
    let said = layout.said.is_some();
    Ok(page(&site, said, &laid_out(&site, layout, incident, Typed::default(), FieldProblems::default()).await?))
}

async fn laid_out(site: &Site, layout: Layout, incident: Incident, typed: Typed, problems: FieldProblems) -> Result<Page, WebError> {
    let store = &*site.web.store;
    let (now, windows, channels) = (layout.now, store.windows().await?, store.channels_on_record().await?);
    let (incident_story, project) = story(store, incident, now).await?;
    let postmortem = postmortem(&incident_story, project.as_ref(), &channels, now);
    Ok(Page::of(layout, incident_story, project.as_ref(), &Around { windows, channels, postmortem }, (typed, problems)))
}

struct Around {
    windows: Vec<Window>,
    channels: Vec<Channel>,
    postmortem: String,
}

impl Page {
    fn of(
        layout: Layout,
        story: IncidentStory,
        project: Option<&Project>,
        around: &Around,
        (typed, problems): (Typed, FieldProblems),
    ) -> Self {
        let IncidentStory { incident, timeline, evidence, notifications } = story;
        let (now, name) = (layout.now, incident.project_name.to_string());
        let id = incident.id.map_or(0, |id| id.0);
        let layout = layout.titled(Place::Incidents, format!("Incident {id}")).below([("Incidents", "/incidents")]);
        let layout = layout.live(project.map(|_| name.as_str()));
        let line = |entry: &Entry| Line {
            class: class_of(entry.kind, &incident),
            at: When::second(entry.at, now),
            kind: entry.kind.name(),
            words: message::sentence(&entry.words),
        };
        let row = |notification: &Notification| NotificationRow {
            state: notification.state.name(),
            kind: notification.message.kind.name(),
            channel: channel_name(notification, &around.channels),
            at: When::second(notification.ended.unwrap_or(notification.due), now),
            tries: notification.tries,
            said: notification.said.clone().unwrap_or_default(),
        };
        let (finds, more_finds) = project.map(|project| finds(&evidence, project, now)).unwrap_or_default();
        Self {
            badges: badges(&incident, &around.windows, now),
            timeline: timeline.iter().map(line).collect(),
            finds,
            more_finds,
            notifications: notifications.iter().map(row).collect(),
            postmortem: around.postmortem.clone(),
            is_kept: project.is_some(),
            layout,
            incident,
            typed,
            problems,
        }
    }
}

const fn class_of(kind: EntryKind, incident: &Incident) -> &'static str {
    match kind {
        EntryKind::Opened | EntryKind::Escalated => incident.severity.name(),
        EntryKind::Cause | EntryKind::Rules => "info",
        EntryKind::Silenced | EntryKind::Snoozed => "snoozed",
        EntryKind::Acknowledged => "acked",
        EntryKind::Unacknowledged => "open",
        EntryKind::Reminded => "sent",
        EntryKind::Closed => "resolved",
        EntryKind::Aftermath => "late",
    }
}

async fn markdown(State(site): State<Arc<Site>>, layout: Layout, Path(id): Path<String>) -> Result<Response, WebError> {
    let store = &*site.web.store;
    let (incident_story, project) = story(store, found(store, &id).await?, layout.now).await?;
    let text = postmortem(&incident_story, project.as_ref(), &store.channels_on_record().await?, layout.now);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))], text).into_response())
}

async fn acknowledge(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(visitor): Writer,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let incident = found(&site.web.store, &id).await?;
    let word = acknowledged(&visitor, form.text("words"), layout.now);
    let typed = Typed { words: form.raw("words").to_owned(), ..Typed::default() };
    spoken(&site, layout, incident, word, typed).await
}

async fn let_go(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(_visitor): Writer,
    Path(id): Path<String>,
    _form: Filled,
) -> Result<Response, WebError> {
    let incident = found(&site.web.store, &id).await?;
    let word = Word::unacknowledged(layout.now);
    spoken(&site, layout, incident, Ok(word), Typed::default()).await
}

async fn snooze(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Writer(_visitor): Writer,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, WebError> {
    let incident = found(&site.web.store, &id).await?;
    let word = snoozed(form.given("for"), form.given("until"), layout.now);
    let typed = Typed { until: form.raw("until").to_owned(), ..Typed::default() };
    spoken(&site, layout, incident, word, typed).await
}

/// Writes the change and redirects to the page; a problem shows the form again.
async fn spoken(site: &Site, layout: Layout, incident: Incident, word: Result<Word, Problem>, typed: Typed) -> Result<Response, WebError> {
    match word {
        Ok(word) => {
            let held = say(site, &incident, &word).await?;
            let id = incident.id.map_or(0, |id| id.0);
            Ok(go_on(site, &format!("/incidents/{id}"), &message::sentence(&held.words)))
        }
        Err(problem) => {
            let shown = laid_out(site, layout, incident, typed, FieldProblems(vec![problem])).await?;
            Ok(drawn(StatusCode::UNPROCESSABLE_ENTITY, &shown))
        }
    }
}
