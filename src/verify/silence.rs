//! Silence: capture answers 200 to events that it drops or that get stuck. When accepted beats are missing, this asks PostHog whether it
//! knows the token, whether the quota is used up, what filters events and which parts are down. The quota is also asked while beats
//! arrive, to warn early.

use std::time::Duration;

use super::Verify;
use super::questions::Asked;
use crate::judge;
use crate::model::{
    Beat, CHECK_EVENT, Filter, Findings, Host, KeyScope, Outcome, Parts, Project, QuotaLimit, Readback, ReadbackErrorKind, Recorded, Reply,
    Route, RouteId, Settled, Timestamp, TokenReading, TokenStatus, Witness,
};
use crate::posthog::capture;
use crate::posthog::instance::{self, Instance};
use crate::posthog::query::{self, Inquiry, Missed, ProjectPath};
use crate::store::StoreError;

const VALID_FOR: Duration = Duration::from_mins(10);
/// Number of the newest missing beats to search for in PostHog's reports of dropped events.
const FILTERED: usize = 30;
/// How long a witness is valid; then another is sent.
const WITNESS_FOR: Duration = Duration::from_mins(30);
const WITNESS: &str = "posthog-heartbeat witness";
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a requested beat may be overdue: only then earlier beats are read.
pub(super) fn may_be_overdue(project: &Project, asked: &[Asked], settled: &[Settled], asked_at: Timestamp) -> bool {
    let seen = |asked: &Asked| {
        let same = |settled: &&Settled| (settled.route, settled.minute) == (asked.recorded.route, asked.recorded.minute);
        settled.iter().find(same).is_some_and(|settled| settled.seen.is_some())
    };
    let late_after = project.spec.timing.late_after;
    asked.iter().any(|asked| asked.recorded.sent.is_some_and(|sent| sent.plus(late_after) < asked_at) && !seen(asked))
}

pub(super) struct Found {
    /// None while beats arrive.
    pub(super) token: Option<TokenReading>,
    pub(super) findings: Findings,
}

impl Verify {
    /// Finds out why beats are missing; recent results stay valid for a while. Failures here do not affect the read-back, and nothing is
    /// asked beyond the key's scopes.
    pub(super) async fn find_out(&self, project: &Project, readback: &Readback, overdue: bool) -> Result<Found, StoreError> {
        let mut found = Found { token: readback.token, findings: readback.findings.clone() };
        let asked_at = readback.at;
        if let Err(failure) = &readback.result {
            // If a part of PostHog is down, the failed query is PostHog's fault.
            let may_be_down =
                matches!(failure.kind, ReadbackErrorKind::Broken | ReadbackErrorKind::DatabaseUnavailable | ReadbackErrorKind::Unreachable);
            found.findings.down = if may_be_down { self.parts_down(project).await.bits() } else { 0 };
            return Ok(found);
        }
        found.findings.down = 0;
        let silent = if overdue { self.silence(project, asked_at).await? } else { None };
        let is_valid = |word: &TokenReading| word.asked <= asked_at && asked_at.since(word.asked) < VALID_FOR;
        // When a silence begins, an older quota means nothing.
        let is_new = silent.is_some() && !readback.token.is_some_and(|word| is_valid(&word));
        found.findings.quota = self.quota(project, readback, is_new).await;
        let Some(Silent { route, beats }) = silent else {
            (found.token, found.findings.filter, found.findings.witness) = (None, None, None);
            return Ok(found);
        };
        let down = self.parts_down(project).await;
        if let Some(last) = readback.token.filter(is_valid) {
            found.token = Some(TokenReading { down, ..last });
            found.findings.witness = self.witness(project, route, readback, last.token_status).await;
            return Ok(found);
        }
        let limited = found.findings.quota.is_some_and(|quota| quota.limited);
        // If the cause or the quota is known, no beat is sent again as a probe.
        let is_open = |beat: &&Recorded| beat.route == route.id && beat.outcome == Outcome::Awaiting;
        let quota_is_said = found.findings.quota.is_some_and(|quota| quota.is_said());
        let probe = beats.iter().rfind(is_open).filter(|_| !down.carry_events() && !quota_is_said);
        let token_status = if limited { TokenStatus::OverQuota } else { self.ask_token_status(project, route, probe).await };
        let token_status = match token_status {
            TokenStatus::Known | TokenStatus::Untold if self.is_rewritten(project, readback, route, &beats).await => TokenStatus::Rewritten,
            other => other,
        };
        let may_be_filtered = matches!(token_status, TokenStatus::Known | TokenStatus::Untold);
        found.findings.filter = if may_be_filtered { self.filter(project, readback, route, &beats).await } else { None };
        let token_status = if found.findings.filter.is_some() { TokenStatus::Filtered } else { token_status };
        found.findings.witness = self.witness(project, route, readback, token_status).await;
        found.token = Some(TokenReading { token_status, asked: asked_at, down });
        Ok(found)
    }

