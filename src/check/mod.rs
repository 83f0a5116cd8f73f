//! The check: one event now, followed all the way, with a line for each thing found out, and a diagnosis. And [`fields`]: what a person typed to
//! set up a project, asked of the PostHog that it names, with nothing sent.
//!
//! Takes a place, a token and perhaps a key; gives lines as they come, and an ending. What is found out is `judge`'s to read. Nothing is
//! remembered.

mod arrival;
pub mod fields;
mod silence;
mod steps;
mod token;

use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::judge::diagnosis::{self, Way};
use crate::model::{
    Beat, CHECK_EVENT, Diagnosis, Did, Endpoint, Host, KeyScope, KeyScopes, Parts, PersonalKey, Phases, Place, ProjectToken, ReadbackError,
    ReadbackErrorKind,
};
use crate::posthog::instance::reaches_capture;
use crate::posthog::query::{FoundProject, ProjectPath};
use crate::posthog::{Client, capture, query};
use arrival::{Reading, Seen, advice, seek};
use steps::{End, Taken, identify, know_token, receive};

/// The name of the event that a check sends.
pub const EVENT: &str = CHECK_EVENT;
const DISTINCT_ID: &str = "posthog-heartbeat check";
/// A failure is tried again for so long: a hiccup passes, and a person who waits for the answer gets it soon.
const TRIED_FOR: Duration = Duration::from_secs(5);
/// An event that nobody said was taken is looked for no longer than this.
const LOOKED_FOR: Duration = Duration::from_secs(15);

/// What to check.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the event goes.
    pub host: Host,
    /// Where it is read, when that is not the host's own API.
    pub api_host: Option<Host>,
    /// Into which project.
    pub token: ProjectToken,
    /// Reads it back; without it, arrival is not checked.
    pub key: Option<PersonalKey>,
    /// PostHog's number of the project, when known.
    pub posthog_id: Option<u64>,
    /// Which endpoint takes it.
    pub endpoint: Endpoint,
    /// How long to wait for the event to be queryable.
    pub wait: Duration,
}

impl Plan {
    /// Where the event is read.
    fn api(&self) -> &Host {
        self.api_host.as_ref().unwrap_or(&self.host)
    }

    fn way(&self) -> Way<'_> {
        Way { host: &self.host, api: self.api(), endpoint: self.endpoint }
    }
}

/// How a line of the checklist came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Broken here.
    Fail,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How it came out.
    pub mark: Mark,
    /// What was looked at: `posthog`, `token`, `capture`, `project`, `arrival`.
    pub what: &'static str,
    /// What was found, as a sentence.
    pub says: String,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The event was sent, and read back.
    Arrived,
    /// The event was accepted; there is no key to look for it with.
    AcceptedUnchecked,
    /// Accepted, and not seen in time.
    NotSeen,
    /// Capture answered, and did not take it.
    Rejected,
    /// Capture did not answer.
    Unreachable,
    /// This place does not know the token.
    TokenUnknown,
    /// It could not be read back: key, scope, throttled.
    CannotRead,
    /// This PostHog is older than 1.30.0.
    TooOld,
}

impl Ending {
    /// The exit code that stands for it; 2 is left to wrong usage.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Arrived | Self::AcceptedUnchecked => 0,
            Self::NotSeen => 1,
            Self::Rejected => 3,
            Self::Unreachable => 4,
            Self::TokenUnknown => 5,
            Self::CannotRead => 6,
            Self::TooOld => 7,
        }
    }
}

/// What a check found out.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Where the way is broken; `none` where it is not.
    pub diagnosis: Diagnosis,
    /// The event's uuid, once it was sent: how to find it in PostHog.
    pub uuid: Option<uuid::Uuid>,
    /// From the sending to PostHog's own time of ingestion, in milliseconds.
    pub ingested_lag_ms: Option<u64>,
    /// From the sending to the last read-back that did not see it, in milliseconds.
    pub queryable_after_ms: Option<u64>,
    /// From the sending to the first read-back that saw it, in milliseconds.
    pub queryable_within_ms: Option<u64>,
}

impl Outcome {
    fn at((ending, diagnosis): End) -> Self {
        // The summary of a diagnosis is a sentence wherever it stands alone.
        let summary = format!("{}.", diagnosis.summary.trim_end_matches('.'));
        let diagnosis = Diagnosis { summary, ..diagnosis };
        Self { ending, diagnosis, uuid: None, ingested_lag_ms: None, queryable_after_ms: None, queryable_within_ms: None }
    }

    fn seen(end: End, seen: &Seen) -> Self {
        let ms = |span: Duration| Some(span.as_millis() as u64);
        Self {
            ingested_lag_ms: ms(seen.ingested),
            queryable_after_ms: ms(seen.after),
            queryable_within_ms: ms(seen.within),
            ..Self::at(end)
        }
    }
}

/// What a check tells while it goes on.
#[derive(Debug, Clone)]
pub enum News {
    /// A line of the checklist is done.
    Line(Line),
    /// Still waiting for the event to be queryable.
    Waiting {
        /// For how long, since it was sent.
        waited: Duration,
    },
}

