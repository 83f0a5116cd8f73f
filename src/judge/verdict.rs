//! One project: its health in a word, and where the way is broken, from the evidence of all its routes together.

use std::fmt;
use std::time::Duration;

use crate::model::{
    DistinctId, Evidence, EvidenceOf, Look, LookFailure, LookTrouble, Minute, Outcome, Pace, Phase, Recorded, Route, Timestamp, Traffic,
    span,
};

/// Everything a verdict is made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// When it is asked for.
    pub now: Timestamp,
    /// The project's waits.
    pub pace: &'a Pace,
    /// Whether Heartbeat is installed and enabled.
    pub on: bool,
    /// The routes in use.
    pub routes: &'a [Route],
    /// Their beats of the last hours, oldest first.
    pub beats: &'a [Recorded],
    /// What failures among them left, oldest first.
    pub evidence: &'a [Evidence],
    /// The newest look.
    pub look: Option<&'a Look>,
}

/// A project's health in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not enabled: nothing is expected.
    Off,
    /// Too early to tell.
    Pending,
    /// Beats arrive in time.
    Good,
    /// Beats are taken in; whether they arrive is not checked.
    Unchecked,
    /// Beats arrive late.
    Slow,
    /// Beats do not arrive.
    Bad,
    /// We cannot look: our trouble until shown otherwise.
    Blind,
    /// We do not send: ours.
    Idle,
}

impl Health {
    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Pending => "pending",
            Self::Good => "good",
            Self::Unchecked => "unchecked",
            Self::Slow => "slow",
            Self::Bad => "bad",
            Self::Blind => "blind",
            Self::Idle => "idle",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The place where the way is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Capture answers, and does not take beats.
    CaptureRefuses {
        /// Its answer: status and words.
        words: String,
    },
    /// Capture does not answer.
    CaptureUnreachable {
        /// Where the way ends.
        at: Phase,
        /// The error.
        words: String,
    },
    /// Accepted, and not to be found by queries.
    NotQueryable {
        /// How long the oldest has been missing.
        waited: Duration,
        /// What else the last look saw.
        traffic: Option<Traffic>,
    },
    /// Of several routes only this is broken.
    OnlyRoute {
        /// Its name.
        route: String,
        /// What is wrong on it.
        cause: Box<Self>,
    },
    /// Beats whose distinct id decides for some partitions are missing, others arrive.
    SomePartitions {
        /// Whether those with a new distinct id each minute are the missing ones.
        fresh_missing: bool,
    },
    /// Queries fail.
    CannotLook(LookFailure),
    /// Nothing was sent lately: Heartbeat is not running.
    NotRunning,
}

/// One sentence without a full stop, beginning in lower case.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaptureRefuses { words } => write!(f, "capture refuses: {words}"),
            Self::CaptureUnreachable { at, words } => write!(f, "capture unreachable at {at}: {words}"),
            Self::NotQueryable { waited, traffic } => {
                write!(f, "accepted, but not queryable after {}", span(*waited))?;
                match traffic {
                    Some(Traffic { others: 0, .. }) => f.write_str("; no other event in the last 30 minutes either"),
                    Some(Traffic { newest: Some(newest), .. }) => write!(f, "; the newest other event is from {}", newest.time_of_day()),
                    _ => Ok(()),
                }
            }
            Self::OnlyRoute { route, cause } => write!(f, "only route {route}: {cause}"),
            Self::SomePartitions { fresh_missing: true } => {
                f.write_str("only some partitions of the queue: events with new distinct ids are missing, those with the fixed one arrive")
            }
            Self::SomePartitions { fresh_missing: false } => {
                f.write_str("only some partitions of the queue: events with the fixed distinct id are missing, those with new ones arrive")
            }
            Self::CannotLook(failure) => write!(f, "cannot look: {failure}"),
            Self::NotRunning => f.write_str("nothing is being sent: Heartbeat is not running"),
        }
    }
}

