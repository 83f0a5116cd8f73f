//! One project: its health and diagnosis, from the evidence of all its routes.

use std::fmt;
use std::time::Duration;

use super::diagnosis::{self, Direct, Way};
use super::facts::Facts;
use super::finding::{Finding, RouteFinding, find};
use super::loss::{Sight, lost_among};
use super::partition::partitions;
use crate::model::{
    Counts, Diagnosis, Minute, Outcome, Parts, Place, ReadbackErrorKind, Recorded, RouteId, RuleKind, Timestamp, named_enum, span,
};

/// Heartbeat does not run if no beat is on record for this long: a slot lies in the first 45 s of its minute, and a try times out after 20 s.
const QUIET_FOR: Duration = Duration::from_secs(75);
const COUNTED: usize = 30;
/// How long a witness's twin has to arrive.
const TWIN_AFTER: Duration = Duration::from_secs(90);
/// How far back losses are looked for.
const LOOKED_BACK: Duration = Duration::from_mins(59);

named_enum! {
    /// From best to worst: of several projects the worst one is shown.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Health {
        /// Heartbeat is not enabled: nothing is expected.
        Disabled = "disabled",
        Up = "up",
        Unverified = "unverified",
        /// Too early to tell.
        Pending = "pending",
        NotRunning = "not_running" or "not running",
        /// Beats cannot be read back; this says nothing about ingestion.
        Unknown = "unknown",
        Degraded = "degraded",
        Down = "down",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub health: Health,
    /// Where the way is or may be broken; also with health `up`, if the newest beat takes longer than the one before.
    pub cause: Option<Diagnosis>,
    pub since: Option<Minute>,
    /// The lag of the newest beat, if it arrived.
    pub lag: Option<Duration>,
    pub counts: Counts,
    /// Whether beats are accepted but have not arrived yet.
    pub is_awaited: bool,
    /// Whether no beat of the last hour is known to be lost or rejected.
    pub is_whole: bool,
}

impl Verdict {
    /// The diagnosis; if there is no cause, one that states the health.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let found = self.cause.clone().unwrap_or_else(|| Diagnosis::at(Place::None, self.headline()));
        let summary = format!("{}.", found.summary.trim_end_matches('.'));
        Diagnosis { counts: Some(self.counts), summary, ..found }.since(self.since)
    }

    /// The first sentence, before any cause.
    fn headline(&self) -> String {
        let took = self.lag.map(|lag| format!("the last one took {}", span(lag)));
        match self.health {
            Health::Disabled => "Heartbeat is not enabled here".into(),
            Health::Pending if self.since.is_some() && self.cause.is_none() => "Beats are accepted again, and are on their way".into(),
            Health::Pending => "The first beat is on its way".into(),
            Health::Up => match (&self.cause, took) {
                (Some(_), _) => "Waiting for the last beat".into(),
                (None, Some(took)) if self.is_whole => format!("Every beat arrives; {took}"),
                (None, Some(took)) => format!("Beats arrive; {took}"),
                (None, None) => "Beats arrive".into(),
            },
            Health::Unverified => "Every beat is accepted; arrival is not checked because there is no personal API key".into(),
            Health::Degraded => match self.cause.as_ref().map(|cause| cause.place) {
                Some(Place::Clock) => "Beats arrive".into(),
                Some(Place::AnswersLost) => "Beats arrive, but capture does not answer".into(),
                // Accepted and not there yet: the lag of the last arrival says nothing about them.
                Some(Place::Pipeline | Place::Filtered | Place::Partition | Place::Intermediary) if self.is_awaited => {
                    "Beats are late".into()
                }
                _ => took.map_or_else(|| "Beats arrive late".into(), |took| format!("Beats arrive late: {took}")),
            },
            Health::Down if self.cause.as_ref().is_some_and(|cause| cause.place == Place::PartialLoss) => "Some beats are lost".into(),
            Health::Down => "Beats do not arrive".into(),
            Health::Unknown => "Beats cannot be read back".into(),
            Health::NotRunning => "Nothing is being sent".into(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.health, &self.cause) {
            // The headline would repeat the cause.
            (Health::NotRunning, Some(cause)) => write!(f, "{}.", cause.summary.trim_end_matches('.'))?,
            (Health::Disabled | Health::Unverified, _) | (_, None) => write!(f, "{}.", self.headline())?,
            (_, Some(cause)) => {
                let only = cause.route.as_ref().map_or_else(String::new, |route| format!(" on the route {route}"));
                write!(f, "{}{only}. {}.", self.headline(), cause.summary.trim_end_matches('.'))?;
            }
        }
        let says_since = match self.health {
            Health::Down | Health::Degraded | Health::NotRunning => true,
            Health::Pending => self.cause.is_none(),
            Health::Disabled | Health::Up | Health::Unverified | Health::Unknown => false,
        };
        match self.since.filter(|_| says_since) {
            Some(since) => write!(f, " Since {since} UTC."),
            None => Ok(()),
        }
    }
}