/// Tells what comes out, line by line.
struct Teller<'t>(&'t mut (dyn FnMut(News) + Send));

impl Teller<'_> {
    fn line(&mut self, mark: Mark, what: &'static str, says: String, advice: Option<String>) {
        (self.0)(News::Line(Line { mark, what, says, advice }));
    }

    /// What is broken, and what to do about it.
    fn diagnosed(&mut self, what: &'static str, diagnosis: &Diagnosis) {
        self.line(Mark::Fail, what, diagnosis.summary.clone(), diagnosis.advice.clone());
    }
}

/// Checks, and tells as it goes.
pub async fn check(client: &Client, clock: &Clock, plan: &Plan, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let mut tell = Teller(tell);
    let tell = &mut tell;
    // 1. Which PostHog is this?
    if let Some(end) = identify(client, plan, tell).await {
        return Outcome::at(end);
    }
    // 2. Does it know the token? Capture itself would answer 200 either way.
    let token_known = match know_token(client, plan, tell).await {
        Ok(known) => known,
        Err(end) => return Outcome::at(end),
    };
    // 3. Does capture take the event?
    let sent_at = clock.now();
    let beat = Beat::alone(&plan.token, DISTINCT_ID, sent_at);
    let event = capture::Event {
        base: plan.host.capture(),
        endpoint: plan.endpoint,
        token: &plan.token,
        name: EVENT,
        beat: &beat,
        timestamp: sent_at,
    };
    let capture_result = capture::send(client, &event, sent_at.plus(TRIED_FOR)).await;
    let sent = Sent { beat: &beat, capture_result: &capture_result, token_known };
    let outcome = match (receive(plan, &capture_result, token_known, tell), &plan.key) {
        (Taken::No(end), _) | (Taken::Perhaps(end), None) => Outcome::at(end),
        (Taken::Yes, None) if !token_known && reaches_capture(client, plan.host.capture(), &plan.token).await == Some(false) => {
            let diagnosis = diagnosis::takes_everything(&plan.way());
            tell.diagnosed("arrival", &diagnosis);
            Outcome::at((Ending::Rejected, diagnosis))
        }
        (Taken::Yes, None) => unchecked(plan, tell),
        // 4. Can it be read back?
        (Taken::Yes, Some(key)) => match read(client, plan, key, &sent, tell).await {
            Ok(reading) => arrive(client, clock, plan, &reading, &sent, tell).await,
            Err(end) => Outcome::at(end),
        },
        (Taken::Perhaps(end), Some(key)) => match read(client, plan, key, &sent, tell).await {
            Ok(reading) => arrive_all_the_same(client, clock, plan, &reading, end, tell).await,
            Err(_) => Outcome::at(end),
        },
    };
    Outcome { uuid: Some(beat.uuid), ..outcome }
}

/// What was sent, and what came of it so far.
struct Sent<'a> {
    beat: &'a Beat,
    capture_result: &'a crate::model::CaptureResult,
    token_known: bool,
}

fn unchecked(plan: &Plan, tell: &mut Teller<'_>) -> Outcome {
    let says = "not checked: no personal API key was given, and a 200 alone proves nothing".into();
    tell.line(Mark::Note, "arrival", says, Some("give --personal-api-key (scope query:read) to see the event arrive".into()));
    let way = plan.way();
    let failure = ReadbackError::quoting(ReadbackErrorKind::NoKey, crate::model::ResponseExcerpt::default());
    let diagnosis = Diagnosis { address: way.address(), ..diagnosis::unreadable(&way, &failure, Parts::default()) };
    Outcome::at((Ending::AcceptedUnchecked, diagnosis))
}

/// Where the event is read: which project, by which key.
async fn read<'a>(
    client: &Client,
    plan: &'a Plan,
    key: &'a PersonalKey,
    sent: &Sent<'a>,
    tell: &mut Teller<'_>,
) -> Result<Reading<'a>, End> {
    let api = plan.api().api();
    let (project, scopes) = match plan.posthog_id {
        Some(id) => (ProjectPath::Number(id), None),
        None => match query::find_project(client, api, key, &plan.token).await {
            Ok(FoundProject { path: ProjectPath::Number(id), scopes }) => {
                let limited = scopes.as_ref().is_some_and(|scopes| scopes.projects == [id]);
                let says =
                    if limited { format!("the key is limited to project {id}") } else { format!("the token belongs to project {id}") };
                tell.line(Mark::Ok, "project", says, scopes.as_ref().and_then(KeyScopes::missing_says));
                (ProjectPath::Number(id), scopes)
            }
            Ok(FoundProject { path: ProjectPath::Current, scopes }) => {
                let says =
                    "the key does not say which project it is for: the event is looked for in the one that its owner has open".into();
                tell.line(Mark::Note, "project", says, Some(ReadbackErrorKind::WhichProject.advice().into()));
                (ProjectPath::Current, scopes)
            }
            Err(failure) => {
                let diagnosis = unreadable(plan, &failure, Parts::default());
                tell.diagnosed("project", &diagnosis);
                return Err((Ending::CannotRead, diagnosis));
            }
        },
    };
    // A key that may read projects was asked whose the token is; of another one it is the read-back that shows it.
    let is_proven = plan.posthog_id.is_none()
        && scopes.as_ref().is_none_or(|scopes| scopes.allows(KeyScope::ProjectRead))
        && project.number().is_some();
    Ok(Reading { api, key, project, is_proven, scopes, beat: sent.beat, sent: sent.capture_result.sent })
}