/// A project's health, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In a word.
    pub health: Health,
    /// Where the way is broken, or where it may be: also while Good, when a beat keeps us waiting longer than the one before.
    pub cause: Option<Cause>,
    /// The first minute of the trouble.
    pub since: Option<Minute>,
    /// The newest beat's lag, where one arrived.
    pub lag: Option<Duration>,
}

/// One sentence with a full stop.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.health, &self.cause) {
            (Health::Off, _) => f.write_str("Heartbeat is not enabled here")?,
            (Health::Pending, None) => f.write_str("The first beat is on its way")?,
            (Health::Pending, Some(cause)) => write!(f, "The first beat is on its way: {cause}")?,
            (Health::Good, None) => match self.lag {
                Some(lag) => write!(f, "Every beat arrives; the last one took {}", span(lag))?,
                None => f.write_str("Every beat arrives")?,
            },
            (Health::Good, Some(cause)) => write!(f, "Waiting for the last beat: {cause}")?,
            (Health::Unchecked, _) => f.write_str("Every beat is accepted; arrival is not checked, for want of a personal API key")?,
            (Health::Slow, None) => match self.lag {
                Some(lag) => write!(f, "Beats arrive late: the last one took {}", span(lag))?,
                None => f.write_str("Beats arrive late")?,
            },
            (Health::Slow, Some(cause)) => write!(f, "Beats are late: {cause}")?,
            (Health::Bad, cause) => {
                f.write_str("Beats do not arrive")?;
                if let Some(cause) = cause {
                    write!(f, ": {cause}")?;
                }
            }
            (Health::Blind | Health::Idle, Some(cause)) => {
                let sentence = cause.to_string();
                let mut letters = sentence.chars();
                if let Some(first) = letters.next() {
                    write!(f, "{}{}", first.to_uppercase(), letters.as_str())?;
                }
            }
            (Health::Blind | Health::Idle, None) => f.write_str("Nothing is known")?,
        }
        if let (Some(since), Health::Bad | Health::Slow | Health::Idle) = (self.since, self.health) {
            write!(f, " (since {since})")?;
        }
        f.write_str(".")
    }
}

/// What one route's beats say.
#[derive(Debug, Clone, PartialEq)]
enum Finding {
    /// No beat, or none decided yet.
    Nothing,
    Fine(Option<Duration>),
    Slow(Option<Duration>),
    /// Accepted and missed by a look, though not for long.
    Waiting(Duration),
    /// Accepted and missing for longer than `late_after`; `lost` once `lost_after` has passed for one of them.
    Missing {
        waited: Duration,
        lost: bool,
    },
    Refused(String),
    Unreachable(Phase, String),
    /// The last beats ended Unseen.
    Unseen,
}

struct RouteFinding<'a> {
    route: &'a Route,
    finding: Finding,
    since: Option<Minute>,
    newest: Option<Minute>,
}

impl RouteFinding<'_> {
    fn is_fine(&self) -> bool {
        matches!(self.finding, Finding::Fine(_) | Finding::Slow(_))
    }

    fn cause(&self, traffic: Option<Traffic>) -> Option<Cause> {
        match &self.finding {
            Finding::Refused(words) => Some(Cause::CaptureRefuses { words: words.clone() }),
            Finding::Unreachable(at, words) => Some(Cause::CaptureUnreachable { at: *at, words: words.clone() }),
            Finding::Missing { waited, .. } | Finding::Waiting(waited) => Some(Cause::NotQueryable { waited: *waited, traffic }),
            Finding::Nothing | Finding::Fine(_) | Finding::Slow(_) | Finding::Unseen => None,
        }
    }

    /// The worse, the higher. What capture says at once comes before what looks find out later.
    fn rank(&self) -> u8 {
        match &self.finding {
            Finding::Nothing | Finding::Unseen => 0,
            Finding::Fine(_) => 1,
            Finding::Waiting(_) => 2,
            Finding::Slow(_) => 3,
            Finding::Missing { lost: false, .. } => 4,
            Finding::Missing { lost: true, .. } => 5,
            Finding::Refused(_) => 6,
            Finding::Unreachable(..) => 7,
        }
    }
}

