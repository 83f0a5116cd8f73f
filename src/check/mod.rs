//! The check: one event now, followed all the way, with a line for each thing found out. And [`fields`]: what a person typed to set up a project,
//! asked of the PostHog that it names, with nothing sent.
//!
//! Takes a place, a token and perhaps a key; gives lines as they come, and an ending. Nothing is remembered.

mod arrival;
pub mod fields;
mod steps;
mod token;

use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::model::{Beat, Endpoint, Host, LookFailure, LookTrouble, PersonalKey, Phases, ProjectToken};
use crate::posthog::query::{FoundProject, ProjectPath};
use crate::posthog::{Client, capture, query};
use arrival::{Place, advice, wait_for};
use steps::{identify, know_token, receive};

/// The name of the event that a check sends.
pub const EVENT: &str = "heartbeat_check";
const DISTINCT_ID: &str = "posthog-heartbeat check";
/// A failure is tried again for so long: a hiccup passes, and a person who waits for the answer gets it soon.
const TRIED_FOR: Duration = Duration::from_secs(5);

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
    Refused,
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
            Self::Refused => 3,
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
    /// The event's uuid, once it was sent: how to find it in PostHog.
    pub uuid: Option<uuid::Uuid>,
    /// From the sending to PostHog's own time of ingestion, in milliseconds.
    pub ingested_lag_ms: Option<u64>,
    /// From the sending to the last look that did not see it, in milliseconds.
    pub queryable_after_ms: Option<u64>,
    /// From the sending to the first look that saw it, in milliseconds.
    pub queryable_within_ms: Option<u64>,
}

impl Outcome {
    const fn at(ending: Ending) -> Self {
        Self { ending, uuid: None, ingested_lag_ms: None, queryable_after_ms: None, queryable_within_ms: None }
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

/// Checks, and tells as it goes.
pub async fn check(client: &Client, clock: &Clock, plan: &Plan, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let mut line = |mark, what, says: String, advice: Option<String>| tell(News::Line(Line { mark, what, says, advice }));
    // 1. Which PostHog is this?
    if let Some(ending) = identify(client, plan, &mut line).await {
        return Outcome::at(ending);
    }
    // 2. Does it know the token? Capture itself would answer 200 either way.
    if let Some(ending) = know_token(client, plan, &mut line).await {
        return Outcome::at(ending);
    }
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
    let receipt = capture::send(client, &event, sent_at.plus(TRIED_FOR)).await;
    if let Some(ending) = receive(plan, &receipt, &mut line) {
        return Outcome { uuid: Some(beat.uuid), ..Outcome::at(ending) };
    }
    // 4. Can it be read back?
    let Some(key) = &plan.key else {
        line(
            Mark::Note,
            "arrival",
            "not checked: no personal API key was given, and a 200 alone proves nothing".into(),
            Some("give --personal-api-key (scope query:read) to see the event arrive".into()),
        );
        return Outcome { uuid: Some(beat.uuid), ..Outcome::at(Ending::AcceptedUnchecked) };
    };
    let api = plan.api_host.as_ref().unwrap_or(&plan.host).api();
    let posthog_id = match plan.posthog_id {
        Some(id) => ProjectPath::Number(id),
        None => match query::find_project(client, api, key, &plan.token).await {
            Ok(FoundProject { path: ProjectPath::Number(id), scopes }) => {
                let limited = scopes.is_some_and(|scopes| scopes.projects == [id]);
                let says =
                    if limited { format!("the key is limited to project {id}") } else { format!("the token belongs to project {id}") };
                line(Mark::Ok, "project", says, None);
                ProjectPath::Number(id)
            }
            Ok(FoundProject { path: ProjectPath::Current, .. }) => {
                let says =
                    "the key does not say which project it is for: the event is looked for in the one that its owner has open".into();
                line(Mark::Note, "project", says, Some(LookTrouble::WhichProject.advice().into()));
                ProjectPath::Current
            }
            Err(failure) => {
                line(Mark::Fail, "project", quoted(&failure), Some(advice(failure.trouble).into()));
                return Outcome { uuid: Some(beat.uuid), ..Outcome::at(Ending::CannotRead) };
            }
        },
    };
    let place = Place { api, key, posthog_id, sent: receipt.sent };
    let outcome = wait_for(client, clock, plan, &place, &beat, tell).await;
    Outcome { uuid: Some(beat.uuid), ..outcome }
}

/// `dns 1.2ms, connect 10.1ms, tls 12.0ms, first byte 30.2ms`.
#[must_use]
pub fn phases(phases: &Phases) -> String {
    let named = [("dns", phases.dns_us), ("connect", phases.connect_us), ("tls", phases.tls_us), ("first byte", phases.first_byte_us)];
    let told: Vec<String> =
        named.into_iter().filter_map(|(name, us)| us.map(|us| format!("{name} {:.1}ms", f64::from(us) / 1e3))).collect();
    told.join(", ")
}

fn quoted(failure: &LookFailure) -> String {
    failure.says()
}
