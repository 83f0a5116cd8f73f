//! Sends one event, follows it through the whole pipeline, reports each step as a line and returns a diagnosis. Stores nothing.
//! [`fields`] validates a project form against PostHog and sends no event.

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
    AnsweredBy, Beat, CHECK_EVENT, CaptureResult, Diagnosis, Did, Endpoint, Host, KeyScope, KeyScopes, Parts, PersonalKey, Phases, Place,
    ProjectToken, ReadbackError, ReadbackErrorKind, ResponseExcerpt, span,
};
use crate::posthog::instance::reaches_capture;
use crate::posthog::query::{FoundProject, ProjectPath};
use crate::posthog::{Client, capture, query};
use arrival::{FoundEvent, Reading, advice};
use steps::{Acceptance, End};

pub const EVENT: &str = CHECK_EVENT;
const DISTINCT_ID: &str = "posthog-heartbeat check";
/// How long a failed send is retried: long enough for a short failure, short enough for a user who waits.
const RETRY_FOR: Duration = Duration::from_secs(5);
/// Upper limit for the wait when capture did not confirm the event.
const UNCONFIRMED_WAIT: Duration = Duration::from_secs(15);

#[derive(Debug, Clone)]
pub struct Plan {
    pub host: Host,
    pub api_host: Option<Host>,
    pub token: ProjectToken,
    /// Without it, arrival is not checked.
    pub key: Option<PersonalKey>,
    pub posthog_id: Option<u64>,
    pub endpoint: Endpoint,
    pub wait: Duration,
}

impl Plan {
    fn api(&self) -> &Host {
        self.api_host.as_ref().unwrap_or(&self.host)
    }

    fn way(&self) -> Way<'_> {
        Way { host: &self.host, api: self.api(), endpoint: self.endpoint }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Ok,
    Note,
    Fail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub mark: Mark,
    /// `posthog`, `token`, `capture`, `project`, `arrival` or `clock`.
    pub what: &'static str,
    pub says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Arrived,
    /// Capture accepted the event; without a key it cannot be read back.
    AcceptedUnchecked,
    /// Accepted, but not found within the wait.
    NotSeen,
    Rejected,
    Unreachable,
    TokenUnknown,
    /// The read-back failed: key, scope or throttling.
    CannotRead,
    /// Older than 1.30.0.
    TooOld,
}

impl Ending {
    /// 2 is reserved for wrong usage.
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

#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub ending: Ending,
    /// Place `none` means that the event arrived.
    pub diagnosis: Diagnosis,
    pub uuid: Option<uuid::Uuid>,
    /// From the send time to PostHog's own ingestion time.
    pub ingested_lag_ms: Option<u64>,
    /// From the send time to the last read-back that did not find the event.
    pub queryable_after_ms: Option<u64>,
    /// From the send time to the first read-back that found the event.
    pub queryable_within_ms: Option<u64>,
}

impl Outcome {
    fn at((ending, diagnosis): End) -> Self {
        // A summary is completed to a full sentence when it stands alone.
        let summary = format!("{}.", diagnosis.summary.trim_end_matches('.'));
        let diagnosis = Diagnosis { summary, ..diagnosis };
        Self { ending, diagnosis, uuid: None, ingested_lag_ms: None, queryable_after_ms: None, queryable_within_ms: None }
    }

    fn seen(end: End, seen: &FoundEvent) -> Self {
        let ms = |span: Duration| Some(span.as_millis() as u64);
        Self {
            ingested_lag_ms: ms(seen.ingested),
            queryable_after_ms: ms(seen.after),
            queryable_within_ms: ms(seen.within),
            ..Self::at(end)
        }
    }
}

#[derive(Debug, Clone)]
pub enum News {
    Line(Line),
    Waiting {
        /// Since the event was sent.
        waited: Duration,
    },
}

pub async fn check(client: &Client, clock: &Clock, plan: &Plan, report: &mut (dyn FnMut(News) + Send)) -> Outcome {
    Checker { client, clock, plan, report }.run().await
}

struct Checker<'c> {
    client: &'c Client,
    clock: &'c Clock,
    plan: &'c Plan,
    report: &'c mut (dyn FnMut(News) + Send),
}

struct Sent<'a> {
    beat: &'a Beat,
    capture_result: &'a CaptureResult,
    token_known: bool,
}