/// Judges a project.
#[must_use]
pub fn verdict(facts: &Facts<'_>) -> Verdict {
    let plain = |health| Verdict { health, cause: None, since: None, lag: None };
    if !facts.on {
        return plain(Health::Off);
    }
    let findings: Vec<RouteFinding<'_>> = facts.routes.iter().map(|route| find(facts, route)).collect();
    let newest = findings.iter().filter_map(|found| found.newest).max();
    if newest.is_some_and(|newest| newest < facts.now.minute().plus(-1)) {
        return Verdict { cause: Some(Cause::NotRunning), since: newest.map(|newest| newest.plus(1)), ..plain(Health::Idle) };
    }
    let failure = facts.look.and_then(|look| look.result.as_ref().err());
    let traffic = facts.look.and_then(|look| look.result.as_ref().ok().copied());
    let lag =
        findings.iter().filter_map(|found| if let Finding::Fine(lag) | Finding::Slow(lag) = &found.finding { *lag } else { None }).max();
    let Some(worst) = findings.iter().max_by_key(|found| found.rank()) else { return plain(Health::Pending) };
    let health = match &worst.finding {
        Finding::Refused(_) | Finding::Unreachable(..) | Finding::Missing { lost: true, .. } => Health::Bad,
        // What was missing before we went blind says nothing about now.
        _ if failure.is_some() => {
            let failure = failure.cloned();
            let without_key = failure.as_ref().is_some_and(|failure| failure.trouble == LookTrouble::NoKey);
            let health = match (without_key, newest) {
                (true, Some(_)) => Health::Unchecked,
                (true, None) => Health::Pending,
                (false, _) => Health::Blind,
            };
            return Verdict { cause: failure.map(Cause::CannotLook), ..plain(health) };
        }
        Finding::Missing { lost: false, .. } | Finding::Slow(_) => Health::Slow,
        Finding::Waiting(_) if !facts.beats.iter().any(|beat| beat.outcome.is_seen()) => Health::Pending,
        Finding::Waiting(_) | Finding::Fine(_) => Health::Good,
        Finding::Nothing | Finding::Unseen => Health::Pending,
    };
    Verdict { health, cause: place(&findings, worst, traffic), since: worst.since.filter(|_| worst.rank() > 1), lag }
}