#[must_use]
pub fn verdict(facts: &Facts<'_>) -> Verdict {
    let plain =
        |health| Verdict { health, cause: None, since: None, lag: None, counts: Counts::default(), is_awaited: false, is_whole: true };
    let Some(on_since) = facts.on_since else { return plain(Health::Disabled) };
    let findings: Vec<RouteFinding<'_>> = facts.routes.iter().map(|route| find(facts, route)).collect();
    let newest = findings.iter().filter_map(|found| found.newest.map(|beat| beat.minute)).max();
    if let Some(since) = not_running_since(facts, on_since, newest) {
        return Verdict { cause: Some(diagnosis::not_running()), since: Some(since), ..plain(Health::NotRunning) };
    }
    let failure = facts.readback.and_then(|readback| readback.result.as_ref().err());
    let lag = findings.iter().filter_map(RouteFinding::lag).max();
    let Some(worst) = findings.iter().max_by_key(|found| found.rank()) else { return plain(Health::Pending) };
    let plain = |health| Verdict { counts: counts(facts, None), is_whole: is_whole(facts), ..plain(health) };
    // A loss while later beats arrive is final, whatever the newest beats show.
    let loss =
        losing(facts, on_since).filter(|_| worst.arrives() || matches!(worst.finding, Finding::Waiting(_) | Finding::Missing { .. }));
    if let Some(lost) = loss.filter(|_| failure.is_none()) {
        return Verdict { cause: Some(lost), lag, ..plain(Health::Down) };
    }
    let cause = place(facts, &findings, worst);
    let health = match &worst.finding {
        Finding::Rejected | Finding::Unreachable | Finding::Missing { lost: true, .. } => Health::Down,
        // What was missing before read-backs failed says nothing about now.
        _ if failure.is_some() => return cannot_read(facts, worst, plain, newest.is_some()),
        // These are not late: they will never arrive.
        Finding::Missing { .. } if cause.as_ref().is_some_and(Diagnosis::is_final) => Health::Down,
        Finding::Missing { .. } | Finding::Slow(_) | Finding::AnswersLost => Health::Degraded,
        Finding::Waiting(_) if !facts.beats.iter().any(|beat| beat.outcome.is_seen()) => Health::Pending,
        Finding::Waiting(_) | Finding::Fine(_) => Health::Up,
        Finding::Nothing | Finding::Unverified => Health::Pending,
    };
    if health == Health::Up
        && cause.is_none()
        && let Some(wrong) = diagnosis::wrong_clock(facts.readback.and_then(|readback| readback.findings.server_ahead_ms))
    {
        return Verdict { cause: Some(wrong), lag, ..plain(Health::Degraded) };
    }
    let says_since =
        worst.is_broken() || matches!(worst.finding, Finding::Waiting(_) | Finding::Slow(_) | Finding::AnswersLost | Finding::Nothing);
    let is_awaited = matches!(worst.finding, Finding::Missing { .. });
    // A cause on one route counts the beats of that route only.
    let counts = counts(facts, cause.as_ref().and_then(|cause| cause.route.as_ref()).map(|_| worst.route.id));
    Verdict { cause, since: worst.since.filter(|_| says_since), lag, counts, is_awaited, ..plain(health) }
}

