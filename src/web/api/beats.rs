//! `/api/v1/projects/{name}/beats`: single beats.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::shape::{Answer, Asked, List, Paging, Routes, ViewerAccess};
use crate::model::{Evidence, EvidenceOf, Outcome, Project, Recorded, ResponseExcerpt};
use crate::report::json::{BeatJson, ms};
use crate::report::{BeatFilter, BeatReadback, BeatRecord, BeatStory, Listed, ReadbackFinding, beat_list};
use crate::web::shown::{self, address};
use crate::web::words::{minute_asked, minute_mark, outcome_asked};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list_beats)).routes(routes!(show_beat))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Only beats of the route with this name.
    route: Option<String>,
    /// Only beats with this outcome: `arrived`, `late`, `awaiting`, `lost`, `rejected`, `unreachable`, `unverified` or `not_sent`.
    outcome: Option<String>,
    /// Only beats before this minute, for example `2026-11-23T15:10Z`.
    before: Option<String>,
}

/// A beat in a list.
#[derive(Debug, Serialize, ToSchema)]
struct BeatListItem {
    /// The stored record. If there is none, or only an aggregate, all fields except minute, route and outcome are null, zero or empty.
    #[serde(flatten)]
    beat: BeatJson,
    /// What is stored: `complete` (the full record), `aggregated` (aggregated: only the outcome) or `missing` (nothing).
    stored: &'static str,
}

impl BeatListItem {
    fn of(project: &Project, listed: &Listed, evidence: &[Evidence]) -> Self {
        let beat = match &listed.kept {
            BeatRecord::Whole(beat) => beat.clone(),
            other => {
                let blank = Recorded::blank(listed.route, listed.minute);
                Recorded { outcome: other.outcome().unwrap_or(blank.outcome), ..blank }
            }
        };
        Self { beat: BeatJson::of(project, &beat, evidence), stored: stored(&listed.kept) }
    }
}

const fn stored(record: &BeatRecord) -> &'static str {
    match record {
        BeatRecord::Whole(_) => "complete",
        BeatRecord::Aggregated(_) => "aggregated",
        BeatRecord::Missing | BeatRecord::NotDue => "missing",
    }
}

/// List beats
///
/// Newest first. Minutes in which a beat was due but none is stored are included as `not_sent`. For aggregated hours only the outcome of each minute
/// is stored. A response contains whole minutes, so it can be longer than `limit`. It covers a bounded time range, so it can also be shorter or empty
/// and still have a `next`: continue until `next` is null.
#[utoipa::path(get, path = "/api/v1/projects/{name}/beats", tag = "beats", params(Search, Paging),
    responses((status = 200, body = List<BeatListItem>)))]
async fn list_beats(
    site: ViewerAccess,
    Path(name): Path<String>,
    Asked(search): Asked<Search>,
    Asked(paging): Asked<Paging>,
) -> Answer<List<BeatListItem>> {
    let project = site.project(&name).await?;
    let route = search.route.as_deref().map(|name| shown::route(&project, name)).transpose()?.map(|route| route.id);
    let outcome = search.outcome.as_deref().map(|text| outcome_asked("outcome", text)).transpose()?;
    let before = search.before.as_deref().map(|text| minute_asked("before", text)).transpose()?;
    let after = paging.after().map(|text| minute_asked("after", text)).transpose()?;
    // Continue where the previous response ended, but never later than the requested minute.
    let before = before.into_iter().chain(after).min();
    let sift = BeatFilter { route, outcome, before, at_most: paging.limit()? };
    let found = beat_list(&site.web.store, &project, &sift, site.now()).await?;
    let items = found.beats.iter().map(|listed| BeatListItem::of(&project, listed, &found.evidence)).collect();
    Ok(Json(List { items, next: found.older.map(minute_mark) }))
}

/// A beat in detail.
#[derive(Debug, Serialize, ToSchema)]
struct StoryJson {
    /// Project name.
    project: String,
    /// Route name.
    route: String,
    /// Minute of the beat.
    minute: String,
    /// Outcome of the beat.
    outcome: Option<&'static str>,
    /// What is stored: `complete` (the full record), `aggregated` (aggregated: only the outcome) or `missing` (a beat was due, but none was sent).
    stored: &'static str,
    /// Event name in PostHog.
    event: String,
    /// The event's uuid. It is derived from route and minute, so it is the same whether the event was sent or not.
    uuid: String,
    /// The event's distinct id.
    distinct_id: String,
    /// Capture endpoint: `v0` or `v1`.
    endpoint: &'static str,
    /// URL to which the event is posted.
    address: String,
    /// Instant at which the beat was due.
    slot: String,
    /// The full record; null unless `stored` is `complete`.
    record: Option<BeatJson>,
    /// Read-backs after the beat was sent, oldest first, up to the one that found it.
    readbacks: Vec<ReadbackJson>,
    /// Evidence of failures, oldest first.
    evidence: Vec<EvidenceJson>,
}

/// A read-back after the beat was sent.
#[derive(Debug, Serialize, ToSchema)]
struct ReadbackJson {
    /// Time of the read-back.
    at: String,
    /// Time between the sending and the read-back.
    after_ms: u64,
    /// What it found: `found`, `missing`, `failed` (the read-back failed) or `unknown` (no result for this beat is stored).
    result: &'static str,
    /// How to fix the failure of the read-back.
    advice: Option<&'static str>,
}

impl ReadbackJson {
    fn of(readback: &BeatReadback) -> Self {
        let (result, advice) = match readback.saw {
            ReadbackFinding::Found => ("found", None),
            ReadbackFinding::Missing => ("missing", None),
            ReadbackFinding::Failed(kind) => ("failed", Some(kind.advice())),
            ReadbackFinding::Unknown => ("unknown", None),
        };
        Self { at: readback.at.to_string(), after_ms: ms(readback.after), result, advice }
    }
}

/// Evidence of a failure.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceJson {
    /// Time at which the failure was found.
    at: String,
    /// Kind of failure: `rejected`, `unreachable`, `lost` or `unverified`.
    of: &'static str,
    /// Phase in which the request failed, if capture was unreachable.
    phase: Option<&'static str>,
    /// HTTP status of the response, if there was one.
    status: Option<u16>,
    /// Response headers that identify the server.
    headers: Vec<HeaderJson>,
    /// Excerpt of the response body, or the error message.
    words: Option<String>,
}

/// A response header.
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
            stored: stored(&story.kept),
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

/// Show a beat
///
/// The event, the responses, the read-backs and what they found. If no beat was due in the minute, the status is 404.
#[utoipa::path(get, path = "/api/v1/projects/{name}/beats/{route}/{minute}", tag = "beats", responses((status = 200, body = StoryJson)))]
async fn show_beat(site: ViewerAccess, Path((name, route, minute)): Path<(String, String, String)>) -> Answer<StoryJson> {
    let project = site.project(&name).await?;
    let story = shown::beat(&site, &project, &route, &minute, site.now()).await?;
    Ok(Json(StoryJson::of(&project, &story)))
}
