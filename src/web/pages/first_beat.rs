//! The first beat of a project, from sending to arrival: `{% include "first_beat.html" %}`, with `first` in the page struct.

use std::time::Duration;

use crate::check::phases;
use crate::model::{Evidence, EvidenceOf, Outcome, ReadbackError, ReadbackErrorKind, Recorded, RouteId, Timestamp, span};
use crate::report::Report;
use crate::store::{Store, StoreError};
use crate::web::when::When;

/// How long the steps stay visible after the arrival.
const SHOWN_FOR: Duration = Duration::from_mins(3);
const SOUGHT_MINUTES: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepState {
    Done,
    /// Waited for now.
    Here,
    Fail,
    Next,
    /// Cannot be verified, without a personal API key.
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) state: StepState,
    pub(super) at: Option<When>,
    pub(super) says: String,
}

impl Step {
    fn new(name: &'static str, state: StepState, at: Option<When>, says: impl Into<String>) -> Self {
        Self { name, state, at, says: says.into() }
    }

    /// The CSS class, and the word for screen readers.
    const fn shown(&self) -> (&'static str, &'static str) {
        match self.state {
            StepState::Done => ("done", "done"),
            StepState::Fail => ("fail", "failed"),
            StepState::Here => ("", "waiting"),
            StepState::Next => ("", "not yet"),
            StepState::Skipped => ("", "not verified"),
        }
    }

    pub(super) const fn class(&self) -> &'static str {
        self.shown().0
    }

    pub(super) const fn word(&self) -> &'static str {
        self.shown().1
    }

    pub(super) fn is_here(&self) -> bool {
        self.state == StepState::Here
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FirstBeat {
    /// The time that counts up while the arrival is awaited.
    pub(super) waiting: Option<When>,
    pub(super) sentence: String,
    pub(super) steps: Vec<Step>,
}

/// The first beat since Heartbeat was enabled. None from [`SHOWN_FOR`] after its arrival, and once it is too late to arrive: then the verdict
/// covers it.
pub(super) async fn first_beat(store: &Store, report: &Report) -> Result<Option<FirstBeat>, StoreError> {
    let Some(since) = begun(report) else { return Ok(None) };
    let routes: Vec<RouteId> = report.project.routes.iter().map(|route| route.id).collect();
    let end = since.minute().plus(SOUGHT_MINUTES).min(report.at.minute().plus(1));
    let beats = store.beats(&routes, since.minute(), end).await?;
    Ok(FirstBeat::of(report, &beats))
}

fn begun(report: &Report) -> Option<Timestamp> {
    let since = report.project.on_since()?;
    let shown_for = report.project.spec.timing.lost_after.min(Duration::from_mins(SOUGHT_MINUTES as u64)) + SHOWN_FOR;
    (report.at.since(since) <= shown_for).then_some(since)
}

impl FirstBeat {
    /// `beats` are those since Heartbeat was enabled.
    pub(super) fn of(report: &Report, beats: &[Recorded]) -> Option<Self> {
        let since = begun(report)?;
        let (now, start) = (report.at, since.minute());
        let beats = beats.iter().filter(|beat| beat.minute >= start && beat.outcome != Outcome::NotSent);
        let added = Step::new("Heartbeat enabled", StepState::Done, Some(When::second(since, now)), "");
        let Some(beat) = beats.min_by_key(|beat| (reached(beat.outcome), beat.minute)) else {
            let is_slow = now.since(since) > Duration::from_secs(30);
            let says = if is_slow { "Nothing has been sent yet: is Heartbeat running?" } else { "It is sent within a few seconds." };
            let sent = Step::new("Sent", StepState::Here, None, says);
            let rest = ["Accepted", "Queryable", "Lag"].map(|name| Step::new(name, StepState::Next, None, ""));
            let steps = [added, sent].into_iter().chain(rest).collect();
            return Some(Self {
                waiting: Some(When::counting(since, now)),
                sentence: "since Heartbeat was enabled. The first beat is about to be sent.".into(),
                steps,
            });
        };
        if beat.seen.is_some_and(|seen| now.since(seen) > SHOWN_FOR) {
            return None;
        }
        let way = Way { report, beat };
        let steps = [added, way.sent(), way.accepted()].into_iter().chain(way.seen()).collect();
        let waiting = (!beat.outcome.is_seen() && !way.is_over()).then(|| When::counting(beat.counted_from(), now));
        Some(Self { waiting, sentence: way.sentence(), steps })
    }
}

/// Of several beats the one with the lowest rank is shown.
const fn reached(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Arrived | Outcome::Late => 0,
        Outcome::Awaiting => 1,
        Outcome::Lost | Outcome::Unverified => 2,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => 3,
    }
}

