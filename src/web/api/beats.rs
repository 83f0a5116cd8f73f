//! `/api/v1/projects/{name}/beats`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::shape::{Asked, List, Paging};
use crate::model::{Evidence, EvidenceOf, Outcome, Project, Recorded, ResponseExcerpt};
use crate::report::json::{BeatJson, ms};
use crate::report::{BeatFilter, BeatReadback, BeatRecord, BeatStory, Listed, ReadbackFinding, beat_list};
use crate::web::error::WebError;
use crate::web::shown::{self, address};
use crate::web::site::Site;
use crate::web::visitor::Visitor;
use crate::web::words::{minute_asked, minute_mark, outcome_asked};

pub(super) fn routes() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Which beats.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Those of the route of this name.
    route: Option<String>,
    /// Those that came to this end: `arrived`, `late`, `awaiting`, `lost`, `rejected`, `unreachable`, `unverified` or `not_sent`.
    outcome: Option<String>,
    /// Those of minutes before this one: `2026-11-23T15:10Z`.
    before: Option<String>,
}

/// A beat of a list.
#[derive(Debug, Serialize, ToSchema)]
struct ListedJson {
    /// What is on record of it; of one that is folded, and of a minute without one, all but minute, route and outcome are null, zero or empty.
    #[serde(flatten)]
    beat: BeatJson,
    /// How much is on record.
    kept: &'static str,
}

impl ListedJson {
    fn of(project: &Project, listed: &Listed, evidence: &[Evidence]) -> Self {
        let beat = match &listed.kept {
            BeatRecord::Whole(beat) => beat.clone(),
            other => {
                let blank = Recorded::blank(listed.route, listed.minute);
                Recorded { outcome: other.outcome().unwrap_or(blank.outcome), ..blank }
            }
        };
        Self { beat: BeatJson::of(project, &beat, evidence), kept: kept(&listed.kept) }
    }
}

const fn kept(kept: &BeatRecord) -> &'static str {
    match kept {
        BeatRecord::Whole(_) => "whole",
        BeatRecord::Aggregated(_) => "folded",
        BeatRecord::Missing | BeatRecord::NotDue => "missing",
    }
}

