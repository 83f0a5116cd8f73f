//! The check: one event now, followed all the way, with a line for each thing found out.
//!
//! Takes a place, a token and perhaps a key; gives lines as they come, and an ending. Nothing is remembered.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::model::{
    Arrival, Beat, Endpoint, Host, LookFailure, LookTrouble, PersonalKey, Phases, ProjectToken, Receipt, Refusal, Reply, Timestamp,
};
use crate::posthog::instance::{self, Instance, TokenState};
use crate::posthog::query::{self, Question};
use crate::posthog::{Client, capture};

/// The name of the event that a check sends.
pub const EVENT: &str = "heartbeat_check";
const DISTINCT_ID: &str = "posthog-heartbeat check";
/// Where PostHog says how to upgrade.
const UPGRADE: &str = "https://posthog.com/docs/self-host/configure/upgrading-posthog";
/// The waits between looks; the last one repeats. Two minutes take 19 looks, a sixth of an hour's smallest budget (120).
const LOOK_AFTER_S: [u64; 6] = [1, 2, 2, 3, 5, 8];

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
    let receipt = capture::send(client, &event, sent_at.plus(Duration::from_secs(20))).await;
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
        Some(id) => id,
        None => match query::find_project(client, api, key, &plan.token).await {
            Ok(id) => {
                line(Mark::Ok, "project", format!("the token belongs to project {id}"), None);
                id
            }
            Err(failure) => {
                line(Mark::Fail, "project", quoted(&failure), Some(failure.trouble.advice().into()));
                return Outcome { uuid: Some(beat.uuid), ..Outcome::at(Ending::CannotRead) };
            }
        },
    };
    let place = Place { api, key, posthog_id, sent: receipt.sent };
    let outcome = wait_for(client, clock, plan, &place, &beat, tell).await;
    Outcome { uuid: Some(beat.uuid), ..outcome }
}

