//! An event that was accepted and does not arrive: what capture does not say is asked elsewhere. The same event is sent past the proxy, where there is
//! one; PostHog is asked for its quota, its filters and its parts.

use std::time::Duration;

use super::arrival::{Reading, seek};
use super::steps::End;
use super::{DISTINCT_ID, EVENT, Ending, Plan, Sent, TRIED_FOR, Teller};
use crate::clock::Clock;
use crate::judge::diagnosis::{self, Direct, Missing, Others};
use crate::model::{Beat, Diagnosis, Endpoint, Parts, Place, RejectionReason, Reply, TokenStatus};
use crate::posthog::instance::{Instance, identify, reaches_capture, replaces_tokens};
use crate::posthog::query::{self, Inquiry, Missed};
use crate::posthog::{Client, capture};

/// What is sent past the proxy is looked for no longer than this.
const DIRECT_FOR: Duration = Duration::from_secs(20);

/// Why the event does not arrive, and how the check ends with that: an answer that was not PostHog's took nothing.
pub(super) async fn why(client: &Client, clock: &Clock, plan: &Plan, reading: &Reading<'_>, sent: &Sent<'_>, tell: &mut Teller<'_>) -> End {
    // What is found under another uuid was written anew on the way: it was taken, and cannot be found as what it was.
    if is_rewritten(client, clock, reading, sent.beat).await {
        return (Ending::NotSeen, diagnosis::rewritten(&plan.way()));
    }
    let found = cause(client, clock, plan, reading, sent, tell).await;
    (if found.place == Place::Intermediary { Ending::Rejected } else { Ending::NotSeen }, found)
}

async fn cause(client: &Client, clock: &Clock, plan: &Plan, reading: &Reading<'_>, sent: &Sent<'_>, tell: &mut Teller<'_>) -> Diagnosis {
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
    // 1. What goes past the proxy, where there is one?
    if way.is_through_proxy() {
        let reaches = reaches_capture(client, plan.host.capture(), &plan.token).await;
        missing.reaches_capture = reaches;
        // Whatever takes everything in calls every token known.
        if reaches != Some(false)
            && replaces_tokens(client, plan.host.capture()).await == Some(true)
            && replaces_tokens(client, plan.api().capture()).await == Some(false)
        {
            return diagnosis::altered_token(&way);
        }
        missing.direct = send_past(client, clock, plan, reading, tell).await;
        if missing.direct == Direct::Arrives {
            return diagnosis::missing(&way, &missing);
        }
    }
    // 2. What does PostHog say?
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

/// Whether the event is there under another uuid.
async fn is_rewritten(client: &Client, clock: &Clock, reading: &Reading<'_>, beat: &Beat) -> bool {
    let Reading { api: base, key, project, .. } = *reading;
    let sent = query::Sent { base, key, project, event: EVENT, slot: beat.slot, uuid: beat.uuid, now: clock.now() };
    query::readback_rewritten(client, &sent).await.is_ok_and(|found| !found.is_empty())
}

/// The same to PostHog itself: whether it arrives there.
async fn send_past(client: &Client, clock: &Clock, plan: &Plan, reading: &Reading<'_>, tell: &mut Teller<'_>) -> Direct {
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
    let capture_result = capture::send(client, &event, now.plus(TRIED_FOR)).await;
    if !matches!(capture_result.reply, Reply::Accepted { .. }) {
        return Direct::Unknown;
    }
    let reading = Reading { beat: &beat, sent: capture_result.sent, ..reading.clone() };
    match seek(client, clock, &reading, DIRECT_FOR.min(plan.wait.max(Duration::from_secs(5))), tell).await {
        Ok(Some(_)) => Direct::Arrives,
        Ok(None) => Direct::Missing,
        Err(_) => Direct::Unknown,
    }
}

/// v0 says 200 over the quota as well, and v1 says it: the same event is sent there once more, which PostHog would keep once.
async fn is_over_quota(client: &Client, clock: &Clock, plan: &Plan, beat: &Beat) -> bool {
    let event =
        capture::Event { base: plan.api().capture(), endpoint: Endpoint::V1, token: &plan.token, name: EVENT, beat, timestamp: beat.slot };
    let capture_result = capture::send(client, &event, clock.now()).await;
    matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::OverQuota, .. })
}

/// The parts that a self-hosted PostHog says are down.
pub(super) async fn parts_down(client: &Client, plan: &Plan) -> Parts {
    match identify(client, plan.api().api()).await {
        Ok(Instance::SelfHosted { down, .. }) => down,
        _ => Parts::default(),
    }
}
