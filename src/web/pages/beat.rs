//! A beat's page: the sent event, the response with the duration of each phase, the read-backs, and the arrival.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::tabs::{Tab, Tabs, tabs};
use crate::message::sentence;
use crate::model::{Evidence, EvidenceOf, Outcome, Project, Recorded, Timestamp, span};
use crate::report::{Bar, BeatReadback, BeatRecord, BeatStory, ReadbackFinding, beat_words, took, waterfall};
use crate::web::error::WebError;
use crate::web::layout::{Answer, Layout, Place, page};
use crate::web::shown::{self, address};
use crate::web::site::Site;
use crate::web::when::When;
use crate::web::words::beat_page;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/projects/{name}/beats/{route}/{minute}", get(show))
}

/// In units of the SVG view box.
const WHOLE: u64 = 1000;
/// Shorter bars would be invisible.
const NARROWEST: u64 = 4;
/// From this many on, equal read-backs in a row are one line that opens.
const FOLDED_FROM: usize = 4;

#[derive(Template)]
#[template(path = "beat.html")]
struct Page {
    layout: Layout,
    tabs: Tabs,
    project: Arc<Project>,
    story: BeatStory,
    /// Pages of the previous and the next beat of the route.
    before: Option<String>,
    after: Option<String>,
}

impl Page {
    fn outcome(&self) -> Option<Outcome> {
        self.story.kept.outcome()
    }

    fn sentence(&self) -> String {
        let says = match &self.story.kept {
            BeatRecord::Whole(beat) => beat_words(beat),
            BeatRecord::Aggregated(outcome) => format!("{outcome}; its hour is aggregated, so only the outcome is stored"),
            BeatRecord::Missing | BeatRecord::NotDue => {
                "not sent: Heartbeat was not running, and missed minutes are not sent later".to_owned()
            }
        };
        sentence(&says)
    }

    fn beat(&self) -> Option<&Recorded> {
        self.story.kept.whole()
    }

    fn is_sent(&self) -> bool {
        self.outcome().is_some_and(|outcome| outcome != Outcome::NotSent)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates borrow what they pass")]
    fn second(&self, at: &Timestamp) -> When {
        When::second(*at, self.layout.now)
    }

    fn lag(&self) -> Option<String> {
        self.beat().and_then(Recorded::ingested_lag).map(span)
    }

    fn address(&self) -> String {
        address(&self.project, &self.story.route)
    }

    fn bars(&self) -> Vec<Drawn> {
        let bars = self.beat().map(|beat| waterfall(&beat.phases)).unwrap_or_default();
        let failed = self.failed_at();
        let whole = bars.last().map_or(0, |bar| bar.offset_us.saturating_add(bar.us));
        bars.into_iter().map(|bar| Drawn::of(bar, whole, failed.as_deref())).collect()
    }

    fn took(&self) -> Option<String> {
        self.beat().and_then(|beat| took(&beat.phases)).map(span)
    }

    /// The phase in which the connection failed.
    fn failed_at(&self) -> Option<String> {
        self.story.evidence.iter().rev().find_map(|evidence| match &evidence.of {
            EvidenceOf::Unreachable { at, .. } => Some(at.to_string()),
            _ => None,
        })
    }

    /// It became queryable after the first and at the latest at the second, counted from the sending.
    fn bracket(&self) -> Option<(String, String)> {
        self.beat().and_then(Recorded::queryable_lag).map(|(after, within)| (span(after), span(within)))
    }

    fn quotes(&self) -> impl Iterator<Item = Quoted> {
        self.story.evidence.iter().map(|evidence| Quoted::of(evidence, self))
    }

    fn readbacks(&self) -> Vec<Run> {
        Run::all(&self.story.readbacks, self.layout.now)
    }
}

/// Successive read-backs with the same result.
struct Run {
    finding: ReadbackFinding,
    says: String,
    from: When,
    to: When,
    /// Their time, and the time since the sending.
    each: Vec<(When, String)>,
}

impl Run {
    fn all(readbacks: &[BeatReadback], now: Timestamp) -> Vec<Self> {
        let of_equal = |run: &[BeatReadback]| {
            let (first, last) = (run.first()?, run.last()?);
            Some(Self {
                finding: first.saw,
                says: saw(first),
                from: When::minute(first.at, now),
                to: When::minute(last.at, now),
                each: run.iter().map(|readback| (When::second(readback.at, now), span(readback.after))).collect(),
            })
        };
        readbacks.chunk_by(|one, next| one.saw == next.saw).filter_map(of_equal).collect()
    }

    fn is_folded(&self) -> bool {
        self.each.len() >= FOLDED_FROM
    }

    /// `missing in 60 read-backs`
    fn caption(&self) -> String {
        let result = match self.finding {
            ReadbackFinding::Found => "found in",
            ReadbackFinding::Missing => "missing in",
            ReadbackFinding::Failed(_) => "failed:",
            ReadbackFinding::Unknown => "no result recorded for",
        };
        format!("{result} {} read-backs", self.each.len())
    }

