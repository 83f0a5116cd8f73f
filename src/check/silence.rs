//! Finds out why an accepted event does not arrive: sends an event past the proxy, if there is one, and queries PostHog for quota, filters
//! and health.

use std::time::Duration;

use super::arrival::{Reading, await_event};
use super::steps::End;
use super::{DISTINCT_ID, EVENT, Ending, Plan, RETRY_FOR, Reporter, Sent};
use crate::clock::Clock;
use crate::judge::diagnosis::{self, Direct, Missing, Others};
use crate::model::{Beat, Diagnosis, Endpoint, Parts, Place, RejectionReason, Reply, TokenStatus};
use crate::posthog::instance::{Instance, identify, reaches_capture, replaces_tokens};
use crate::posthog::query::{self, Inquiry, Missed};
use crate::posthog::{Client, capture};

/// Upper limit for the wait for the event that was sent past the proxy.
const DIRECT_FOR: Duration = Duration::from_secs(20);

/// An answer that did not come from PostHog means that nothing was accepted.
pub(super) async fn diagnose(
    client: &Client,
    clock: &Clock,
    plan: &Plan,
    reading: &Reading<'_>,
    sent: &Sent<'_>,
    reporter: &mut Reporter<'_>,
) -> End {
    // An intermediary replaced the uuid: the event arrived, but cannot be found under its own uuid.
    if is_rewritten(client, clock, reading, sent.beat).await {
        return (Ending::NotSeen, diagnosis::rewritten(&plan.way()));
    }
    let found = cause(client, clock, plan, reading, sent, reporter).await;
    (if found.place == Place::Intermediary { Ending::Rejected } else { Ending::NotSeen }, found)
}

async fn cause(
    client: &Client,
    clock: &Clock,
    plan: &Plan,
    reading: &Reading<'_>,
    sent: &Sent<'_>,
    reporter: &mut Reporter<'_>,
) -> Diagnosis {
    let way = plan.way();
    let status = match &sent.capture_result.reply {
        Reply::Accepted { status } => Some(*status),
        _ => None,
    };
    let mut missing = Missing {
        waited: plan.wait,
        status,
        others: Others::Untold,
        token_status: sent.token_known.then_some(TokenStatus::Known),
        down: parts_down(client, plan).await,
        direct: Direct::Unknown,
        reaches_capture: None,
        is_overdue: true,
        is_proven: reading.is_proven,
    };
    let inquiry =
        Inquiry { base: reading.api, key: reading.key, scopes: reading.scopes.as_ref(), project: reading.project, now: clock.now() };
    // 1. Does an event arrive that bypasses the proxy?
    if way.is_through_proxy() {
        let reaches = reaches_capture(client, plan.host.capture(), &plan.token).await;
        missing.reaches_capture = reaches;
        // A component that accepts everything also reports every token as valid.
        if reaches != Some(false)
            && replaces_tokens(client, plan.host.capture()).await == Some(true)
            && replaces_tokens(client, plan.api().capture()).await == Some(false)
        {
            return diagnosis::altered_token(&way);
        }
        missing.direct = send_direct(client, clock, plan, reading, reporter).await;
        if missing.direct == Direct::Arrives {
            return diagnosis::missing(&way, &missing);
        }
    }
    // 2. What does PostHog report?
    let quota = query::quota(client, &inquiry).await;
    if quota.is_some_and(|quota| quota.limited)
        || (!quota.is_some_and(|quota| quota.is_said()) && is_over_quota(client, clock, plan, sent.beat).await)
    {
        missing.token_status = Some(TokenStatus::OverQuota);
    } else {
        let missed = Missed { event: EVENT.into(), distinct_id: sent.beat.distinct_id.clone(), uuid: sent.beat.uuid.to_string() };
        if let Some(filter) = query::what_drops(client, &inquiry, &[missed]).await {
            return diagnosis::filtered(&way, &filter);
        }
    }
    diagnosis::missing(&way, &missing)
}

async fn is_rewritten(client: &Client, clock: &Clock, reading: &Reading<'_>, beat: &Beat) -> bool {
    let Reading { api: base, key, project, .. } = *reading;
    let sent = query::Sent { base, key, project, event: EVENT, slot: beat.slot, uuid: beat.uuid, now: clock.now() };
    query::readback_rewritten(client, &sent).await.is_ok_and(|found| !found.is_empty())
}

async fn send_direct(client: &Client, clock: &Clock, plan: &Plan, reading: &Reading<'_>, reporter: &mut Reporter<'_>) -> Direct {
    let now = clock.now();
    let beat = Beat::alone(&plan.token, DISTINCT_ID, now);
    let event = capture::Event {
        base: plan.api().capture(),
        endpoint: plan.endpoint,
        token: &plan.token,
        name: EVENT,
        beat: &beat,
        timestamp: now,
    };
    let capture_result = capture::send(client, &event, now.plus(RETRY_FOR)).await;
    if !matches!(capture_result.reply, Reply::Accepted { .. }) {
        return Direct::Unknown;
    }
    let reading = Reading { beat: &beat, sent: capture_result.sent, ..reading.clone() };
    match await_event(client, clock, &reading, DIRECT_FOR.min(plan.wait.max(Duration::from_secs(5))), reporter).await {
        Ok(Some(_)) => Direct::Arrives,
        Ok(None) => Direct::Missing,
        Err(_) => Direct::Unknown,
    }
}

/// v0 answers 200 over quota, v1 reports it. Sends the same event by v1; PostHog deduplicates it by uuid.
async fn is_over_quota(client: &Client, clock: &Clock, plan: &Plan, beat: &Beat) -> bool {
    let event =
        capture::Event { base: plan.api().capture(), endpoint: Endpoint::V1, token: &plan.token, name: EVENT, beat, timestamp: beat.slot };
    let capture_result = capture::send(client, &event, clock.now()).await;
    matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::OverQuota, .. })
}

pub(super) async fn parts_down(client: &Client, plan: &Plan) -> Parts {
    match identify(client, plan.api().api()).await {
        Ok(Instance::SelfHosted { down, .. }) => down,
        _ => Parts::default(),
    }
}