/// Beats one by one
///
/// Newest first. Minutes in which a beat was due and none is on record are among them, as `not_sent`; of hours that are folded, each minute's outcome is left.
/// A list holds whole minutes, so it may be longer than `limit` by the other routes of the last one; it reads a bounded stretch of time, so it may also be
/// shorter, or empty, and still have a `next`: read on until that is null.
#[utoipa::path(get, path = "/api/v1/projects/{name}/beats", tag = "beats", operation_id = "list_beats",
    params(("name" = String, Path, description = "The project"), Search, Paging), responses(
    (status = 200, body = List<ListedJson>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    Asked(search): Asked<Search>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<List<ListedJson>>, WebError> {
    let project = site.project(&name).await?;
    let route = search.route.as_deref().map(|name| shown::route(&project, name)).transpose()?.map(|route| route.id);
    let outcome = search.outcome.as_deref().map(|text| outcome_asked("outcome", text)).transpose()?;
    let before = search.before.as_deref().map(|text| minute_asked("before", text)).transpose()?;
    let after = paging.after().map(|text| minute_asked("after", text)).transpose()?;
    // Read on where the part before ended, but not beyond what was asked for.
    let before = before.into_iter().chain(after).min();
    let sift = BeatFilter { route, outcome, before, at_most: paging.limit()? };
    let found = beat_list(&site.web.store, &project, &sift, site.now()).await?;
    let items = found.beats.iter().map(|listed| ListedJson::of(&project, listed, &found.evidence)).collect();
    Ok(Json(List { items, next: found.older.map(minute_mark) }))
}

/// A beat's story.
#[derive(Debug, Serialize, ToSchema)]
struct StoryJson {
    /// Its project.
    project: String,
    /// Its route's name.
    route: String,
    /// Its minute.
    minute: String,
    /// What became of it, in a word.
    outcome: Option<&'static str>,
    /// How much is on record: `whole`, `folded` (its outcome alone) or `missing` (one was due, and none was sent).
    kept: &'static str,
    /// The event's name in PostHog.
    event: String,
    /// Its uuid: derived, so it is the same whether it was sent or not.
    uuid: String,
    /// Its distinct id.
    distinct_id: String,
    /// Which endpoint takes it: `v0` or `v1`.
    endpoint: &'static str,
    /// Where it is posted to.
    address: String,
    /// The instant at which it was due.
    slot: String,
    /// All that is on record of it; null where that is not `whole`.
    record: Option<BeatJson>,
    /// Read-backs that were made after it, oldest first, up to the one that saw it.
    readbacks: Vec<ReadbackJson>,
    /// What its failure left, oldest first.
    evidence: Vec<EvidenceJson>,
}

/// A read-back at the project after the beat was sent.
#[derive(Debug, Serialize, ToSchema)]
struct ReadbackJson {
    /// When it was made.
    at: String,
    /// How long after the sending.
    after_ms: u64,
    /// What it made of the beat: `it`, `nothing`, `trouble` (the read-back failed) or `untold`.
    saw: &'static str,
    /// What the trouble was, and what to do about it.
    advice: Option<&'static str>,
}

impl ReadbackJson {
    fn of(readback: &BeatReadback) -> Self {
        let (saw, advice) = match readback.saw {
            ReadbackFinding::It => ("it", None),
            ReadbackFinding::Nothing => ("nothing", None),
            ReadbackFinding::WebError(trouble) => ("trouble", Some(trouble.advice())),
            ReadbackFinding::Untold => ("untold", None),
        };
        Self { at: readback.at.to_string(), after_ms: ms(readback.after), saw, advice }
    }
}

/// What a failure left.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceJson {
    /// When it was found.
    at: String,
    /// Of what: `rejected`, `unreachable`, `lost` or `unverified`.
    of: &'static str,
    /// In which phase the way ended, where capture was unreachable.
    phase: Option<&'static str>,
    /// The status of the answer, where there was one.
    status: Option<u16>,
    /// Those of its headers that tell who answered.
    headers: Vec<HeaderJson>,
    /// What the server said, or the error.
    words: Option<String>,
}

/// One header of an answer.
#[derive(Debug, Serialize, ToSchema)]
struct HeaderJson {
    name: String,
    value: String,
}

impl EvidenceJson {
    fn of(evidence: &Evidence) -> Self {
        let blank = |of| Self { at: evidence.at.to_string(), of, phase: None, status: None, headers: Vec::new(), words: None };
        match &evidence.of {
            EvidenceOf::Rejected { excerpt, .. } => blank("rejected").quoting(excerpt),
            EvidenceOf::Unreachable { at, words, .. } => {
                Self { phase: Some(at.name()), words: Some(words.clone()), ..blank("unreachable") }
            }
            EvidenceOf::Lost { .. } => blank("lost"),
            EvidenceOf::Unverified(failure) => blank("unverified").quoting(&failure.excerpt),
        }
    }

    fn quoting(self, excerpt: &ResponseExcerpt) -> Self {
        let headers = excerpt.headers.iter().map(|(name, value)| HeaderJson { name: name.clone(), value: value.clone() }).collect();
        Self { status: Some(excerpt.status).filter(|status| *status > 0), headers, words: Some(excerpt.words.clone()), ..self }
    }
}

impl StoryJson {
    fn of(project: &Project, story: &BeatStory) -> Self {
        let spec = &story.route.spec;
        Self {
            project: project.spec.name.to_string(),
            route: spec.name.clone(),
            minute: story.beat.minute.start().to_string(),
            outcome: story.kept.outcome().map(Outcome::name),
            kept: kept(&story.kept),
            event: spec.event.clone(),
            uuid: story.beat.uuid.to_string(),
            distinct_id: story.beat.distinct_id.clone(),
            endpoint: spec.endpoint.name(),
            address: address(project, &story.route),
            slot: story.beat.slot.to_string(),
            record: story.kept.whole().map(|beat| BeatJson::of(project, beat, &story.evidence)),
            readbacks: story.readbacks.iter().map(ReadbackJson::of).collect(),
            evidence: story.evidence.iter().map(EvidenceJson::of).collect(),
        }
    }
}

/// One beat
///
/// What was sent, what was answered, which read-backs were made and what they saw. There is none in a minute in which none was due.
#[utoipa::path(get, path = "/api/v1/projects/{name}/beats/{route}/{minute}", tag = "beats", operation_id = "show_beat", params(
    ("name" = String, Path, description = "The project"), ("route" = String, Path, description = "The route's name"),
    ("minute" = String, Path, description = "Its minute: `2026-11-23T15:10Z`")), responses(
    (status = 200, body = StoryJson), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(
    _visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path((name, route, minute)): Path<(String, String, String)>,
) -> Result<Json<StoryJson>, WebError> {
    let project = site.project(&name).await?;
    let story = shown::beat(&site, &project, &route, &minute, site.now()).await?;
    Ok(Json(StoryJson::of(&project, &story)))
}