    /// The route whose accepted beats are missing, with the beats of that time.
    async fn silence<'p>(&self, project: &'p Project, asked_at: Timestamp) -> Result<Option<Silent<'p>>, StoreError> {
        let timing = &project.spec.timing;
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let beats = self.store.beats(&ids, asked_at.minus(timing.lost_after).minute().plus(-1), asked_at.minute().plus(1)).await?;
        Ok(judge::silent_route(&project.routes, &beats, timing).map(|route| Silent { route, beats }))
    }

    async fn quota(&self, project: &Project, readback: &Readback, anew: bool) -> Option<QuotaLimit> {
        let last = readback.findings.quota;
        let is_valid = |quota: &QuotaLimit| quota.asked() <= readback.at && readback.at.since(quota.asked()) < VALID_FOR;
        // With unknown scopes the request would be rejected each time.
        let may_ask = readback.findings.key.as_ref().is_some_and(|key| key.allows(KeyScope::ProjectRead));
        if !may_ask {
            return None;
        }
        if last.is_some_and(|quota| is_valid(&quota) && (quota.limited || !anew)) {
            return last;
        }
        let inquiry = inquiry(project, readback)?;
        let asked = self.clock.timeout(PATIENCE, query::quota(&self.client, &inquiry)).await.ok().flatten();
        // If PostHog does not report it, it is not asked each minute.
        Some(asked.unwrap_or(QuotaLimit { asked_ms: readback.at.ms(), ..QuotaLimit::default() }))
    }

    async fn filter(&self, project: &Project, readback: &Readback, route: &Route, beats: &[Recorded]) -> Option<Filter> {
        let inquiry = inquiry(project, readback)?;
        let open = beats.iter().rev().filter(|beat| beat.route == route.id && beat.sent.is_some() && beat.seen.is_none()).take(FILTERED);
        let missed: Vec<Missed> = open
            .map(|beat| {
                let derived = Beat::derive(&project.spec.token, &route.spec, beat.minute);
                Missed { event: route.spec.event.clone(), distinct_id: derived.distinct_id, uuid: derived.uuid.to_string() }
            })
            .collect();
        self.clock.timeout(PATIENCE, query::what_drops(&self.client, &inquiry, &missed)).await.ok().flatten()
    }

    /// The events sent past the route's proxy, if it has one: earlier ones, or new ones. A silence with a known cause needs none.
    async fn witness(&self, project: &Project, route: &Route, readback: &Readback, token_status: TokenStatus) -> Option<Witness> {
        let spec = &project.spec;
        let (through, home) = (spec.host_of(route), spec.own_api_host());
        if through.capture() == home.capture() || !matches!(token_status, TokenStatus::Known | TokenStatus::Untold) {
            return None;
        }
        let is_valid = |witness: &Witness| witness.sent() <= readback.at && readback.at.since(witness.sent()) < WITNESS_FOR;
        if let Some(witness) = readback.findings.witness.filter(is_valid) {
            return Some(witness);
        }
        let now = self.clock.now();
        // Same name and distinct id, so that nothing behind the proxy distinguishes them.
        let alone = |at| Beat::alone(&spec.token, WITNESS, at);
        let (witness, twin) = (alone(now), alone(now.plus(Duration::from_millis(1))));
        for (beat, host) in [(&witness, home), (&twin, through)] {
            let (base, token, endpoint) = (host.capture(), &spec.token, route.spec.endpoint);
            let event = capture::Event { base, endpoint, token, name: CHECK_EVENT, beat, timestamp: beat.slot };
            let sent = self.clock.timeout(PATIENCE, capture::send(&self.client, &event, now)).await;
            if !sent.is_ok_and(|capture_result| matches!(capture_result.reply, Reply::Accepted { .. })) {
                return None;
            }
        }
        let reaches_capture = self.reaches_capture(project, through.capture()).await;
        Some(Witness { uuid: witness.uuid, twin: twin.uuid, sent_ms: now.ms(), seen: false, twin_seen: false, reaches_capture })
    }

    /// Whether the newest missing beats exist under other uuids: something in between rewrites events.
    async fn is_rewritten(&self, project: &Project, readback: &Readback, route: &Route, beats: &[Recorded]) -> bool {
        let Some(Inquiry { base, key, project: path, now, .. }) = inquiry(project, readback) else { return false };
        let Some(newest) = beats.iter().rfind(|beat| beat.route == route.id && beat.outcome == Outcome::Awaiting && beat.missed.is_some())
        else {
            return false;
        };
        let beat = Beat::derive(&project.spec.token, &route.spec, newest.minute);
        let sent = query::Sent { base, key, project: path, event: &route.spec.event, slot: beat.slot, uuid: beat.uuid, now };
        let asked = self.clock.timeout(PATIENCE, query::readback_rewritten(&self.client, &sent)).await;
        asked.is_ok_and(|found| found.is_ok_and(|found| !found.is_empty()))
    }

    /// Parts that a self-hosted PostHog reports as down; Cloud does not report them.
    async fn parts_down(&self, project: &Project) -> Parts {
        if project.spec.hosts().any(|host| Host::region(host).is_some()) {
            return Parts::default();
        }
        match self.clock.timeout(PATIENCE, instance::identify(&self.client, project.spec.api())).await {
            Ok(Ok(Instance::SelfHosted { down, .. })) => down,
            _ => Parts::default(),
        }
    }
}

struct Silent<'p> {
    route: &'p Route,
    beats: Vec<Recorded>,
}

/// Target of the requests; none without project or key.
fn inquiry<'a>(project: &'a Project, readback: &'a Readback) -> Option<Inquiry<'a>> {
    let path = match readback.posthog_id {
        Some(number) => ProjectPath::Number(number),
        None => readback.findings.is_current.then_some(ProjectPath::Current)?,
    };
    let (base, key) = (project.spec.api(), project.spec.reading_key()?);
    Some(Inquiry { base, key, scopes: readback.findings.key.as_ref(), project: path, now: readback.at })
}