/// Where the way is broken: on all routes, on one, or on some partitions.
fn place(findings: &[RouteFinding<'_>], worst: &RouteFinding<'_>, traffic: Option<Traffic>) -> Option<Cause> {
    let cause = worst.cause(traffic)?;
    let broken: Vec<_> = findings.iter().filter(|found| found.rank() >= 4).collect();
    let fine: Vec<_> = findings.iter().filter(|found| found.is_fine()).collect();
    if broken.is_empty() || fine.is_empty() {
        return Some(cause);
    }
    let is_fresh = |found: &&&RouteFinding<'_>| matches!(found.route.spec.distinct_id, DistinctId::Fresh(_));
    let missing = broken.iter().all(|found| matches!(found.finding, Finding::Missing { .. }));
    let (fresh_broken, fresh_fine) = (broken.iter().filter(is_fresh).count(), fine.iter().filter(is_fresh).count());
    let same_host = broken.iter().all(|found| fine.iter().any(|other| other.route.spec.host == found.route.spec.host));
    if missing && same_host && fresh_broken == broken.len() && fresh_fine == 0 {
        return Some(Cause::SomePartitions { fresh_missing: true });
    }
    if missing && same_host && fresh_broken == 0 && fresh_fine == fine.len() {
        return Some(Cause::SomePartitions { fresh_missing: false });
    }
    if broken.len() == 1 { Some(Cause::OnlyRoute { route: worst.route.spec.name.clone(), cause: Box::new(cause) }) } else { Some(cause) }
}

/// What the newest beats of a route say.
fn find<'a>(facts: &Facts<'a>, route: &'a Route) -> RouteFinding<'a> {
    let beats: Vec<&Recorded> = facts.beats.iter().filter(|beat| beat.route == route.id && beat.sent.is_some()).collect();
    let found = |finding, since| RouteFinding { route, finding, since, newest: beats.last().map(|beat| beat.minute) };
    let Some(last) = beats.last() else { return found(Finding::Nothing, None) };
    let run = |same: &dyn Fn(Outcome) -> bool| beats.iter().rev().take_while(|beat| same(beat.outcome)).last().map(|beat| beat.minute);
    match last.outcome {
        Outcome::Refused => found(Finding::Refused(words_of(facts, last)), run(&|outcome| outcome == Outcome::Refused)),
        Outcome::Unreachable => {
            let at = facts.evidence.iter().rfind(|evidence| evidence.route == last.route && evidence.minute == last.minute);
            let phase =
                at.map_or(Phase::Answer, |evidence| if let EvidenceOf::Unreachable { at, .. } = evidence.of { at } else { Phase::Answer });
            found(Finding::Unreachable(phase, words_of(facts, last)), run(&|outcome| outcome == Outcome::Unreachable))
        }
        Outcome::Arrived => found(Finding::Fine(last.ingested_lag()), None),
        Outcome::Late => found(Finding::Slow(last.ingested_lag()), run(&|outcome| outcome == Outcome::Late)),
        Outcome::Unsent => found(Finding::Nothing, None),
        Outcome::Awaiting | Outcome::Lost | Outcome::Unseen => undecided(facts, &beats, &found),
    }
}

/// The newest beats are accepted and not seen: for how long, and what came before them?
fn undecided<'a>(facts: &Facts<'a>, beats: &[&Recorded], found: &dyn Fn(Finding, Option<Minute>) -> RouteFinding<'a>) -> RouteFinding<'a> {
    let open = |beat: &&&Recorded| matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unseen);
    let run: Vec<&Recorded> = beats.iter().rev().take_while(open).copied().collect();
    let waited = run.iter().filter_map(|beat| beat.missed.map(|missed| missed.since(beat.counted_from()))).max();
    let since = run.iter().filter(|beat| beat.missed.is_some()).map(|beat| beat.minute).min();
    let before = beats.iter().rev().nth(run.len());
    match waited {
        Some(waited) if run.iter().any(|beat| beat.outcome == Outcome::Lost) => found(Finding::Missing { waited, lost: true }, since),
        Some(waited) if waited > facts.pace.late_after => found(Finding::Missing { waited, lost: false }, since),
        Some(waited) => found(Finding::Waiting(waited), since),
        None if run.iter().all(|beat| beat.outcome == Outcome::Unseen) => found(Finding::Unseen, None),
        None => match before.map(|beat| (beat.outcome, beat.ingested_lag())) {
            Some((Outcome::Arrived, lag)) => found(Finding::Fine(lag), None),
            Some((Outcome::Late, lag)) => found(Finding::Slow(lag), before.map(|beat| beat.minute)),
            _ => found(Finding::Nothing, None),
        },
    }
}

fn words_of(facts: &Facts<'_>, beat: &Recorded) -> String {
    let evidence = facts.evidence.iter().rfind(|evidence| evidence.route == beat.route && evidence.minute == beat.minute);
    match evidence.map(|evidence| &evidence.of) {
        Some(EvidenceOf::Refused { quote, .. }) if quote.words.is_empty() => format!("status {}", quote.status),
        Some(EvidenceOf::Refused { quote, .. }) => format!("{} `{}`", quote.status, quote.words.trim()),
        Some(EvidenceOf::Unreachable { words, .. }) => words.clone(),
        _ => beat.status.map_or_else(|| "no answer".into(), |status| format!("status {status}")),
    }
}