struct Way<'a> {
    report: &'a Report,
    beat: &'a Recorded,
}

impl Way<'_> {
    fn is_accepted(&self) -> bool {
        !matches!(self.beat.outcome, Outcome::Rejected | Outcome::Unreachable)
    }

    fn is_over(&self) -> bool {
        !self.is_accepted() || self.is_unchecked() || matches!(self.beat.outcome, Outcome::Lost | Outcome::Unverified)
    }

    /// No key: arrival cannot be verified.
    fn is_unchecked(&self) -> bool {
        self.report.project.spec.reading_key().is_none()
    }

    fn failure(&self) -> Option<&ReadbackError> {
        let failure = self.report.readback.as_ref().and_then(|readback| readback.result.as_ref().err());
        failure.filter(|failure| failure.kind != ReadbackErrorKind::NoKey)
    }

    fn sentence(&self) -> String {
        match self.beat.outcome {
            Outcome::Arrived | Outcome::Late => {
                let lag = self.beat.ingested_lag().map(|lag| format!(", {} after it was sent", span(lag))).unwrap_or_default();
                format!("The first beat has arrived{lag}.")
            }
            Outcome::Rejected | Outcome::Unreachable => "The first beat was not accepted. Heartbeat sends a new beat each minute.".into(),
            Outcome::Lost | Outcome::Unverified => "The first beat was accepted, but its arrival is not confirmed.".into(),
            Outcome::Awaiting | Outcome::NotSent if self.is_unchecked() => "The first beat was accepted.".into(),
            Outcome::Awaiting | Outcome::NotSent if self.failure().is_some() => {
                "since the first beat was sent. It was accepted, but the read-back failed.".into()
            }
            Outcome::Awaiting | Outcome::NotSent => "since the first beat was sent. It has not arrived yet.".into(),
        }
    }

    fn sent(&self) -> Step {
        let at = self.beat.sent.map(|sent| When::second(sent, self.report.at));
        let says = if self.beat.tries > 1 { format!("after {} tries", self.beat.tries) } else { String::new() };
        Step::new("Sent", StepState::Done, at, says)
    }

    fn accepted(&self) -> Step {
        let (state, mut says) = match self.beat.status {
            _ if !self.is_accepted() => (StepState::Fail, self.proof()),
            Some(status) => (StepState::Done, format!("with {status}")),
            None => (StepState::Done, String::new()),
        };
        let phases = phases(&self.beat.phases);
        if !phases.is_empty() {
            says = if says.is_empty() { phases } else { format!("{says} ({phases})") };
        }
        Step::new("Accepted", state, None, says)
    }

    /// The evidence of the failed sending.
    fn proof(&self) -> String {
        let is_its = |evidence: &&Evidence| evidence.route == self.beat.route && evidence.minute == self.beat.minute;
        match self.report.evidence.iter().rev().find(is_its).map(|evidence| &evidence.of) {
            Some(EvidenceOf::Rejected { excerpt, .. }) => format!("rejected: {}", excerpt.said()),
            Some(EvidenceOf::Unreachable { at, words, .. }) => format!("unreachable at {at}: {words}"),
            _ => self.beat.outcome.to_string(),
        }
    }

    fn seen(&self) -> [Step; 2] {
        let now = self.report.at;
        if let Some((after, within)) = self.beat.queryable_lag().filter(|_| self.beat.outcome.is_seen()) {
            let at = self.beat.seen.map(|seen| When::second(seen, now));
            let queryable =
                Step::new("Queryable", StepState::Done, at, format!("between {} and {} after it was sent", span(after), span(within)));
            let lag = self.beat.ingested_lag().map(|lag| format!("ingested {} after it was sent", span(lag))).unwrap_or_default();
            return [queryable, Step::new("Lag", StepState::Done, None, lag)];
        }
        let (state, says) = match self.beat.outcome {
            _ if !self.is_accepted() => (StepState::Next, String::new()),
            _ if self.is_unchecked() => {
                (StepState::Skipped, "No personal API key is set. Set one under Settings to verify arrival.".to_owned())
            }
            Outcome::Lost => (StepState::Fail, "not found".to_owned()),
            _ => match (self.failure(), self.beat.missed) {
                (Some(failure), _) => (StepState::Fail, format!("read-back failed: {failure}")),
                (None, Some(read_back)) => {
                    (StepState::Here, format!("not found {} after it was sent", span(read_back.since(self.beat.counted_from()))))
                }
                (None, None) => (StepState::Here, "The first read-back is about 20 seconds after it was sent.".to_owned()),
            },
        };
        [Step::new("Queryable", state, None, says), Step::new("Lag", StepState::Next, None, "")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::judge;
    use crate::model::{
        AppKind, DistinctId, Endpoint, HeartbeatApp, Host, Minute, Obstacle, PersonalKey, Phase, Phases, Project, ProjectId, ProjectName,
        ProjectSpec, ProjectToken, Readback, RejectionReason, ResponseExcerpt, Route, RouteSpec, Switch,
    };
    use crate::report::{Ends, Lags};

    const START: Minute = Minute::from_index(29_700_000);

    fn after(seconds: u64) -> Timestamp {
        START.start().plus(Duration::from_secs(seconds))
    }

    /// A project that was enabled 5 s after [`START`].
    fn project() -> Project {
        let spec = ProjectSpec {
            personal_key: Some(PersonalKey::parse("phx_hunter2").unwrap()),
            heartbeat: Some(HeartbeatApp::default()),
            ..ProjectSpec::new(ProjectName::parse("shop").unwrap(), Host::parse("eu").unwrap(), ProjectToken::parse("phc_a").unwrap())
        };
        let distinct_id = DistinctId::Fixed("x".into());
        let route = RouteSpec { name: "heartbeat".into(), event: "heartbeat".into(), host: None, endpoint: Endpoint::V0, distinct_id };
        let routes = vec![Route { id: RouteId(1), spec: route, since: after(5) }];
        Project { id: ProjectId(1), spec, routes, switches: vec![Switch { app: AppKind::Heartbeat, at: after(5), on: true }] }
    }

    fn sent() -> Recorded {
        Recorded {
            outcome: Outcome::Awaiting,
            sent: Some(after(6)),
            status: Some(200),
            tries: 1,
            phases: Phases { dns_us: Some(900), connect_us: Some(10_000), tls_us: None, first_byte_us: Some(20_000) },
            ..Recorded::blank(RouteId(1), START)
        }
    }

    fn shown(
        project: Project,
        beats: &[Recorded],
        evidence: Vec<Evidence>,
        failure: Option<ReadbackError>,
        now: Timestamp,
    ) -> Option<FirstBeat> {
        let readback = failure.map(|failure| Readback {
            project: project.id,
            at: now,
            result: Err(failure),
            last_good: None,
            failing_since: Some(now),
            not_before: now,
            posthog_id: None,
            token: None,
            findings: crate::model::Findings::default(),
        });
        let facts = judge::Facts {
            now,
            spec: &project.spec,
            on_since: project.on_since(),
            routes: &project.routes,
            beats,
            evidence: &evidence,
            readback: readback.as_ref(),
            first_bad: None,
        };
        let report = Report {
            verdict: judge::verdict(&facts),
            at: now,
            complete_through: None,
            lags: Lags::default(),
            ends: Ends::default(),
            strip: Vec::new(),
            newest_seen: None,
            readback,
            evidence,
            project: Arc::new(project),
        };
        FirstBeat::of(&report, beats)
    }

    /// The sentence, then `NAME STATE TEXT` per step; `...` while the counter runs.
    fn text_of(first: &FirstBeat) -> String {
        let steps: Vec<String> =
            first.steps.iter().map(|step| format!("{} {} {}", step.name, step.word(), step.says).trim_end().to_owned()).collect();
        format!("{}{}\n{}", if first.waiting.is_some() { "... " } else { "" }, first.sentence, steps.join("\n"))
    }

    fn all(beats: &[Recorded], now: u64) -> String {
        shown(project(), beats, Vec::new(), None, after(now)).as_ref().map(text_of).unwrap_or_default()
    }

    #[test]
    fn each_step_is_done_one_after_the_other() {
        let on = "Heartbeat enabled done\n";
        let rest = "\nQueryable not yet\nLag not yet";
        let sentence = "... since Heartbeat was enabled. The first beat is about to be sent.\n";
        assert_eq!(all(&[], 6), format!("{sentence}{on}Sent waiting It is sent within a few seconds.\nAccepted not yet{rest}"));
        assert!(all(&[], 70).contains("is Heartbeat running?"));
        let way = "... since the first beat was sent. It has not arrived yet.\n";
        let taken = "Sent done\nAccepted done with 200 (dns 0.9ms, connect 10.0ms, first byte 20.0ms)\n";
        let asked = "Queryable waiting The first read-back is about 20 seconds after it was sent.\nLag not yet";
        assert_eq!(all(&[sent()], 9), format!("{way}{on}{taken}{asked}"));
        let missed = Recorded { missed: Some(after(30)), ..sent() };
        let read_back = "Queryable waiting not found 24s after it was sent\nLag not yet";
        assert_eq!(all(std::slice::from_ref(&missed), 40), format!("{way}{on}{taken}{read_back}"));
        let arrived = Recorded { outcome: Outcome::Arrived, seen: Some(after(60)), ingested: Some(after(8)), copies: 1, ..missed };
        let seen = "Queryable done between 24s and 54s after it was sent\nLag done ingested 2.0s after it was sent";
        assert_eq!(
            all(std::slice::from_ref(&arrived), 70),
            format!("The first beat has arrived, 2.0s after it was sent.\n{on}{taken}{seen}")
        );
        assert_eq!(all(&[arrived], 60 + 181), "", "it is hidden three minutes after the arrival");
    }

    #[test]
    fn a_step_that_fails_says_why() {
        let rejected = Recorded { outcome: Outcome::Rejected, status: Some(503), ..sent() };
        let excerpt = ResponseExcerpt { status: 503, words: "no".into(), headers: Vec::new(), ..ResponseExcerpt::default() };
        let of = EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt };
        let evidence = |of| vec![Evidence { route: RouteId(1), minute: START, at: after(7), of }];
        let text = text_of(&shown(project(), &[rejected], evidence(of), None, after(9)).unwrap());
        assert!(text.starts_with("The first beat was not accepted. Heartbeat sends a new beat each minute.\n"), "{text}");
        assert!(text.contains("Accepted failed rejected: 503 `no` (dns 0.9ms"), "{text}");
        let cut = Recorded { outcome: Outcome::Unreachable, status: None, phases: Phases::default(), ..sent() };
        let of = EvidenceOf::Unreachable { at: Phase::Dns, obstacle: Obstacle::Other, words: "no such name".into() };
        let text = text_of(&shown(project(), &[cut], evidence(of), None, after(9)).unwrap());
        assert!(text.contains("Accepted failed unreachable at dns: no such name\nQueryable not yet"), "{text}");
        let excerpt = ResponseExcerpt {
            status: 403,
            words: "API key missing required scope 'query:read'".into(),
            headers: Vec::new(),
            ..ResponseExcerpt::default()
        };
        let failure = ReadbackError { kind: ReadbackErrorKind::KeyForbidden, excerpt, retry_after: None, note: None };
        let text = text_of(&shown(project(), &[sent()], Vec::new(), Some(failure), after(40)).unwrap());
        assert!(text.starts_with("... since the first beat was sent. It was accepted, but the read-back failed."), "{text}");
        assert!(
            text.contains("Queryable failed read-back failed: 403 `API key missing required scope 'query:read'`: the personal"),
            "{text}"
        );
    }

    #[test]
    fn without_a_key_nobody_looks_and_nobody_waits() {
        let mut project = project();
        project.spec.personal_key = None;
        let text = text_of(&shown(project, &[sent()], Vec::new(), None, after(9)).unwrap());
        assert!(text.starts_with("The first beat was accepted.\n"), "{text}");
        assert!(text.contains("Queryable not verified No personal API key is set"), "{text}");
    }

    #[test]
    fn the_beat_that_came_furthest_is_the_first() {
        let rejected = Recorded { outcome: Outcome::Rejected, status: Some(503), ..sent() };
        let taken = Recorded { minute: START.plus(1), sent: Some(after(66)), ..sent() };
        let text = all(&[rejected, taken], 70);
        assert!(text.contains("Accepted done") && !text.contains("failed"), "{text}");
    }

    #[test]
    fn what_was_waited_for_in_vain_is_the_verdicts() {
        assert!(!all(&[sent()], 17 * 60).is_empty());
        assert_eq!(all(&[sent()], 19 * 60), "");
        let mut off = project();
        off.spec.heartbeat = None;
        assert_eq!(shown(off, &[], Vec::new(), None, after(9)), None);
    }
}