async fn identify(client: &Client, plan: &Plan, line: &mut impl FnMut(Mark, &'static str, String, Option<String>)) -> Option<Ending> {
    let api = plan.api_host.as_ref().unwrap_or(&plan.host).api();
    match instance::identify(client, api).await {
        Ok(found) if found.too_old() => {
            let advice = format!("upgrade it to {} or later: {UPGRADE}", instance::OLDEST);
            line(Mark::Fail, "posthog", format!("{found}: too old, Heartbeat needs {} or later", instance::OLDEST), Some(advice));
            return Some(Ending::TooOld);
        }
        Ok(found) => {
            let ailing = matches!(&found, Instance::SelfHosted { ailing, .. } if !ailing.is_empty());
            let advice = ailing.then(|| format!("see {api}/_preflight and the logs of what is named here"));
            line(if ailing { Mark::Note } else { Mark::Ok }, "posthog", found.to_string(), advice);
        }
        Err(unknown) => line(
            Mark::Note,
            "posthog",
            format!("cannot tell which PostHog this is: {unknown}"),
            plan.api_host.is_none().then(|| "if this is a reverse proxy, name the PostHog behind it with --api-host".into()),
        ),
    }
    None
}

async fn know_token(client: &Client, plan: &Plan, line: &mut impl FnMut(Mark, &'static str, String, Option<String>)) -> Option<Ending> {
    let home = plan.host.region().or_else(|| plan.api_host.as_ref().and_then(Host::region));
    match instance::knows_token(client, plan.host.capture(), &plan.token).await {
        TokenState::Known => {
            line(Mark::Ok, "token", home.map_or_else(|| "known here".into(), |region| format!("known in this region ({})", region.name())), None);
            None
        }
        TokenState::CannotTell(why) => {
            line(Mark::Note, "token", format!("cannot tell whether it is known here: {why}"), None);
            None
        }
        TokenState::Unknown => {
            let other = match home.map(crate::model::Region::other) {
                Some(other) => match instance::knows_token(client, other.host().capture(), &plan.token).await {
                    TokenState::Known => Some(other),
                    TokenState::Unknown | TokenState::CannotTell(_) => None,
                },
                None => None,
            };
            let (says, advice) = match other {
                Some(other) => (
                    format!("not known here, but in the region {0}: events sent here are answered 200 and dropped", other.name()),
                    format!("use --host {}", other.name()),
                ),
                None => (
                    "not known here: events with it are answered 200 and dropped".into(),
                    "copy the project token (phc_...) again, from Settings > Project > General".into(),
                ),
            };
            line(Mark::Fail, "token", says, Some(advice));
            Some(Ending::TokenUnknown)
        }
    }
}

/// Says what the receipt says; gives the ending, when it is one.
fn receive(plan: &Plan, receipt: &Receipt, line: &mut impl FnMut(Mark, &'static str, String, Option<String>)) -> Option<Ending> {
    let tries = if receipt.tries > 1 { format!(", after {} tries", receipt.tries) } else { String::new() };
    match &receipt.reply {
        Reply::Accepted { status } => {
            line(Mark::Ok, "capture", format!("accepted with {status}{tries} ({})", phases(&receipt.phases)), None);
            None
        }
        Reply::Refused { why, quote } => {
            let says = format!("refused{tries}: {} `{}`", quote.status, quote.words.trim());
            line(Mark::Fail, "capture", says, Some(refusal_advice(*why, plan).into()));
            Some(Ending::Refused)
        }
        Reply::Unreachable { at, words } => {
            let advice = format!("check the address {}, the name server, the firewall and the proxy between", plan.host.capture());
            line(Mark::Fail, "capture", format!("unreachable at {at}{tries}: {words}"), Some(advice));
            Some(Ending::Unreachable)
        }
    }
}

const fn refusal_advice(why: Refusal, plan: &Plan) -> &'static str {
    match why {
        Refusal::Token => "copy the project token (phc_...) again, from Settings > Project > General",
        Refusal::OverQuota => "the project is over its events quota: raise the billing limit, or wait for the next period",
        Refusal::Event => "PostHog did not like the event itself; please report this with the words above",
        Refusal::Throttled => "PostHog limits the rate of this address or token: wait, or find out what else is sending",
        Refusal::Broken => "PostHog's capture is in trouble: see its logs, or its status page",
        Refusal::NoEndpoint => match plan.endpoint {
            Endpoint::V1 => "this PostHog has no v1 endpoint: use --endpoint v0",
            Endpoint::V0 => "there is no capture at this address: check the path, and what the reverse proxy passes on",
        },
        Refusal::Redirect => "events are not sent along redirects: give the address that the answer names",
        Refusal::NotPostHog => "something else answered in PostHog's place: a proxy, a firewall or a login page; check the address",
    }
}

/// Where the event is looked for.
struct Place<'a> {
    api: &'a str,
    key: &'a PersonalKey,
    posthog_id: u64,
    sent: Timestamp,
}

async fn wait_for(
    client: &Client,
    clock: &Clock,
    plan: &Plan,
    place: &Place<'_>,
    beat: &Beat,
    tell: &mut (dyn FnMut(News) + Send),
) -> Outcome {
    let mut waits = LOOK_AFTER_S.into_iter().chain(std::iter::repeat(LOOK_AFTER_S[LOOK_AFTER_S.len() - 1]));
    let (mut missed, mut failure): (Option<Timestamp>, Option<LookFailure>) = (None, None);
    let begun = clock.monotonic();
    loop {
        let wait = Duration::from_secs(waits.next().unwrap_or(8));
        let asked_for = failure.as_ref().and_then(|failure| failure.retry_after).unwrap_or_default();
        count(clock, wait.max(asked_for).min(plan.wait.saturating_sub(clock.monotonic() - begun)), begun, tell).await;
        let now = clock.now();
        let question = Question {
            base: place.api,
            key: place.key,
            posthog_id: place.posthog_id,
            events: vec![EVENT],
            uuids: vec![beat.uuid],
            back_to: place.sent,
            now,
        };
        match query::look(client, &question).await {
            Ok(answer) => match answer.arrivals.iter().find(|arrival| arrival.uuid == beat.uuid) {
                Some(arrival) => return arrived(place, missed, now, arrival, answer.server_ahead_ms, tell),
                None => (missed, failure) = (Some(now), None),
            },
            Err(found) => {
                let final_word =
                    !matches!(found.trouble, LookTrouble::Throttled | LookTrouble::Broken | LookTrouble::Unreachable | LookTrouble::NotPostHog);
                if final_word {
                    return unreadable(&found, tell);
                }
                failure = Some(found);
            }
        }
        if clock.monotonic() - begun >= plan.wait {
            return failure.map_or_else(|| not_seen(plan, tell), |failure| unreadable(&failure, tell));
        }
    }
}

/// Waits, telling each second for how long already.
async fn count(clock: &Clock, wait: Duration, begun: Duration, tell: &mut (dyn FnMut(News) + Send)) {
    let until = clock.monotonic() + wait;
    while let Some(left) = until.checked_sub(clock.monotonic()).filter(|left| !left.is_zero()) {
        tell(News::Waiting { waited: clock.monotonic() - begun });
        clock.sleep(left.min(Duration::from_secs(1))).await;
    }
}

fn arrived(
    place: &Place<'_>,
    missed: Option<Timestamp>,
    seen: Timestamp,
    arrival: &Arrival,
    server_ahead_ms: Option<i64>,
    tell: &mut (dyn FnMut(News) + Send),
) -> Outcome {
    let ingested = Timestamp::from_ms(arrival.ingested.ms() - server_ahead_ms.unwrap_or(0)).since(place.sent);
    let after = missed.map_or(Duration::ZERO, |missed| missed.since(place.sent));
    let within = seen.since(place.sent);
    let copies = if arrival.copies > 1 { format!("; {} copies, which PostHog merges later", arrival.copies) } else { String::new() };
    let says = format!("ingested after {ingested:.1?}, queryable between {after:.1?} and {within:.1?} after it was sent{copies}");
    tell(News::Line(Line { mark: Mark::Ok, what: "arrival", says, advice: None }));
    if let Some(ahead) = server_ahead_ms {
        let says = format!("PostHog's clock is {} ms {} this machine's; the lag above is corrected", ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
        tell(News::Line(Line { mark: Mark::Note, what: "clock", says, advice: Some("set this machine's clock by NTP".into()) }));
    }
    Outcome {
        ingested_lag_ms: Some(ingested.as_millis() as u64),
        queryable_after_ms: Some(after.as_millis() as u64),
        queryable_within_ms: Some(within.as_millis() as u64),
        ..Outcome::at(Ending::Arrived)
    }
}

fn unreadable(failure: &LookFailure, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let advice = Some(failure.trouble.advice().into());
    tell(News::Line(Line { mark: Mark::Fail, what: "arrival", says: format!("could not be read back: {}", quoted(failure)), advice }));
    Outcome::at(Ending::CannotRead)
}

fn not_seen(plan: &Plan, tell: &mut (dyn FnMut(News) + Send)) -> Outcome {
    let says = format!("accepted, but not queryable after {:?}", plan.wait);
    let advice = "the queue may be stuck or slow, or the project over its quota (capture says 200 to that): \
                  look at the project's billing, and self-hosted at the ingestion worker's logs and the queue's lag; or give it longer with --wait";
    tell(News::Line(Line { mark: Mark::Fail, what: "arrival", says, advice: Some(advice.into()) }));
    Outcome::at(Ending::NotSeen)
}

fn quoted(failure: &LookFailure) -> String {
    match failure.quote.status {
        0 => failure.quote.words.clone(),
        status => format!("{status} `{}`", failure.quote.words.trim()),
    }
}

/// `dns 1.2ms, connect 10.1ms, tls 12.0ms, first byte 30.2ms`.
#[must_use]
pub fn phases(phases: &Phases) -> String {
    let named = [("dns", phases.dns_us), ("connect", phases.connect_us), ("tls", phases.tls_us), ("first byte", phases.first_byte_us)];
    let told: Vec<String> =
        named.into_iter().filter_map(|(name, us)| us.map(|us| format!("{name} {:.1}ms", f64::from(us) / 1e3))).collect();
    told.join(", ")
}
