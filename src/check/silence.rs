//! Finds out why an accepted event does not arrive: sends an event past the proxy, if there is one, and queries PostHog for quota, filters
//! and health.

use std::time::Duration;

use super::arrival::Reading;
use super::steps::End;
use super::{Checker, DISTINCT_ID, EVENT, Ending, RETRY_FOR, Sent};
use crate::judge::diagnosis::{self, Direct, Missing, Others};
use crate::model::{Beat, Diagnosis, Endpoint, Parts, Place, RejectionReason, Reply, TokenStatus};
use crate::posthog::capture;
use crate::posthog::instance::{Instance, identify, reaches_capture, replaces_tokens};
use crate::posthog::query::{self, Inquiry, Missed};

/// Upper limit for the wait for the event that was sent past the proxy.
const DIRECT_FOR: Duration = Duration::from_secs(20);

impl Checker<'_> {
    /// An answer that did not come from PostHog means that nothing was accepted.
    pub(super) async fn diagnose(&mut self, reading: &Reading<'_>, sent: &Sent<'_>) -> End {
        // An intermediary replaced the uuid: the event arrived, but cannot be found under its own uuid.
        if self.is_rewritten(reading).await {
            return (Ending::NotSeen, diagnosis::rewritten(&self.plan.way()));
        }
        let found = self.cause(reading, sent).await;
        (if found.place == Place::Intermediary { Ending::Rejected } else { Ending::NotSeen }, found)
    }

    async fn cause(&mut self, reading: &Reading<'_>, sent: &Sent<'_>) -> Diagnosis {
        let (client, plan) = (self.client, self.plan);
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
            down: self.parts_down().await,
            direct: Direct::Unknown,
            reaches_capture: None,
            is_overdue: true,
            is_proven: reading.is_proven,
        };
        let now = self.clock.now();
        let inquiry = Inquiry { base: reading.api, key: reading.key, scopes: reading.scopes.as_ref(), project: reading.project, now };
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
            missing.direct = self.send_direct(reading).await;
            if missing.direct == Direct::Arrives {
                return diagnosis::missing(&way, &missing);
            }
        }
        // 2. What does PostHog report?
        let quota = query::quota(client, &inquiry).await;
        if quota.is_some_and(|quota| quota.limited) || (!quota.is_some_and(|quota| quota.is_said()) && self.is_over_quota(sent.beat).await)
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

    async fn is_rewritten(&self, reading: &Reading<'_>) -> bool {
        let Reading { api: base, key, project, beat, .. } = *reading;
        let sent = query::Sent { base, key, project, event: EVENT, slot: beat.slot, uuid: beat.uuid, now: self.clock.now() };
        query::readback_rewritten(self.client, &sent).await.is_ok_and(|found| !found.is_empty())
    }

    async fn send_direct(&mut self, reading: &Reading<'_>) -> Direct {
        let (plan, now) = (self.plan, self.clock.now());
        let beat = Beat::alone(&plan.token, DISTINCT_ID, now);
        let event = capture::Event {
            base: plan.api().capture(),
            endpoint: plan.endpoint,
            token: &plan.token,
            name: EVENT,
            beat: &beat,
            timestamp: now,
        };
        let capture_result = capture::send(self.client, &event, now.plus(RETRY_FOR)).await;
        if !matches!(capture_result.reply, Reply::Accepted { .. }) {
            return Direct::Unknown;
        }
        let reading = Reading { beat: &beat, sent: capture_result.sent, ..reading.clone() };
        match self.await_event(&reading, DIRECT_FOR.min(plan.wait.max(Duration::from_secs(5)))).await {
            Ok(Some(_)) => Direct::Arrives,
            Ok(None) => Direct::Missing,
            Err(_) => Direct::Unknown,
        }
    }

    /// v0 answers 200 over quota, v1 reports it. Sends the same event by v1; PostHog deduplicates it by uuid.
    async fn is_over_quota(&self, beat: &Beat) -> bool {
        let (base, token) = (self.plan.api().capture(), &self.plan.token);
        let event = capture::Event { base, endpoint: Endpoint::V1, token, name: EVENT, beat, timestamp: beat.slot };
        let capture_result = capture::send(self.client, &event, self.clock.now()).await;
        matches!(capture_result.reply, Reply::Rejected { why: RejectionReason::OverQuota, .. })
    }

    pub(super) async fn parts_down(&self) -> Parts {
        match identify(self.client, self.plan.api().api()).await {
            Ok(Instance::SelfHosted { down, .. }) => down,
            _ => Parts::default(),
        }
    }
}