/// The newest minute up to which every accepted beat has arrived, of those that are given (oldest first, all routes
/// together); none when the first of them is missing, or there is none.
///
/// Beats that capture never took, and minutes in which none was sent, hold nothing that could still arrive: they are
/// passed over, and are told elsewhere. A Lost beat holds it back for as long as it is given.
#[must_use]
pub fn complete_through(beats: &[Recorded]) -> Option<Minute> {
    let missing = |beat: &Recorded| matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unseen);
    let held_at = beats.iter().filter(|beat| missing(beat)).map(|beat| beat.minute).min();
    beats.iter().filter(|beat| beat.outcome.is_seen() && held_at.is_none_or(|held| beat.minute < held)).map(|beat| beat.minute).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, ProjectId, Quote, Refusal, RouteId, RouteSpec};

    const START: Minute = Minute::from_index(30_000_000);

    fn route(id: i64, name: &str, distinct_id: DistinctId) -> Route {
        let spec = RouteSpec { name: name.into(), event: name.into(), host: None, endpoint: Endpoint::V0, distinct_id };
        Route { id: RouteId(id), spec, since: START.start() }
    }

    fn fixed(id: i64) -> Route {
        route(id, &format!("r{id}"), DistinctId::Fixed("x".into()))
    }

    /// One letter a minute: A arrived, L late, `.` awaiting and not looked for yet, w awaiting and missed after 30 s,
    /// W awaiting and missed after 5 min, X lost, R refused, U unreachable, ? unseen, `_` no beat.
    fn beats(route: i64, letters: &str) -> Vec<Recorded> {
        let minutes = letters.chars().enumerate().filter(|(_, letter)| *letter != '_');
        minutes
            .map(|(at, letter)| {
                let minute = START.plus(at as i64);
                let sent = minute.start();
                let after = |seconds| Some(sent.plus(Duration::from_secs(seconds)));
                let blank = Recorded { sent: Some(sent), ..Recorded::blank(RouteId(route), minute) };
                match letter {
                    'A' => Recorded { outcome: Outcome::Arrived, ingested: after(2), seen: after(30), ..blank },
                    'L' => Recorded { outcome: Outcome::Late, ingested: after(200), seen: after(240), ..blank },
                    '.' => Recorded { outcome: Outcome::Awaiting, ..blank },
                    'w' => Recorded { outcome: Outcome::Awaiting, missed: after(30), ..blank },
                    'W' => Recorded { outcome: Outcome::Awaiting, missed: after(300), ..blank },
                    'X' => Recorded { outcome: Outcome::Lost, missed: after(900), ..blank },
                    'R' => Recorded { outcome: Outcome::Refused, status: Some(503), ..blank },
                    'U' => Recorded { outcome: Outcome::Unreachable, ..blank },
                    _ => Recorded { outcome: Outcome::Unseen, ..blank },
                }
            })
            .collect()
    }

    fn look(result: Result<Traffic, LookFailure>) -> Look {
        let at = START.start();
        Look { project: ProjectId(1), at, result, last_good: None, failing_since: None, not_before: at, posthog_id: None }
    }

    fn judge(routes: &[Route], letters: &[&str], look: Option<&Look>) -> Verdict {
        let all: Vec<Recorded> = routes.iter().zip(letters).flat_map(|(route, letters)| beats(route.id.0, letters)).collect();
        let now = START.plus(letters.iter().map(|letters| letters.len()).max().unwrap_or(1) as i64 - 1).end();
        verdict(&Facts { now, pace: &Pace::default(), on: true, routes, beats: &all, evidence: &[], look })
    }

    #[test]
    fn one_route_speaks_for_itself() {
        for (letters, health, says) in [
            ("", Health::Pending, "first beat is on its way"),
            (".", Health::Pending, "first beat is on its way"),
            ("w", Health::Pending, "first beat is on its way: accepted, but not queryable after 30s"),
            ("AAA.", Health::Good, "Every beat arrives; the last one took 2.0s."),
            ("AAAw", Health::Good, "Waiting for the last beat"),
            ("AAWw.", Health::Slow, "not queryable after 5m 00s (since"),
            ("AL", Health::Slow, "arrive late: the last one took 3m 20s"),
            ("AAXWw.", Health::Bad, "accepted, but not queryable after 15m 00s"),
            ("AAR", Health::Bad, "capture refuses: status 503"),
            ("AAU", Health::Bad, "capture unreachable at answer"),
            ("AAU.", Health::Pending, "on its way"),
            ("AAXA", Health::Good, "Every beat arrives"),
            ("A____", Health::Idle, "Nothing is being sent"),
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
            (["AAA", "AAR"], [fixed(1), fixed(2)], "only route r2: capture refuses"),
            (["AAR", "AAR"], [fixed(1), fixed(2)], ": capture refuses"),
            (["AAA", "AXX"], [fixed(1), fresh.clone()], "new distinct ids are missing"),
            (["AXX", "AAA"], [fixed(1), fresh.clone()], "fixed distinct id are missing"),
            (["AXX", "AXX"], [fixed(1), fresh.clone()], ": accepted, but not queryable"),
            (["AAA", "AAX"], [fixed(1), fixed(2)], "only route r2: accepted, but"),
        ] {
            let verdict = judge(&routes, &letters, None);
            assert!(verdict.to_string().contains(says), "{letters:?}: {verdict}");
        }
    }

    #[test]
    fn blindness_is_ours_and_says_which_repair() {
        let quote = Quote { status: 403, words: "API key missing required scope 'query:read'".into(), headers: Vec::new() };
        let blind = look(Err(LookFailure { trouble: LookTrouble::KeyForbidden, quote, retry_after: None }));
        for letters in ["AAW.", "A??", "AA."] {
            let verdict = judge(&[fixed(1)], &[letters], Some(&blind));
            assert_eq!(verdict.health, Health::Blind, "{letters}");
            assert!(verdict.to_string().starts_with("Cannot look: 403 `API key missing required scope 'query:read'`"), "{verdict}");
        }
        assert_eq!(judge(&[fixed(1)], &["AAR"], Some(&blind)).health, Health::Bad, "capture's word needs no look");
        let unasked = look(Err(LookFailure { trouble: LookTrouble::NoKey, quote: Quote::default(), retry_after: None }));
        assert_eq!(judge(&[fixed(1)], &["..."], Some(&unasked)).health, Health::Unchecked);
    }

    #[test]
    fn what_was_refused_is_quoted() {
        let (routes, all) = ([fixed(1)], beats(1, "R"));
        let quote = Quote { status: 503, words: "transient error, please retry".into(), headers: Vec::new() };
        let of = EvidenceOf::Refused { why: Refusal::Broken, quote };
        let evidence = [Evidence { route: RouteId(1), minute: START, at: START.start(), of }];
        let facts =
            Facts { now: START.end(), pace: &Pace::default(), on: true, routes: &routes, beats: &all, evidence: &evidence, look: None };
        assert!(verdict(&facts).to_string().contains("503 `transient error, please retry`"));
    }

    #[test]
    fn complete_through_waits_for_what_may_still_come() {
        for (letters, through) in [
            ("AAAA", Some(3)),
            ("AAA.", Some(2)),
            ("AA.A", Some(1)),
            ("AAXA", Some(1)),
            ("AARA", Some(3)),
            ("AA_A", Some(3)),
            ("AU", Some(0)),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(complete_through(&beats(1, letters)), through.map(|at| START.plus(at)), "{letters}");
        }
    }
}
