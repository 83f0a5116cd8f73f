//! One read-back of one project, from the query to settled beats.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::agenda::{Visit, Visited};
use super::questions::{Asked, Questions, oldest, questions};
use super::silence::may_be_overdue;
use super::{Verify, wait_after};
use crate::judge::{self, Sighting};
use crate::liveness::LogThrottle;
use crate::model::{
    CHECK_EVENT, Events, Evidence, EvidenceOf, Findings, KeyScopes, Outcome, Project, Readback, ReadbackError, ReadbackErrorKind,
    ResponseExcerpt, Settled, Timestamp, TokenStatus, Traffic, Watch, Witness,
};
use crate::posthog::query::{self, Answer, ProjectPath, Question, Watched};
use crate::store::StoreError;

impl Verify {
    /// Its read-back is none if storing failed (which is logged).
    pub(super) async fn readback(&self, visit: &Visit) -> Visited {
        match self.try_readback(visit).await {
            Ok(visited) => visited,
            Err(error) => {
                static LOGGED: LogThrottle = LogThrottle::new();
                if LOGGED.is_due() {
                    tracing::error!(project = %visit.project.spec.name, %error, "cannot store a read-back; it is repeated");
                }
                Visited::default()
            }
        }
    }

    async fn try_readback(&self, visit: &Visit) -> Result<Visited, StoreError> {
        let project = &*visit.project;
        let asked_at = self.clock.now();
        let Questions { last, asked, complete_to } = questions(&self.store, project, asked_at, visit.complete_to).await?;
        let last = last.as_ref().filter(|_| visit.asked.is_some());
        if asked.is_empty() && !project.spec.beats() && project.spec.alert().is_none() {
            // Disabled, nothing open, and not watched.
            return Ok(Visited { readback: None, complete_to: Some(complete_to) });
        }
        let mut target = Target::of(last);
        let answer = self.ask(project, &asked, asked_at, &mut target).await;
        let now = self.clock.now();
        let moments = Moments { asked: asked_at, answered: now };
        let mut readback = next_state(project, last, moments, target, answer.as_ref());
        let settled = match &answer {
            Ok(answer) => settle(project, &asked, moments, answer),
            Err(_) => asked.iter().filter_map(|asked| judge::blind(&asked.recorded, &project.spec.timing, asked_at)).collect(),
        };
        let evidence = evidence(&asked, &settled, now, answer.as_ref().err());
        self.store.settle(&readback, &settled, &evidence).await?;
        let overdue = readback.result.is_ok() && may_be_overdue(project, &asked, &settled, asked_at);
        let found = self.find_out(project, &readback, overdue).await?;
        if (found.token, &found.findings) != (readback.token, &readback.findings) {
            // While nothing arrives, the project itself is in doubt: it is found again each time that the token is checked.
            let asked_anew = found.token.map(|word| word.asked) != readback.token.map(|word| word.asked);
            let is_sure = found.token.is_none() || !asked_anew;
            let findings = Findings { is_current: is_sure && found.findings.is_current, ..found.findings };
            readback = Readback { posthog_id: readback.posthog_id.filter(|_| is_sure), token: found.token, findings, ..readback };
            self.store.settle(&readback, &[], &[]).await?;
        }
        report(project, last, &readback);
        Ok(Visited { readback: Some(readback), complete_to: Some(complete_to) })
    }

