//! The incidents: open ones first, then resolved ones, paged.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::message;
use crate::model::{AppKind, Incident, IncidentId, IncidentKind, ProjectId, Timestamp};
use crate::store::{IncidentFilter, IncidentState, Store};
use crate::web::error::WebError;
use crate::web::incidents::{STANDS, Sought, at_place, badges, lasted, place_of, silenced};
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::part::cut;
use crate::web::site::Site;
use crate::web::when::When;
use crate::web::words::query;

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
    incident: Incident,
    badges: Vec<(&'static str, &'static str)>,
    opened: When,
    /// HTML.
    lasted: String,
}

impl Row {
    fn of(incident: Incident, silenced: &HashSet<ProjectId>, now: Timestamp) -> Self {
        let (opened, badges) = (When::minute(incident.opened, now), badges(&incident, silenced, now));
        Self { lasted: lasted(&incident, now), incident, badges, opened }
    }

    fn id(&self) -> i64 {
        self.incident.id.map_or(0, |id| id.0)
    }

    /// `ingestion stopped`
    fn title(&self) -> Cow<'static, str> {
        message::summary(&self.incident)
    }

    fn cause(&self) -> String {
        message::sentence(&self.incident.cause.summary)
    }

    /// Who acknowledged it, while it is open.
    fn by(&self) -> Option<&str> {
        self.incident.acknowledged.as_ref().filter(|_| self.incident.is_open()).map(|word| word.by.as_str())
    }
}

#[derive(Debug, Deserialize)]
struct From {
    from: Option<String>,
}

async fn list(State(site): State<Arc<Site>>, layout: Layout, Query(sought): Query<Sought>, Query(From { from }): Query<From>) -> Answer {
    let store = &*site.web.store;
    let from = from.as_deref().and_then(Turn::read);
    let found = Found::read(store, &sought.which(layout.now)?, from).await?;
    let silenced = silenced(store, &found.open, layout.now).await?;
    let is_without_alert = store.spread(AppKind::IngestionAlert).await?.installed == 0;
    let row = |incident: Incident| Row::of(incident, &silenced, layout.now);
    let (open, past) = (found.open.into_iter().map(row).collect(), found.past.into_iter().map(row).collect());
    let next = found.next.map(|from| address(&sought, &from));
    let layout = layout.titled(Place::Incidents, "Incidents").live(None);
    page(&Page { layout, sought, open, past, is_first: from.is_none(), next, is_without_alert })
}

fn address(sought: &Sought, from: &str) -> String {
    let asked = query([
        ("project", sought.project.as_deref().unwrap_or_default()),
        ("incident_kind", sought.incident_kind.as_deref().unwrap_or_default()),
        ("state", sought.state.as_deref().unwrap_or_default()),
        ("from", from),
    ]);
    format!("/incidents{asked}")
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
}

#[derive(Debug, Default)]
struct Found {
    open: Vec<Incident>,
    past: Vec<Incident>,
    /// Where the next page starts.
    next: Option<String>,
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
            found.next = cut(&mut found.open, ROWS, |last| format!("open-{}", place_of(last)));
            if found.next.is_some() {
                return Ok(found);
            }
        }
        let room = ROWS - found.open.len();
        if is_of_past {
            let before = if let Some(Turn::Past(place)) = from { place } else { None };
            found.past = store.incidents(&ask(Some(IncidentState::Resolved), before, room)).await?;
            let is_more = found.past.len() > room;
            found.next = cut(&mut found.past, room, |last| format!("past-{}", place_of(last)));
            found.next = found.next.or_else(|| is_more.then(|| "past".to_owned()));
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
        for (text, turn) in [("open-5-7", Turn::Open(place)), ("past", Turn::Past(None)), ("past-5-7", Turn::Past(Some(place)))] {
            assert_eq!(Turn::read(text), Some(turn));
        }
        for text in ["", "open", "past-", "open-5", "late-5-7"] {
            assert_eq!(Turn::read(text), None, "{text}");
        }
    }
}