/// Read-backs fail: whether beats arrive is unknown.
fn cannot_read(facts: &Facts<'_>, worst: &RouteFinding<'_>, plain: impl Fn(Health) -> Verdict, has_beats: bool) -> Verdict {
    let Some(failure) = facts.readback.and_then(|readback| readback.result.as_ref().err()) else { return plain(Health::Unknown) };
    let way = Way::of(facts.spec, worst.route);
    let down = facts.readback.map_or_else(Parts::default, |readback| readback.findings.parts_down());
    let health = match (failure.kind == ReadbackErrorKind::NoKey, has_beats) {
        (true, true) => Health::Unverified,
        (true, false) => Health::Pending,
        (false, _) => Health::Unknown,
    };
    Verdict { cause: Some(diagnosis::unreadable(&way, failure, down)), ..plain(health) }
}

/// The first minute without a beat, if beats have been due for a while and there is none.
fn not_running_since(facts: &Facts<'_>, on_since: Timestamp, newest: Option<Minute>) -> Option<Minute> {
    let begun = facts.routes.iter().map(|route| route.since).min()?.max(on_since);
    let due = newest.map_or(begun, |newest| newest.end().max(begun));
    (facts.now.since(due) > QUIET_FOR).then(|| due.minute())
}

fn losing(facts: &Facts<'_>, on_since: Timestamp) -> Option<Diagnosis> {
    // Ingestion Alert's defaults, so that a project without it is judged the same way.
    let window = RuleKind::PartialLoss.usual().damping;
    let (least, of) = (usize::from(window.bad), usize::from(window.of));
    let beats = last_hour(facts);
    // Usually no beat is missing, and the rest can be skipped.
    if beats.iter().rev().take(of * 4).filter(|beat| beat.missed.is_some() && !beat.outcome.is_seen()).count() < least {
        return None;
    }
    if partitions(facts.routes, beats, &facts.spec.timing).is_some() {
        return None;
    }
    let from = facts.now.minus(LOOKED_BACK).minute().start();
    let sight = Sight { routes: facts.routes, beats, timing: &facts.spec.timing, beginning: on_since.max(from) };
    let loss = lost_among(&sight, of);
    // An outage that has just ended is no partial loss.
    (loss.gone >= least && loss.gone < loss.decided && !loss.is_outage).then(|| loss.diagnosis(facts.routes))
}

/// The beats of the last hour, oldest first. Older ones are left to incidents; every caller loads at least this much.
fn last_hour<'a>(facts: &Facts<'a>) -> &'a [Recorded] {
    let from = facts.now.minus(LOOKED_BACK).minute();
    &facts.beats[facts.beats.partition_point(|beat| beat.minute < from)..]
}

/// The sent beats of the last hour, newest first.
fn sent_lately<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Recorded> {
    last_hour(facts).iter().rev().filter(|beat| beat.sent.is_some())
}

fn is_whole(facts: &Facts<'_>) -> bool {
    !sent_lately(facts).any(|beat| matches!(beat.outcome, Outcome::Lost | Outcome::Rejected | Outcome::Unreachable))
}

/// The results of the newest beats, of one route or of all.
fn counts(facts: &Facts<'_>, route: Option<RouteId>) -> Counts {
    let mut counts = Counts::default();
    for beat in sent_lately(facts).filter(|beat| route.is_none_or(|route| beat.route == route)).take(COUNTED) {
        counts.beats += 1;
        let count = match beat.outcome {
            Outcome::Arrived => &mut counts.arrived,
            Outcome::Late => &mut counts.late,
            Outcome::Awaiting => &mut counts.missing,
            Outcome::Unverified => &mut counts.unverified,
            Outcome::Lost => &mut counts.lost,
            Outcome::Rejected => &mut counts.rejected,
            Outcome::Unreachable => &mut counts.not_answered,
            Outcome::NotSent => continue,
        };
        *count += 1;
    }
    counts
}