    /// Reads back; first finds the project and the scopes if they are not in `target`.
    async fn ask(&self, project: &Project, asked: &[Asked], now: Timestamp, target: &mut Target) -> Result<Answer, ReadbackError> {
        let spec = &project.spec;
        let key = spec.reading_key().ok_or(ReadbackError::quoting(ReadbackErrorKind::NoKey, ResponseExcerpt::default()))?;
        let path = if let Some(path) = target.path {
            path
        } else {
            let found = self.meet(project, key, now).await?;
            target.scopes = found.scopes;
            *target.path.insert(found.path)
        };
        let (witness, oldest) = (target.witness.filter(|witness| !(witness.seen && witness.twin_seen)), oldest(asked, now).start());
        let question = Question {
            base: spec.api(),
            key,
            posthog_id: path,
            events: project.routes.iter().map(|route| route.spec.event.as_str()).chain([CHECK_EVENT]).collect(),
            // The witness first, if there are too many beats.
            uuids: witness
                .iter()
                .flat_map(|witness| [witness.uuid, witness.twin])
                .chain(asked.iter().map(|asked| asked.beat.uuid))
                .collect(),
            back_to: witness.map_or(oldest, |witness| oldest.min(witness.sent())),
            watched: watched(project),
            now,
        };
        query::readback(&self.client, &question).await
    }
}

/// Which project to ask, and with which scopes.
struct Target {
    path: Option<ProjectPath>,
    scopes: Option<KeyScopes>,
    witness: Option<Witness>,
}

impl Target {
    fn of(last: Option<&Readback>) -> Self {
        let path = last.and_then(|last| match last.posthog_id {
            Some(number) => Some(ProjectPath::Number(number)),
            None => last.findings.is_current.then_some(ProjectPath::Current),
        });
        Self { path, scopes: last.and_then(|last| last.findings.key.clone()), witness: last.and_then(|last| last.findings.witness) }
    }
}

/// What Ingestion Alert watches. Without Heartbeat, the default names of heartbeats of other senders.
fn watched(project: &Project) -> Watched<'_> {
    let Some(app) = project.spec.alert() else { return Watched::default() };
    let events = match &app.watch {
        Watch::Any => None,
        Watch::Heartbeats if project.routes.is_empty() => Some(Events::NAMES.to_vec()),
        Watch::Heartbeats => Some(project.routes.iter().map(|route| route.spec.event.as_str()).collect()),
        Watch::Events(names) => Some(names.iter().map(String::as_str).collect()),
    };
    Watched { events, range: app.time_range }
}

/// When a read-back was asked and answered. A beat that it lacks was missing when it was asked; a beat that it has was there when it was
/// answered.
#[derive(Clone, Copy)]
struct Moments {
    asked: Timestamp,
    answered: Timestamp,
}

fn settle(project: &Project, asked: &[Asked], read_back: Moments, answer: &Answer) -> Vec<Settled> {
    let seen: HashMap<Uuid, _> = answer.arrivals.iter().map(|arrival| (arrival.uuid, arrival)).collect();
    let ahead_ms = answer.server_ahead.unwrap_or(0);
    let sighting = |asked: &Asked| {
        let arrival = seen.get(&asked.beat.uuid)?;
        let ingested = Timestamp::from_ms(arrival.ingested.ms() - ahead_ms);
        Some(Sighting { seen: read_back.answered, ingested, copies: arrival.copies })
    };
    asked
        .iter()
        .filter_map(|asked| judge::after_readback(&asked.recorded, &project.spec.timing, read_back.asked, sighting(asked)))
        .collect()
}

/// Evidence for newly failed beats. Without a key no read-back was expected.
fn evidence(asked: &[Asked], settled: &[Settled], now: Timestamp, failure: Option<&ReadbackError>) -> Vec<Evidence> {
    let before: HashMap<_, _> = asked.iter().map(|asked| ((asked.recorded.route, asked.recorded.minute), asked.recorded.outcome)).collect();
    let ended = settled.iter().filter(|settled| before.get(&(settled.route, settled.minute)) != Some(&settled.outcome));
    ended
        .filter_map(|settled| {
            let of = match (settled.outcome, failure) {
                (Outcome::Lost, _) => EvidenceOf::Lost { read_back: settled.missed.unwrap_or(now) },
                (Outcome::Unverified, Some(failure)) if failure.kind != ReadbackErrorKind::NoKey => EvidenceOf::Unverified(failure.clone()),
                _ => return None,
            };
            Some(Evidence { route: settled.route, minute: settled.minute, at: now, of })
        })
        .collect()
}

