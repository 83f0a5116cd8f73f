//! The incidents: open ones first, then resolved ones, paged.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded;

use crate::message;
use crate::model::{AppKind, Incident, IncidentId, IncidentKind, Timestamp, Window, span};
use crate::store::{IncidentFilter, IncidentState, Store};
use crate::web::error::WebError;
use crate::web::incidents::{STANDS, Sought, at_place, badges, place_of};
use crate::web::layout::{Layout, Place, page};
use crate::web::site::Site;
use crate::web::when::When;

const ROWS: usize = 25;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/incidents", get(list))
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct Page {
    layout: Layout,
    sought: Sought,
    open: Vec<Row>,
    past: Vec<Row>,
    is_first: bool,
    next: Option<String>,
    /// Whether Ingestion Alert is installed on no project.
    is_without_alert: bool,
}

impl Page {
    fn project(&self) -> &str {
        self.sought.project.as_deref().unwrap_or_default()
    }

    fn is_sought(&self) -> bool {
        [&self.sought.project, &self.sought.incident_kind, &self.sought.state].into_iter().flatten().any(|text| !text.trim().is_empty())
    }

    fn incident_kinds(&self) -> impl Iterator<Item = (&'static str, bool)> {
        IncidentKind::ALL
            .into_iter()
            .map(|incident_kind| (incident_kind.name(), self.sought.incident_kind.as_deref() == Some(incident_kind.name())))
    }

    fn states(&self) -> impl Iterator<Item = (&'static str, bool)> {
        STANDS.into_iter().map(|state| (state, self.sought.state.as_deref() == Some(state)))
    }
}

struct Row {
    id: i64,
    project: String,
    /// `ingestion stopped`
    title: Cow<'static, str>,
    cause: String,
    incident_kind: IncidentKind,
    severity: &'static str,
    badges: Vec<(&'static str, &'static str)>,
    opened: When,
    /// Counts up while it is open.
    lasted: String,
    /// Who acknowledged it, while it is open.
    by: Option<String>,
}

impl Row {
    fn of(incident: &Incident, windows: &[Window], now: Timestamp) -> Self {
        let lasted = incident.closed.map_or_else(|| When::counting(incident.began(), now).to_string(), |_| span(incident.lasted(now)));
        Self {
            id: incident.id.map_or(0, |id| id.0),
            project: incident.project_name.to_string(),
            title: message::summary(incident),
            cause: message::sentence(&incident.cause.summary),
            incident_kind: incident.incident_kind,
            severity: incident.severity.name(),
            badges: badges(incident, windows, now),
            opened: When::minute(incident.opened, now),
            lasted,
            by: incident.acknowledged.as_ref().map(|word| word.by.clone()).filter(|_| incident.is_open()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct From {
    from: Option<String>,
}

async fn list(
    State(site): State<Arc<Site>>,
    layout: Layout,
    Query(sought): Query<Sought>,
    Query(From { from }): Query<From>,
) -> Result<Response, WebError> {
    let store = &*site.web.store;
    let from = from.as_deref().and_then(Turn::read);
    let found = Found::read(store, &sought.which(layout.now)?, from).await?;
    let windows = store.windows().await?;
    let is_without_alert = store.spread(AppKind::IngestionAlert).await?.installed == 0;
    let row = |incident: &Incident| Row::of(incident, &windows, layout.now);
    let (open, past) = (found.open.iter().map(row).collect(), found.past.iter().map(row).collect());
    let next = found.next.map(|turn| address(&sought, turn));
    let layout = layout.titled(Place::Incidents, "Incidents").live(None);
    Ok(page(&site, layout.said.is_some(), &Page { layout, sought, open, past, is_first: from.is_none(), next, is_without_alert }))
}

fn address(sought: &Sought, turn: Turn) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, text) in [("project", &sought.project), ("incident_kind", &sought.incident_kind), ("state", &sought.state)] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            query.append_pair(name, text);
        }
    }
    format!("/incidents?{}", query.append_pair("from", &turn.to_string()).finish())
}

/// The place at which a page starts, written into the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// After this open incident.
    Open((Timestamp, IncidentId)),
    /// In the resolved incidents: after this one, or at the newest.
    Past(Option<(Timestamp, IncidentId)>),
}

impl Turn {
    fn read(text: &str) -> Option<Self> {
        match text.split_once('-') {
            None if text == "past" => Some(Self::Past(None)),
            Some(("open", place)) => at_place(place).map(Self::Open),
            Some(("past", place)) => at_place(place).map(|place| Self::Past(Some(place))),
            _ => None,
        }
    }

    fn behind(incident: &Incident) -> Option<(Timestamp, IncidentId)> {
        at_place(&place_of(incident))
    }
}

impl std::fmt::Display for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open((opened, id)) => write!(f, "open-{}-{}", opened.ms(), id.0),
            Self::Past(None) => f.write_str("past"),
            Self::Past(Some((opened, id))) => write!(f, "past-{}-{}", opened.ms(), id.0),
        }
    }
}

#[derive(Debug, Default)]
struct Found {
    open: Vec<Incident>,
    past: Vec<Incident>,
    next: Option<Turn>,
}

impl Found {
    async fn read(store: &Store, which: &IncidentFilter, from: Option<Turn>) -> Result<Self, WebError> {
        let mut found = Self::default();
        let is_of_past = matches!(which.state, None | Some(IncidentState::Resolved));
        // One more than fits on the page shows whether there is a next page.
        let ask = |state, before, room: usize| IncidentFilter { state, before, at_most: room as u32 + 1, ..which.clone() };
        if which.state != Some(IncidentState::Resolved) && !matches!(from, Some(Turn::Past(_))) {
            let before = if let Some(Turn::Open(place)) = from { Some(place) } else { None };
            found.open = store.incidents(&ask(which.state.or(Some(IncidentState::Open)), before, ROWS)).await?;
            if found.open.len() > ROWS {
                found.open.truncate(ROWS);
                found.next = found.open.last().and_then(Turn::behind).map(Turn::Open);
                return Ok(found);
            }
        }
        let room = ROWS - found.open.len();
        if is_of_past {
            let before = if let Some(Turn::Past(place)) = from { place } else { None };
            found.past = store.incidents(&ask(Some(IncidentState::Resolved), before, room)).await?;
            if found.past.len() > room {
                found.past.truncate(room);
                found.next = Some(Turn::Past(found.past.last().and_then(Turn::behind)));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_of_the_page_is_read_back_and_nothing_else_is() {
        let place = (Timestamp::from_ms(5), IncidentId(7));
        for turn in [Turn::Open(place), Turn::Past(None), Turn::Past(Some(place))] {
            assert_eq!(Turn::read(&turn.to_string()), Some(turn));
        }
        for text in ["", "open", "past-", "open-5", "late-5-7"] {
            assert_eq!(Turn::read(text), None, "{text}");
        }
    }
}