/// Waits for an event that capture took.
async fn arrive(client: &Client, clock: &Clock, plan: &Plan, reading: &Reading<'_>, sent: &Sent<'_>, tell: &mut Teller<'_>) -> Outcome {
    match seek(client, clock, reading, plan.wait, tell).await {
        Ok(Some(seen)) => {
            seen.tell(tell);
            Outcome::seen((Ending::Arrived, arrived(plan, &seen)), &seen)
        }
        Ok(None) => {
            let (ending, diagnosis) = silence::why(client, clock, plan, reading, sent, tell).await;
            tell.diagnosed("arrival", &diagnosis);
            Outcome::at((ending, diagnosis))
        }
        Err(failure) => {
            let down = silence::parts_down(client, plan).await;
            let diagnosis = unreadable(plan, &failure, down);
            tell.diagnosed("arrival", &diagnosis);
            Outcome::at((Ending::CannotRead, diagnosis))
        }
    }
}

/// A reading that failed. A check has no pace that could be slowed down, and a number that was given can be left out.
fn unreadable(plan: &Plan, failure: &ReadbackError, down: Parts) -> Diagnosis {
    let found = diagnosis::unreadable(&plan.way(), failure, down);
    match (failure.trouble, plan.posthog_id) {
        (ReadbackErrorKind::NoSuchProject, Some(number)) => {
            let summary = format!("The personal API key sees no project {number}: {}", failure.says());
            Diagnosis { summary, ..found }.advised("Leave --project-id out: then the project is found by its token.")
        }
        (trouble, _) if found.place != Place::Intermediary && advice(trouble) != trouble.advice() => found.advised(advice(trouble)),
        _ => found,
    }
}

/// Looks for an event that nobody said was taken: capture may have taken it all the same.
async fn arrive_all_the_same(
    client: &Client,
    clock: &Clock,
    plan: &Plan,
    reading: &Reading<'_>,
    end: End,
    tell: &mut Teller<'_>,
) -> Outcome {
    let seen = match seek(client, clock, reading, plan.wait.min(LOOKED_FOR), tell).await {
        Ok(Some(seen)) => seen,
        Ok(None) => {
            tell.line(Mark::Fail, "arrival", "the event did not arrive either".into(), None);
            return Outcome::at(end);
        }
        Err(failure) => {
            tell.line(Mark::Note, "arrival", format!("could not be read back: {}", failure.says()), None);
            return Outcome::at(end);
        }
    };
    seen.tell(tell);
    let diagnosis = match end {
        (Ending::Unreachable, _) => diagnosis::answers_lost(&plan.way()),
        (_, found) if found.did == Some(Did::UpstreamSlow) => {
            Diagnosis { answered_by: found.answered_by, shown_by: found.shown_by, ..diagnosis::answers_lost(&plan.way()) }
        }
        // The event is there: whatever stands between passes it on, and puts an answer of its own in place of PostHog's.
        (_, found) => {
            let status = found.shown_by.status.map_or_else(String::new, |status| format!(" {status}"));
            let summary = format!("The event arrived, although it was answered{status} in PostHog's place");
            Diagnosis {
                place: Place::None,
                did: None,
                certain: true,
                possibilities: Vec::new(),
                title: None,
                summary,
                advice: None,
                ..found
            }
        }
    };
    tell.line(Mark::Note, "capture", diagnosis.summary.clone(), diagnosis.advice.clone());
    Outcome::seen((Ending::Arrived, diagnosis), &seen)
}

fn arrived(plan: &Plan, seen: &Seen) -> Diagnosis {
    if let Some(wrong) = diagnosis::wrong_clock(seen.server_ahead_ms) {
        return wrong;
    }
    let summary = format!("The event arrived {} after it was sent", crate::model::span(seen.within));
    Diagnosis { answered_by: crate::model::AnsweredBy::Posthog, address: plan.way().address(), ..Diagnosis::at(Place::None, summary) }
}

/// `dns 1.2ms, connect 10.1ms, tls 12.0ms, first byte 30.2ms`.
#[must_use]
pub fn phases(phases: &Phases) -> String {
    let named = [("dns", phases.dns_us), ("connect", phases.connect_us), ("tls", phases.tls_us), ("first byte", phases.first_byte_us)];
    let told: Vec<String> =
        named.into_iter().filter_map(|(name, us)| us.map(|us| format!("{name} {:.1}ms", f64::from(us) / 1e3))).collect();
    told.join(", ")
}