fn next_state(
    project: &Project,
    last: Option<&Readback>,
    read_back: Moments,
    target: Target,
    answer: Result<&Answer, &ReadbackError>,
) -> Readback {
    let result: Result<Traffic, &ReadbackError> = answer.map(|answer| answer.traffic);
    let last_wait = last.map_or(Duration::ZERO, |last| last.not_before.since(last.at));
    let wait = result
        .as_ref()
        .err()
        .map_or(Duration::ZERO, |failure| wait_after(failure.kind, failure.retry_after, last_wait, project.spec.timing.readback_interval));
    // The project or the key may have changed: find it again. A PostHog that was too old may have been upgraded.
    let is_unsure = result.is_err_and(|failure| failure.kind.doubts_project());
    Readback {
        project: project.id,
        at: read_back.asked,
        last_good: if result.is_ok() { Some(read_back.asked) } else { last.and_then(|last| last.last_good) },
        failing_since: result.as_ref().err().map(|_| last.and_then(|last| last.failing_since).unwrap_or(read_back.asked)),
        not_before: read_back.answered.plus(wait),
        posthog_id: target.path.filter(|_| !is_unsure).and_then(ProjectPath::number),
        token: last.and_then(|last| last.token),
        findings: Findings {
            key: target.scopes,
            is_current: target.path == Some(ProjectPath::Current) && !is_unsure,
            // A failure keeps the last known cost.
            cost: answer.map_or_else(|_| last.map(|last| last.findings.cost).unwrap_or_default(), |answer| answer.cost),
            quota: last.and_then(|last| last.findings.quota),
            filter: last.and_then(|last| last.findings.filter.clone()),
            witness: target.witness.map(|witness| {
                let arrived = |uuid| answer.is_ok_and(|answer| answer.arrivals.iter().any(|arrival| arrival.uuid == uuid));
                let (seen, twin_seen) = (witness.seen || arrived(witness.uuid), witness.twin_seen || arrived(witness.twin));
                Witness { seen, twin_seen, ..witness }
            }),
            server_ahead_ms: match answer {
                Ok(answer) => answer.server_ahead,
                Err(_) => last.and_then(|last| last.findings.server_ahead_ms),
            },
            down: last.map_or(0, |last| last.findings.down),
        },
        result: result.map_err(Clone::clone),
    }
}

fn report(project: &Project, last: Option<&Readback>, readback: &Readback) {
    let kind = |readback: &Readback| readback.result.as_ref().err().map(|failure| failure.kind);
    let token_status = |readback: &Readback| readback.token.map(|word| word.token_status);
    let why = match token_status(readback) {
        same if same == last.and_then(token_status) => None,
        Some(TokenStatus::Unknown) => Some("beats are accepted and dropped: this PostHog does not know the project's token"),
        Some(TokenStatus::Elsewhere(_)) => Some("beats are accepted and dropped: the token belongs to a project in the other region"),
        Some(TokenStatus::OverQuota) => Some("beats are accepted and dropped: the project exceeded its event quota"),
        Some(TokenStatus::Altered) => Some("beats are accepted and dropped: a proxy changes the project's token"),
        Some(TokenStatus::Rewritten) => Some("beats arrive under other uuids: a proxy rewrites them"),
        Some(TokenStatus::Filtered) => Some("beats are accepted and dropped: PostHog drops them"),
        Some(TokenStatus::Known | TokenStatus::Untold) | None => None,
    };
    if let Some(why) = why {
        let by = readback.findings.filter.as_ref().map(|filter| filter.says.as_str());
        let region = match token_status(readback) {
            Some(TokenStatus::Elsewhere(region)) => Some(region.name()),
            _ => None,
        };
        tracing::warn!(project = %project.spec.name, by, region, "{why}");
    }
    match (last.and_then(kind), &readback.result) {
        (Some(_), Ok(_)) => tracing::info!(project = %project.spec.name, "read-back works again"),
        (before, Err(failure)) if before != Some(failure.kind) => {
            tracing::warn!(project = %project.spec.name, "cannot read back: {failure}");
        }
        _ => {}
    }
}