    /// HTML: `missing in 60 read-backs, 15:05 to 16:04`.
    fn summary(&self) -> String {
        format!("{}, {} to {}", self.caption(), self.from, self.to)
    }
}

struct Drawn {
    name: &'static str,
    class: &'static str,
    x: u64,
    width: u64,
    took: String,
}

impl Drawn {
    fn of(bar: Bar, whole_us: u32, failed: Option<&str>) -> Self {
        let part = |us: u32| u64::from(us) * WHOLE / u64::from(whole_us.max(1));
        let class = match bar.name {
            "first byte" => "answer",
            other => other,
        };
        let class = if failed == Some(class) { "failed" } else { class };
        let width = part(bar.us).max(NARROWEST);
        Self { name: bar.name, class, x: part(bar.offset_us).min(WHOLE - NARROWEST), width, took: us_says(bar.us) }
    }
}

/// `34.2 ms`
fn us_says(us: u32) -> String {
    format!("{:.1} ms", f64::from(us) / 1000.0)
}

struct Quoted {
    id: usize,
    at: When,
    says: String,
    headers: Vec<(String, String)>,
    /// The server's text, or the error.
    words: String,
}

impl Quoted {
    fn of(evidence: &Evidence, page: &Page) -> Self {
        let id = page.story.evidence.iter().position(|other| other == evidence).unwrap_or_default();
        let at = page.second(&evidence.at);
        let (says, headers, words) = match &evidence.of {
            EvidenceOf::Rejected { excerpt, .. } => {
                (format!("Capture answered with {}", excerpt.status), excerpt.headers.clone(), excerpt.words.clone())
            }
            EvidenceOf::Unreachable { at, words, .. } => {
                (format!("Capture could not be reached: the connection failed at {at}"), Vec::new(), words.clone())
            }
            EvidenceOf::Lost { read_back } => (format!("It was missing at {} UTC", read_back.time_of_day()), Vec::new(), String::new()),
            EvidenceOf::Unverified(failure) => {
                let said = if failure.excerpt.status == 0 { String::new() } else { format!(" with {}", failure.excerpt.status) };
                (
                    format!("The query API answered{said}: {}", failure.kind.advice()),
                    failure.excerpt.headers.clone(),
                    failure.excerpt.words.clone(),
                )
            }
        };
        Self { id, at, says, headers, words }
    }
}

fn saw(readback: &BeatReadback) -> String {
    match readback.saw {
        ReadbackFinding::Found => "found".to_owned(),
        ReadbackFinding::Missing => "missing".to_owned(),
        ReadbackFinding::Failed(error) => format!("the read-back failed: {}", error.advice()),
        ReadbackFinding::Unknown => "no result recorded".to_owned(),
    }
}

async fn show(State(site): State<Arc<Site>>, layout: Layout, Path((name, route, minute)): Path<(String, String, String)>) -> Answer {
    let project = site.project(&name).await?;
    let story = shown::beat(&site, &project, &route, &minute, layout.now).await?;
    let at = story.beat.minute;
    let neighbour = async |by: i64| -> Result<Option<String>, WebError> {
        let minute = at.plus(by);
        let is_there = shown::has_beat(&site, &project, &story.route, minute, layout.now).await?;
        Ok(is_there.then(|| beat_page(&project.spec.name, &route, minute)))
    };
    let (before, after) = (neighbour(-1).await?, neighbour(1).await?);
    let (place, beats) = (format!("/projects/{name}"), format!("/projects/{name}/beats"));
    let title = format!("{} UTC on {route}", at.start().date_and_minute());
    let crumbs = [("Projects", "/"), (&name, &place), ("Beats", &beats)];
    let layout = layout.titled(Place::Projects, title).below(crumbs).live(Some(&name));
    let tabs = tabs(&project.spec.name, Tab::Beats);
    page(&Page { layout, tabs, project, story, before, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_of_a_waterfall_fill_it_and_each_can_be_seen() {
        let bar = |name, offset_us, us| Bar { name, offset_us, us };
        let whole = 61_900;
        let drawn = |bar| {
            let drawn = Drawn::of(bar, whole, Some("tls"));
            (drawn.class, drawn.x, drawn.width)
        };
        assert_eq!(drawn(bar("dns", 0, 10)), ("dns", 0, 4));
        assert_eq!(drawn(bar("tls", 12_900, 15_000)), ("failed", 208, 242));
        assert_eq!(drawn(bar("first byte", 27_900, 34_000)), ("answer", 450, 549));
        assert_eq!(drawn(bar("first byte", whole, 0)), ("answer", 996, 4));
        assert_eq!(us_says(812), "0.8 ms");
    }

    #[test]
    fn a_long_run_of_equal_readbacks_is_one_line() {
        let sent = Timestamp::parse("2026-11-23T15:04:07Z").unwrap();
        let readback = |minutes: u64, saw| {
            let after = std::time::Duration::from_mins(minutes);
            BeatReadback { at: sent.plus(after), after, saw }
        };
        let mut readbacks: Vec<BeatReadback> = (1..=60).map(|minutes| readback(minutes, ReadbackFinding::Missing)).collect();
        readbacks.push(readback(61, ReadbackFinding::Found));
        let runs = Run::all(&readbacks, sent);
        assert_eq!(runs.iter().map(Run::is_folded).collect::<Vec<_>>(), [true, false]);
        let summary = runs[0].summary();
        assert!(
            summary.starts_with("missing in 60 read-backs, <time") && summary.contains(">15:05</time> to ") && summary.contains(">16:04<")
        );
        assert_eq!(runs[0].each.len(), 60);
    }
}
