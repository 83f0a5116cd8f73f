//! Silence: capture says 200 to events that it drops or that get stuck behind it. When beats are accepted and stay away, PostHog is asked
//! for what it does not say by itself: whether it knows the token, whether the quota is used up, what filters events, and which of its parts are
//! down. The quota is asked about while beats arrive too: it is told before it is reached.

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

/// So long an answer about the token stands: a token does not come and go.
const STANDS_FOR: Duration = Duration::from_mins(10);
/// So many of the newest beats that stay away are looked for in what PostHog says of dropped events.
const FILTERED: usize = 30;
/// So long what was sent past a proxy says how things stand; then another is sent.
const WITNESS_FOR: Duration = Duration::from_mins(30);
/// Its distinct id.
const WITNESS: &str = "posthog-heartbeat witness";
/// For so long an answer is waited for: the next read-back is due.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether one of the beats that were asked for may be overdue: only then it is worth reading what came of those before it.
pub(super) fn may_be_overdue(project: &Project, asked: &[Asked], settled: &[Settled], read_back: Timestamp) -> bool {
    let seen = |asked: &Asked| {
        let same = |settled: &&Settled| (settled.route, settled.minute) == (asked.recorded.route, asked.recorded.minute);
        settled.iter().find(same).is_some_and(|settled| settled.seen.is_some())
    };
    let late_after = project.spec.timing.late_after;
    asked.iter().any(|asked| asked.recorded.sent.is_some_and(|sent| sent.plus(late_after) < read_back) && !seen(asked))
}

/// What is known beside a read-back.
pub(super) struct Found {
    /// Nothing while beats arrive.
    pub(super) token: Option<TokenReading>,
    pub(super) findings: Findings,
}

impl Verify {
    /// What is found out beside a read-back that is made: what is `known` of it from before stands for a while. None of it can cost the read-back, and
    /// nothing is asked that the key may not ask.
    pub(super) async fn find_out(&self, project: &Project, readback: &Readback, overdue: bool) -> Result<Found, StoreError> {
        let mut found = Found { token: readback.token, findings: readback.findings.clone() };
        let read_back = readback.at;
        if let Err(failure) = &readback.result {
            // A query that fails because a part of PostHog is down is PostHog's trouble, not ours.
            let may_be_down = matches!(
                failure.trouble,
                ReadbackErrorKind::Broken | ReadbackErrorKind::DatabaseUnavailable | ReadbackErrorKind::Unreachable
            );
            found.findings.down = if may_be_down { self.parts_down(project).await.bits() } else { 0 };
            return Ok(found);
        }
        found.findings.down = 0;
        let silent = if overdue { self.silence(project, read_back).await? } else { None };
        let stands = |word: &TokenReading| word.asked <= read_back && read_back.since(word.asked) < STANDS_FOR;
        // When beats begin to stay away, what was said of the quota before that says nothing any more.
        let is_new = silent.is_some() && !readback.token.is_some_and(|word| stands(&word));
        found.findings.quota = self.quota(project, readback, is_new).await;
        let Some(Silent { route, beats }) = silent else {
            (found.token, found.findings.filter, found.findings.witness) = (None, None, None);
            return Ok(found);
        };
        let down = self.parts_down(project).await;
        if let Some(last) = readback.token.filter(stands) {
            found.token = Some(TokenReading { down, ..last });
            found.findings.witness = self.witness(project, route, readback, last.token_status).await;
            return Ok(found);
        }
        let limited = found.findings.quota.is_some_and(|quota| quota.limited);
        // Where it is plain why beats stay away, or the quota is known, none is sent a second time to find out.
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
        found.token = Some(TokenReading { token_status, asked: read_back, down });
        Ok(found)
    }

    /// The route on which beats were accepted and stay away, with the beats around; none while beats arrive.
    async fn silence<'p>(&self, project: &'p Project, read_back: Timestamp) -> Result<Option<Silent<'p>>, StoreError> {
        let timing = &project.spec.timing;
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let beats = self.store.beats(&ids, read_back.minus(timing.lost_after).minute().plus(-1), read_back.minute().plus(1)).await?;
        Ok(judge::silent_route(&project.routes, &beats, timing).map(|route| Silent { route, beats }))
    }

    /// How far the quota is used up: as it was said lately, or as it is said now, also where it is asked for anew.
    async fn quota(&self, project: &Project, readback: &Readback, anew: bool) -> Option<QuotaLimit> {
        let known = readback.findings.quota;
        let stands = |quota: &QuotaLimit| quota.asked() <= readback.at && readback.at.since(quota.asked()) < STANDS_FOR;
        // Where the key's scopes are not known it would be refused each time.
        let may_ask = readback.findings.key.as_ref().is_some_and(|key| key.allows(KeyScope::ProjectRead));
        if !may_ask {
            return None;
        }
        if known.is_some_and(|quota| stands(&quota) && (quota.limited || !anew)) {
            return known;
        }
        let inquiry = inquiry(project, readback)?;
        let asked = self.clock.timeout(PATIENCE, query::quota(&self.client, &inquiry)).await.ok().flatten();
        // One that does not say is not asked each minute.
        Some(asked.unwrap_or(QuotaLimit { asked_ms: readback.at.ms(), ..QuotaLimit::default() }))
    }

    /// What drops the beats of the silent route inside of PostHog.
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

    /// What goes past the proxy of the silent route, where there is one: as it was found, or sent now. A silence whose cause is known needs none.
    async fn witness(&self, project: &Project, route: &Route, readback: &Readback, token_status: TokenStatus) -> Option<Witness> {
        let spec = &project.spec;
        let (through, home) = (spec.host_of(route), spec.own_api_host());
        if through.capture() == home.capture() || !matches!(token_status, TokenStatus::Known | TokenStatus::Untold) {
            return None;
        }
        let stands = |witness: &Witness| witness.sent() <= readback.at && readback.at.since(witness.sent()) < WITNESS_FOR;
        if let Some(known) = readback.findings.witness.filter(stands) {
            return Some(known);
        }
        let now = self.clock.now();
        // Of the same name and distinct id, so that nothing behind the proxy tells them apart.
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

    /// Whether the newest beats that stay away are there under other uuids: what stands between writes events anew.
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

    /// Which parts are down, by the word of a self-hosted PostHog; Cloud does not tell.
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

/// Beats that were accepted and stay away.
struct Silent<'p> {
    route: &'p Route,
    beats: Vec<Recorded>,
}

/// Where causes are asked for; none where nothing can be.
fn inquiry<'a>(project: &'a Project, readback: &'a Readback) -> Option<Inquiry<'a>> {
    let path = match readback.posthog_id {
        Some(number) => ProjectPath::Number(number),
        None => readback.findings.is_current.then_some(ProjectPath::Current)?,
    };
    let (base, key) = (project.spec.api(), project.spec.reading_key()?);
    Some(Inquiry { base, key, scopes: readback.findings.key.as_ref(), project: path, now: readback.at })
}