/// Where the way is broken: on all routes, on one, or on some partitions.
fn place(facts: &Facts<'_>, findings: &[RouteFinding<'_>], worst: &RouteFinding<'_>) -> Option<Diagnosis> {
    // A route whose beats capture accepts is better off than one whose beats it does not, whether they arrive or not.
    let at_capture = !worst.is_accepted();
    let is_broken = |found: &&RouteFinding<'_>| if at_capture { !found.is_accepted() } else { found.is_broken() };
    let is_fine = |found: &&RouteFinding<'_>| if at_capture { found.is_accepted() } else { found.arrives() };
    let known = || findings.iter().filter(|found| !matches!(found.finding, Finding::Nothing | Finding::Unverified));
    let (broken, fine): (Vec<_>, Vec<_>) = (known().filter(is_broken).collect(), known().filter(is_fine).collect());
    let cause = worst.diagnose(facts, direct(facts, worst, &fine))?;
    if matches!(worst.finding, Finding::Missing { .. })
        && !cause.is_final()
        && let Some(found) = partitions(facts.routes, last_hour(facts), &facts.spec.timing)
    {
        return Some(diagnosis::partitions(&found));
    }
    if broken.len() != 1 || fine.is_empty() {
        return Some(cause);
    }
    let route = worst.route.spec.name.clone();
    let title = if cause.place == Place::Intermediary { Some(format!("the way through {route} is broken")) } else { cause.title };
    Some(Diagnosis { route: Some(route), title, ..cause })
}

