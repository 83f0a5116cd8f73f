//! One incident: its cause, evidence, notifications and timeline, and the forms to acknowledge and snooze it.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use super::evidence::{Find, finds};
use super::notifications::Sent;
use super::submitted::FieldProblems;
use crate::config::Problem;
use crate::judge;
use crate::message;
use crate::model::{Entry, EntryKind, Incident, IncidentKind, Minute, Tally, Timestamp};
use crate::report::{IncidentStory, postmortem};
use crate::settings::incident::Word;
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::incidents::{acknowledged, badges, found, lasted, say, silenced, snoozed, story};
use crate::web::layout::{Answer, Editing, Layout, Place, form_again, page};
use crate::web::said::go_on;
use crate::web::site::Site;
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
    notifications: Vec<Sent>,
    postmortem: String,
    /// The rejected input.
    typed: Filled,
    problems: FieldProblems,
}

struct Line {
    /// The CSS class of the shape.
    class: &'static str,
    at: When,
    kind: &'static str,
    words: String,
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

    fn note(&self) -> Option<Cow<'static, str>> {
        message::kind_of_failure(&self.incident)
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
        lasted(&self.incident, self.layout.now)
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

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path(id): Path<String>) -> Answer {
    let incident = found(&site.web.store, &id).await?;
    page(&Page::read(&site, layout, incident).await?)
}

impl Page {
    async fn read(site: &Site, layout: Layout, incident: Incident) -> Result<Self, WebError> {
        let store = &*site.web.store;
        let (now, channels) = (layout.now, store.channels_on_record().await?);
        let badges = badges(&incident, &silenced(store, [&incident], now).await?, now);
        let (read, project) = story(store, incident, now).await?;
        let postmortem = postmortem(&read, project.as_ref(), &channels, now);
        let IncidentStory { incident, timeline, evidence, notifications } = read;
        let line = |entry: Entry| Line {
            class: class_of(entry.kind, &incident),
            at: When::second(entry.at, now),
            kind: entry.kind.name(),
            words: message::sentence(&entry.words),
        };
        let timeline = timeline.into_iter().map(line).collect();
        let notifications = notifications.into_iter().map(|notification| Sent::of(notification, &channels, now)).collect();
        let (finds, more_finds) = project.as_ref().map(|project| finds(&evidence, project, now)).unwrap_or_default();
        let id = incident.id.map_or(0, |id| id.0);
        let layout = layout.titled(Place::Incidents, format!("Incident {id}")).below([("Incidents", "/incidents")]);
        let layout = layout.live(project.as_ref().map(|_| incident.project_name.as_str()));
        let (typed, problems) = (Filled::default(), FieldProblems::default());
        Ok(Self {
            layout,
            is_kept: project.is_some(),
            incident,
            badges,
            timeline,
            finds,
            more_finds,
            notifications,
            postmortem,
            typed,
            problems,
        })
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

async fn markdown(State(site): State<Arc<Site>>, layout: Layout, Path(id): Path<String>) -> Answer {
    let store = &*site.web.store;
    let (incident_story, project) = story(store, found(store, &id).await?, layout.now).await?;
    let text = postmortem(&incident_story, project.as_ref(), &store.channels_on_record().await?, layout.now);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))], text).into_response())
}

async fn acknowledge(editing: Editing, Path(id): Path<String>, form: Filled) -> Answer {
    let word = acknowledged(&editing.visitor, form.text("words"), editing.layout.now);
    spoken(editing, &id, word, form).await
}

async fn let_go(editing: Editing, Path(id): Path<String>, form: Filled) -> Answer {
    let word = Word::unacknowledged(editing.layout.now);
    spoken(editing, &id, Ok(word), form).await
}

async fn snooze(editing: Editing, Path(id): Path<String>, form: Filled) -> Answer {
    let word = snoozed(form.given("for"), form.given("until"), editing.layout.now);
    spoken(editing, &id, word, form).await
}

/// Writes the change and redirects to the page; a problem shows the form again.
async fn spoken(Editing { site, layout, .. }: Editing, id: &str, word: Result<Word, Problem>, typed: Filled) -> Answer {
    let incident = found(&site.web.store, id).await?;
    match word {
        Ok(word) => {
            let held = say(&site, &incident, &word).await?;
            Ok(go_on(&site, &format!("/incidents/{id}"), &message::sentence(&held.words)))
        }
        Err(problem) => {
            let problems = FieldProblems(vec![problem]);
            form_again(&Page { typed, problems, ..Page::read(&site, layout, incident).await? })
        }
    }
}