impl Checker<'_> {
    fn line(&mut self, mark: Mark, what: &'static str, says: String, advice: Option<String>) {
        (self.report)(News::Line(Line { mark, what, says, advice }));
    }

    fn diagnosed(&mut self, what: &'static str, diagnosis: &Diagnosis) {
        self.line(Mark::Fail, what, diagnosis.summary.clone(), diagnosis.advice.clone());
    }

    async fn run(mut self) -> Outcome {
        // 1. Which PostHog is this?
        if let Some(end) = self.identify().await {
            return Outcome::at(end);
        }
        // 2. Is the token valid? Capture answers 200 either way.
        let token_known = match self.verify_token().await {
            Ok(known) => known,
            Err(end) => return Outcome::at(end),
        };
        // 3. Does capture accept the event?
        let (client, plan, sent_at) = (self.client, self.plan, self.clock.now());
        let beat = Beat::alone(&plan.token, DISTINCT_ID, sent_at);
        let event = capture::Event {
            base: plan.host.capture(),
            endpoint: plan.endpoint,
            token: &plan.token,
            name: EVENT,
            beat: &beat,
            timestamp: sent_at,
        };
        let capture_result = capture::send(client, &event, sent_at.plus(RETRY_FOR)).await;
        let sent = Sent { beat: &beat, capture_result: &capture_result, token_known };
        let outcome = match (self.receive(&sent), &plan.key) {
            (Acceptance::No(end), _) | (Acceptance::Unconfirmed(end), None) => Outcome::at(end),
            (Acceptance::Yes, None) if !token_known && reaches_capture(client, plan.host.capture(), &plan.token).await == Some(false) => {
                let diagnosis = diagnosis::takes_everything(&plan.way());
                self.diagnosed("arrival", &diagnosis);
                Outcome::at((Ending::Rejected, diagnosis))
            }
            (Acceptance::Yes, None) => self.unchecked(),
            // 4. Can the event be read back?
            (Acceptance::Yes, Some(key)) => match self.read(key, &sent).await {
                Ok(reading) => self.arrive(&reading, &sent).await,
                Err(end) => Outcome::at(end),
            },
            (Acceptance::Unconfirmed(end), Some(key)) => match self.read(key, &sent).await {
                Ok(reading) => self.arrive_unconfirmed(&reading, end).await,
                Err(_) => Outcome::at(end),
            },
        };
        Outcome { uuid: Some(beat.uuid), ..outcome }
    }

    fn unchecked(&mut self) -> Outcome {
        let says = "not checked: there is no personal API key, and a 200 alone does not prove arrival".into();
        self.line(Mark::Note, "arrival", says, Some("give --personal-api-key (scope query:read) to check arrival".into()));
        let way = self.plan.way();
        let failure = ReadbackError::quoting(ReadbackErrorKind::NoKey, ResponseExcerpt::default());
        let diagnosis = Diagnosis { address: way.address(), ..diagnosis::unreadable(&way, &failure, Parts::default()) };
        Outcome::at((Ending::AcceptedUnchecked, diagnosis))
    }

    async fn read<'a>(&mut self, key: &'a PersonalKey, sent: &Sent<'a>) -> Result<Reading<'a>, End>
    where
        Self: 'a,
    {
        let plan = self.plan;
        let api = plan.api().api();
        let (project, scopes) = match plan.posthog_id {
            Some(id) => (ProjectPath::Number(id), None),
            None => match query::find_project(self.client, api, key, &plan.token).await {
                Ok(FoundProject { path: ProjectPath::Number(id), scopes }) => {
                    let limited = scopes.as_ref().is_some_and(|scopes| scopes.projects == [id]);
                    let says =
                        if limited { format!("the key is limited to project {id}") } else { format!("the token belongs to project {id}") };
                    self.line(Mark::Ok, "project", says, scopes.as_ref().and_then(KeyScopes::missing_says));
                    (ProjectPath::Number(id), scopes)
                }
                Ok(FoundProject { path: ProjectPath::Current, scopes }) => {
                    let says =
                        "the key does not state its project: the event is read back from the project that the key's owner has open".into();
                    self.line(Mark::Note, "project", says, Some(ReadbackErrorKind::WhichProject.advice().into()));
                    (ProjectPath::Current, scopes)
                }
                Err(failure) => {
                    let diagnosis = self.unreadable(&failure, Parts::default());
                    self.diagnosed("project", &diagnosis);
                    return Err((Ending::CannotRead, diagnosis));
                }
            },
        };
        // A key with project:read was compared with the token; for any other key only the read-back proves the project.
        let is_proven = plan.posthog_id.is_none()
            && scopes.as_ref().is_none_or(|scopes| scopes.allows(KeyScope::ProjectRead))
            && project.number().is_some();
        Ok(Reading { api, key, project, is_proven, scopes, beat: sent.beat, sent: sent.capture_result.sent })
    }

    async fn arrive(&mut self, reading: &Reading<'_>, sent: &Sent<'_>) -> Outcome {
        match self.await_event(reading, self.plan.wait).await {
            Ok(Some(seen)) => {
                seen.report(self);
                Outcome::seen((Ending::Arrived, self.arrived(&seen)), &seen)
            }
            Ok(None) => {
                let (ending, diagnosis) = self.diagnose(reading, sent).await;
                self.diagnosed("arrival", &diagnosis);
                Outcome::at((ending, diagnosis))
            }
            Err(failure) => {
                let down = self.parts_down().await;
                let diagnosis = self.unreadable(&failure, down);
                self.diagnosed("arrival", &diagnosis);
                Outcome::at((Ending::CannotRead, diagnosis))
            }
        }
    }

    /// Replaces advice that does not fit a check: it has no read-back interval, and --project-id is optional.
    fn unreadable(&self, failure: &ReadbackError, down: Parts) -> Diagnosis {
        let found = diagnosis::unreadable(&self.plan.way(), failure, down);
        match (failure.kind, self.plan.posthog_id) {
            (ReadbackErrorKind::NoSuchProject, Some(number)) => {
                let summary = format!("The personal API key has no access to project {number}: {}", failure.says());
                Diagnosis { summary, ..found }.advised("Remove --project-id: the project is then found by its token.")
            }
            (kind, _) if found.place != Place::Intermediary && advice(kind) != kind.advice() => found.advised(advice(kind)),
            _ => found,
        }
    }

    /// Reads the event back although capture did not confirm it.
    async fn arrive_unconfirmed(&mut self, reading: &Reading<'_>, end: End) -> Outcome {
        let seen = match self.await_event(reading, self.plan.wait.min(UNCONFIRMED_WAIT)).await {
            Ok(Some(seen)) => seen,
            Ok(None) => {
                self.line(Mark::Fail, "arrival", "the event did not arrive either".into(), None);
                return Outcome::at(end);
            }
            Err(failure) => {
                self.line(Mark::Note, "arrival", format!("could not be read back: {}", failure.says()), None);
                return Outcome::at(end);
            }
        };
        seen.report(self);
        let diagnosis = match end {
            (Ending::Unreachable, _) => diagnosis::answers_lost(&self.plan.way()),
            (_, found) if found.did == Some(Did::UpstreamSlow) => {
                Diagnosis { answered_by: found.answered_by, shown_by: found.shown_by, ..diagnosis::answers_lost(&self.plan.way()) }
            }
            // The event arrived, so an intermediary passes it on and replaces PostHog's answer.
            (_, found) => {
                let status = found.shown_by.status.map_or_else(String::new, |status| format!(" {status}"));
                let summary = format!("The event arrived, although an intermediary answered{status} instead of PostHog");
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
        self.line(Mark::Note, "capture", diagnosis.summary.clone(), diagnosis.advice.clone());
        Outcome::seen((Ending::Arrived, diagnosis), &seen)
    }

    fn arrived(&self, seen: &FoundEvent) -> Diagnosis {
        if let Some(wrong) = diagnosis::wrong_clock(seen.server_ahead_ms) {
            return wrong;
        }
        let summary = format!("The event arrived {} after it was sent", span(seen.within));
        Diagnosis { answered_by: AnsweredBy::Posthog, address: self.plan.way().address(), ..Diagnosis::at(Place::None, summary) }
    }
}

/// `dns 1.2ms, connect 10.1ms, tls 12.0ms, first byte 30.2ms`.
#[must_use]
pub fn phases(phases: &Phases) -> String {
    let named = [("dns", phases.dns_us), ("connect", phases.connect_us), ("tls", phases.tls_us), ("first byte", phases.first_byte_us)];
    let parts: Vec<String> =
        named.into_iter().filter_map(|(name, us)| us.map(|us| format!("{name} {:.1}ms", f64::from(us) / 1e3))).collect();
    parts.join(", ")
}