/// Whether events arrive on a route to another address, or were sent past the proxy to find out: if they do, PostHog is not to blame for what is
/// missing here.
fn direct(facts: &Facts<'_>, worst: &RouteFinding<'_>, fine: &[&RouteFinding<'_>]) -> Direct {
    let other_way = |found: &&&RouteFinding<'_>| found.route.spec.host != worst.route.spec.host;
    if fine.iter().filter(other_way).any(|found| found.arrives()) {
        return Direct::Arrives;
    }
    let witness = facts
        .readback
        .filter(|_| Way::of(facts.spec, worst.route).is_through_proxy())
        .and_then(|readback| Some((readback, readback.findings.witness?)));
    match witness {
        Some((_, witness)) if witness.seen && witness.twin_seen => Direct::BothArrive,
        // Its twin may need a little longer.
        Some((readback, witness)) if witness.seen && readback.at.since(witness.sent()) >= TWIN_AFTER => Direct::Arrives,
        Some((_, witness)) if witness.seen => Direct::Unknown,
        Some((readback, witness)) if readback.at.since(witness.sent()) > facts.spec.timing.late_after => Direct::Missing,
        _ => Direct::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::letters::{START, beats, spec};
    use crate::model::{
        DistinctId, Endpoint, Evidence, EvidenceOf, Host, Part, Parts, ProjectId, Readback, ReadbackError, Region, RejectionReason,
        ResponseExcerpt, Route, RouteId, RouteSpec, TokenReading, TokenStatus, Traffic,
    };

    fn route(id: i64, name: &str, distinct_id: DistinctId) -> Route {
        let spec = RouteSpec { name: name.into(), event: name.into(), host: None, endpoint: Endpoint::V0, distinct_id };
        Route { id: RouteId(id), spec, since: START.start() }
    }

    fn fixed(id: i64) -> Route {
        route(id, &format!("r{id}"), DistinctId::Fixed("x".into()))
    }

    fn through(route: Route, host: &str) -> Route {
        let spec = RouteSpec { host: Some(Host::parse(host).unwrap()), ..route.spec };
        Route { spec, ..route }
    }

    fn readback(result: Result<Traffic, ReadbackError>) -> Readback {
        let at = START.start();
        Readback {
            project: ProjectId(1),
            at,
            result,
            last_good: None,
            failing_since: None,
            not_before: at,
            posthog_id: None,
            token: None,
            findings: crate::model::Findings::default(),
        }
    }

    fn judge(routes: &[Route], letters: &[&str], readback: Option<&Readback>) -> Verdict {
        let mut all: Vec<Recorded> = routes.iter().zip(letters).flat_map(|(route, letters)| beats(route.id.0, letters)).collect();
        // In the order of the store.
        all.sort_by_key(|beat| (beat.minute, beat.route));
        let now = START.plus(letters.iter().map(|letters| letters.len()).max().unwrap_or(1) as i64 - 1).end();
        verdict(&Facts { now, spec: &spec(), on_since: Some(START.start()), routes, beats: &all, evidence: &[], readback, first_bad: None })
    }

    #[test]
    fn one_route_speaks_for_itself() {
        for (letters, health, says) in [
            ("", Health::Pending, "first beat is on its way"),
            (".", Health::Pending, "first beat is on its way"),
            (
                "w",
                Health::Pending,
                "first beat is on its way. Events are accepted at https://posthog.example.com, and cannot be queried after 30s",
            ),
            ("AAA.", Health::Up, "Every beat arrives; the last one took 2.0s."),
            ("AAAw", Health::Up, "Waiting for the last beat"),
            ("AAWw.", Health::Degraded, "cannot be queried after 5m 00s: ingestion behind capture is stuck or slow. Since 08:02 UTC."),
            ("AL", Health::Degraded, "arrive late: the last one took 3m 20s"),
            (
                "AAXWw.",
                Health::Down,
                "Beats do not arrive. Events are accepted at https://posthog.example.com, and cannot be queried after 15m 00s",
            ),
            ("AAR", Health::Down, "PostHog's capture at https://posthog.example.com is failing: 503. Since 08:02 UTC."),
            ("AAU", Health::Down, "accepts the connection but sends no complete response"),
            ("AAU.", Health::Pending, "Beats are accepted again, and are on their way. Since"),
            ("AAX?.", Health::Pending, "on its way"),
            ("AAXA", Health::Up, "Beats arrive; the last one took"),
            ("A____", Health::NotRunning, "Nothing is being sent"),
        ] {
            let verdict = judge(&[fixed(1)], &[letters], None);
            assert_eq!(verdict.health, health, "{letters}: {verdict}");
            assert!(verdict.to_string().contains(says), "{letters}: {verdict}");
        }
    }

    #[test]
    fn several_routes_name_the_place() {
        let fresh = route(2, "fresh", DistinctId::Fresh("y".into()));
        for (letters, routes, says) in [
            (["AAA", "AAR"], [fixed(1), fixed(2)], "on the route r2. PostHog's capture at"),
            (["AAR", "AAR"], [fixed(1), fixed(2)], "do not arrive. PostHog's capture at"),
            (["AAA", "AXX"], [fixed(1), fresh.clone()], "new distinct ids are missing"),
            // A single beat may be lost for any reason.
            (["AAA", "WAA"], [fixed(1), fresh.clone()], "Beats are late on the route fresh"),
            (["AAA", "XAA"], [fixed(1), fresh.clone()], "Beats arrive; the last one took"),
            (["AAA", "WAA"], [fixed(1), fixed(2)], "Every beat arrives"),
            (["AXXXXX", "AAAAAA"], [fixed(1), fresh.clone()], "fixed distinct id are missing"),
            (["AXX", "AXX"], [fixed(1), fresh.clone()], "do not arrive. Events are accepted at"),
            (["AAA", "AAX"], [fixed(1), fixed(2)], "on the route r2. Events are accepted at"),
            (["AAw", "AAR"], [fixed(1), fixed(2)], "on the route r2. PostHog's capture at"),
            (["AXX", "AXR"], [fixed(1), fixed(2)], "on the route r2. PostHog's capture at"),
            (["___", "AAR"], [fixed(1), fixed(2)], "do not arrive. PostHog's capture at"),
            (
                ["AAA", "AXX"],
                [fixed(1), through(fresh.clone(), "https://proxy.example.com")],
                "on the route fresh. The way through https://proxy.example.com is broken",
            ),
        ] {
            let verdict = judge(&routes, &letters, None);
            assert!(verdict.to_string().contains(says), "{letters:?}: {verdict}");
        }
    }

    #[test]
    fn what_is_accepted_and_missing_is_told_by_what_else_is_known() {
        let newest = |seconds| Some(START.start().plus(Duration::from_secs(seconds)));
        let word = |token_status| Some(TokenReading { token_status, asked: START.start(), down: Parts::default() });
        let down = |parts: &[Part]| word(TokenStatus::Known).map(|word| TokenReading { down: parts.iter().copied().collect(), ..word });
        // The oldest missing beat was sent at 60 s, and the read-back was 300 s later.
        let at = START.start().plus(Duration::from_mins(6));
        let others = |seconds| Traffic { others: 3, newest: newest(seconds), ..Traffic::default() };
        let none = Traffic::default();
        for (letters, token, traffic, health, place, says) in [
            ("AW", word(TokenStatus::Unknown), none, Health::Down, Place::Token, "does not know the project token"),
            ("AX", word(TokenStatus::Unknown), none, Health::Down, Place::Token, "does not know the project token"),
            (
                "Aw",
                word(TokenStatus::Unknown),
                none,
                Health::Up,
                Place::Pipeline,
                "after 30s; there is no other event of the last 30 minutes either",
            ),
            ("AA", word(TokenStatus::Unknown), none, Health::Up, Place::None, "Every beat arrives"),
            ("AW", word(TokenStatus::Known), none, Health::Degraded, Place::Pipeline, "either; the project token is known"),
            (
                "AW",
                word(TokenStatus::Known),
                others(59),
                Health::Degraded,
                Place::Pipeline,
                "is from 08:00:59 UTC; the project token is known",
            ),
            (
                "AW",
                word(TokenStatus::Known),
                others(61),
                Health::Degraded,
                Place::Filtered,
                "the newest from 08:01:01 UTC: only Heartbeat's own are missing",
            ),
            ("AW", word(TokenStatus::Untold), others(61), Health::Degraded, Place::Filtered, "only Heartbeat's own are missing"),
            ("AW", None, none, Health::Degraded, Place::Pipeline, "no other event of the last 30 minutes either"),
            ("AW", word(TokenStatus::Elsewhere(Region::Eu)), none, Health::Down, Place::Token, "belongs to a project in PostHog Cloud EU"),
            ("AW", word(TokenStatus::OverQuota), none, Health::Down, Place::Quota, "the project is over its events quota"),
            ("Aw", word(TokenStatus::OverQuota), none, Health::Up, Place::Pipeline, "cannot be queried after 30s"),
            ("AW", word(TokenStatus::Altered), none, Health::Down, Place::Intermediary, "does not get through https://posthog.example.com"),
            (
                "AW",
                down(&[Part::Kafka, Part::Plugins, Part::Celery]),
                none,
                Health::Degraded,
                Place::Pipeline,
                "after 5m 00s: PostHog says that kafka, plugins, celery are down",
            ),
            ("AX", down(&[Part::Kafka]), none, Health::Down, Place::Pipeline, "PostHog says that kafka is down"),
            ("AW", down(&[Part::Celery]), none, Health::Degraded, Place::Pipeline, "the project token is known"),
            ("AW", down(&[Part::Kafka]), others(61), Health::Degraded, Place::Filtered, "only Heartbeat's own are missing"),
        ] {
            let readback = Readback { at, token, ..readback(Ok(traffic)) };
            let verdict = judge(&[fixed(1)], &[letters], Some(&readback));
            assert_eq!(verdict.health, health, "{letters} {token:?}: {verdict}");
            assert!(verdict.to_string().contains(says), "{letters} {token:?}: {verdict}");
            assert_eq!(verdict.diagnosis().place, place, "{letters} {token:?}: {verdict}");
        }
        let elsewhere = Readback { token: word(TokenStatus::Unknown), ..readback(Ok(Traffic::default())) };
        let verdict = judge(&[fixed(1), fixed(2)], &["AA", "AW"], Some(&elsewhere));
        assert_eq!(verdict.health, Health::Down, "{verdict}");
        assert!(
            verdict.to_string().contains("on the route r2. The PostHog at https://posthog.example.com does not know the project token"),
            "{verdict}"
        );
    }

    #[test]
    fn nothing_sent_is_ours_once_something_was_due() {
        let routes = [fixed(1)];
        let after = |seconds, on_since| {
            let now = START.start().plus(Duration::from_secs(seconds));
            verdict(&Facts {
                now,
                spec: &spec(),
                on_since,
                routes: &routes,
                beats: &beats(1, "A"),
                evidence: &[],
                readback: None,
                first_bad: None,
            })
        };
        let start = Some(START.start());
        // A late slot in the next minute, and a try that timed out after 20 s.
        assert_eq!(after(125, start).health, Health::Up);
        assert_eq!(after(136, start).to_string(), "Nothing is being sent: Heartbeat is not running. Since 08:01 UTC.");
        let switched_on_again = Some(START.start().plus(Duration::from_hours(10)));
        assert_eq!(after(36_001, switched_on_again).health, Health::Up);
        let idle = after(36_100, switched_on_again);
        assert_eq!(idle.to_string(), "Nothing is being sent: Heartbeat is not running. Since 18:00 UTC.");
        let never = verdict(&Facts {
            now: START.start().plus(Duration::from_mins(9)),
            spec: &spec(),
            on_since: start,
            routes: &routes,
            beats: &[],
            evidence: &[],
            readback: None,
            first_bad: None,
        });
        assert_eq!(never.health, Health::NotRunning, "a first beat that is not sent is not on its way");
    }

    #[test]
    fn blindness_is_ours_and_says_which_repair() {
        let excerpt = ResponseExcerpt {
            status: 403,
            words: "API key missing required scope 'query:read'".into(),
            headers: Vec::new(),
            ..ResponseExcerpt::default()
        };
        let blind = readback(Err(ReadbackError { kind: ReadbackErrorKind::KeyForbidden, excerpt, retry_after: None, note: None }));
        for letters in ["AAW.", "A??", "AA.", "AX?"] {
            let verdict = judge(&[fixed(1)], &[letters], Some(&blind));
            assert_eq!(verdict.health, Health::Unknown, "{letters}");
            assert!(
                verdict.to_string().contains(
                    "read back. The personal API key may not query this project: 403 “API key missing required scope 'query:read'”"
                ),
                "{verdict}"
            );
        }
        assert_eq!(judge(&[fixed(1)], &["AAR"], Some(&blind)).health, Health::Down, "a rejection needs no read-back");
        let unasked = readback(Err(ReadbackError {
            kind: ReadbackErrorKind::NoKey,
            excerpt: ResponseExcerpt::default(),
            retry_after: None,
            note: None,
        }));
        assert_eq!(judge(&[fixed(1)], &["..."], Some(&unasked)).health, Health::Unverified);
    }

    #[test]
    fn what_was_refused_is_quoted() {
        let (routes, all) = ([fixed(1)], beats(1, "R"));
        let excerpt = ResponseExcerpt {
            status: 503,
            words: "transient error, please retry".into(),
            by: crate::model::AnsweredBy::Posthog,
            ..ResponseExcerpt::default()
        };
        let of = EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt };
        let evidence = [Evidence { route: RouteId(1), minute: START, at: START.start(), of }];
        let facts = Facts {
            now: START.end(),
            spec: &spec(),
            on_since: Some(START.start()),
            routes: &routes,
            beats: &all,
            evidence: &evidence,
            readback: None,
            first_bad: None,
        };
        assert!(verdict(&facts).to_string().contains("503 “transient error, please retry”"));
    }
}
