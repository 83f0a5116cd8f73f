//! One project: its health in a word, and where the way is broken, from the evidence of all its routes together.

use std::fmt;
use std::time::Duration;

use super::cause::Cause;
use super::finding::{Finding, RouteFinding, find};
use crate::model::{DistinctId, Evidence, Look, LookTrouble, Minute, Pace, Recorded, Route, Timestamp, span};

/// No beat on record for so long means that nobody beats: a slot lies in the first 45 s of its minute, and one try is given up
/// after 20 s.
const QUIET_FOR: Duration = Duration::from_secs(75);

/// Everything a verdict is made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// When it is asked for.
    pub now: Timestamp,
    /// The project's waits.
    pub pace: &'a Pace,
    /// Since when Heartbeat is installed and enabled; none when it is not.
    pub on_since: Option<Timestamp>,
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
            (Health::Pending, None) => match self.since {
                Some(_) => f.write_str("Beats are accepted again, and are on their way")?,
                None => f.write_str("The first beat is on its way")?,
            },
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
        let says_since = match self.health {
            Health::Bad | Health::Slow | Health::Idle => true,
            Health::Pending => self.cause.is_none(),
            Health::Off | Health::Good | Health::Unchecked | Health::Blind => false,
        };
        if let Some(since) = self.since.filter(|_| says_since) {
            write!(f, " (since {since})")?;
        }
        f.write_str(".")
    }
}

/// Judges a project.
#[must_use]
pub fn verdict(facts: &Facts<'_>) -> Verdict {
    let plain = |health| Verdict { health, cause: None, since: None, lag: None };
    let Some(on_since) = facts.on_since else { return plain(Health::Off) };
    let findings: Vec<RouteFinding<'_>> = facts.routes.iter().map(|route| find(facts, route)).collect();
    let newest = findings.iter().filter_map(|found| found.newest).max();
    if let Some(since) = idle_since(facts, on_since, newest) {
        return Verdict { cause: Some(Cause::NotRunning), since: Some(since), ..plain(Health::Idle) };
    }
    let failure = facts.look.and_then(|look| look.result.as_ref().err());
    let lag = findings.iter().filter_map(RouteFinding::lag).max();
    let Some(worst) = findings.iter().max_by_key(|found| found.rank()) else { return plain(Health::Pending) };
    let cause = place(facts, &findings, worst);
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
        // These are not late: nobody will ever see them.
        Finding::Missing { .. } if cause.as_ref().is_some_and(Cause::is_final) => Health::Bad,
        Finding::Missing { .. } | Finding::Slow(_) => Health::Slow,
        Finding::Waiting(_) if !facts.beats.iter().any(|beat| beat.outcome.is_seen()) => Health::Pending,
        Finding::Waiting(_) | Finding::Fine(_) => Health::Good,
        Finding::Nothing | Finding::Unseen => Health::Pending,
    };
    let says_since = worst.is_broken() || matches!(worst.finding, Finding::Waiting(_) | Finding::Slow(_) | Finding::Nothing);
    Verdict { health, cause, since: worst.since.filter(|_| says_since), lag }
}

/// The first minute without a beat, when beats have been due for a while and there is none.
fn idle_since(facts: &Facts<'_>, on_since: Timestamp, newest: Option<Minute>) -> Option<Minute> {
    let begun = facts.routes.iter().map(|route| route.since).min()?.max(on_since);
    let due = newest.map_or(begun, |newest| newest.end().max(begun));
    (facts.now.since(due) > QUIET_FOR).then(|| due.minute())
}

/// Where the way is broken: on all routes, on one, or on some partitions.
fn place(facts: &Facts<'_>, findings: &[RouteFinding<'_>], worst: &RouteFinding<'_>) -> Option<Cause> {
    let cause = worst.cause(facts)?;
    // A route whose beats capture takes is better off than one whose beats it does not, whether they arrive or not.
    let at_capture = !worst.is_taken();
    let is_broken = |found: &&RouteFinding<'_>| if at_capture { !found.is_taken() } else { found.is_broken() };
    let is_fine = |found: &&RouteFinding<'_>| if at_capture { found.is_taken() } else { found.arrives() };
    let known = || findings.iter().filter(|found| !matches!(found.finding, Finding::Nothing | Finding::Unseen));
    let (broken, fine): (Vec<_>, Vec<_>) = (known().filter(is_broken).collect(), known().filter(is_fine).collect());
    if broken.is_empty() || fine.is_empty() {
        return Some(cause);
    }
    if !at_capture && let Some(partitions) = some_partitions(&broken, &fine) {
        return Some(partitions);
    }
    if broken.len() == 1 { Some(Cause::OnlyRoute { route: worst.route.spec.name.clone(), cause: Box::new(cause) }) } else { Some(cause) }
}

/// The broken and the fine routes go the same way, and differ in how their distinct ids are made, which choose the partition.
fn some_partitions(broken: &[&RouteFinding<'_>], fine: &[&RouteFinding<'_>]) -> Option<Cause> {
    let fresh = |found: &&&RouteFinding<'_>| matches!(found.route.spec.distinct_id, DistinctId::Fresh(_));
    let (fresh_broken, fresh_fine) = (broken.iter().filter(fresh).count(), fine.iter().filter(fresh).count());
    let same_way = |one: &RouteFinding<'_>, other: &RouteFinding<'_>| {
        one.route.spec.host == other.route.spec.host && one.route.spec.endpoint == other.route.spec.endpoint
    };
    if !broken.iter().all(|found| fine.iter().any(|other| same_way(found, other))) {
        return None;
    }
    if fresh_broken == broken.len() && fresh_fine == 0 {
        return Some(Cause::SomePartitions { fresh_missing: true });
    }
    (fresh_broken == 0 && fresh_fine == fine.len()).then_some(Cause::SomePartitions { fresh_missing: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::letters::{START, beats};
    use crate::model::{
        Endpoint, EvidenceOf, Host, LookFailure, Part, Parts, ProjectId, Quote, Refusal, Region, RouteId, RouteSpec, Standing, TokenWord,
        Traffic,
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

    fn look(result: Result<Traffic, LookFailure>) -> Look {
        let at = START.start();
        Look {
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

    fn judge(routes: &[Route], letters: &[&str], look: Option<&Look>) -> Verdict {
        let all: Vec<Recorded> = routes.iter().zip(letters).flat_map(|(route, letters)| beats(route.id.0, letters)).collect();
        let now = START.plus(letters.iter().map(|letters| letters.len()).max().unwrap_or(1) as i64 - 1).end();
        verdict(&Facts { now, pace: &Pace::default(), on_since: Some(START.start()), routes, beats: &all, evidence: &[], look })
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
            ("AAU.", Health::Pending, "Beats are accepted again, and are on their way (since"),
            ("AAX?.", Health::Pending, "on its way"),
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
            (["AAA", "WAA"], [fixed(1), fresh.clone()], "new distinct ids are missing"),
            (["AAA", "XAA"], [fixed(1), fresh.clone()], "Every beat arrives"),
            (["AAA", "WAA"], [fixed(1), fixed(2)], "Every beat arrives"),
            (["AXX", "AAA"], [fixed(1), fresh.clone()], "fixed distinct id are missing"),
            (["AXX", "AXX"], [fixed(1), fresh.clone()], ": accepted, but not queryable"),
            (["AAA", "AAX"], [fixed(1), fixed(2)], "only route r2: accepted, but"),
            (["AAw", "AAR"], [fixed(1), fixed(2)], "only route r2: capture refuses"),
            (["AXX", "AXR"], [fixed(1), fixed(2)], "only route r2: capture refuses"),
            (["___", "AAR"], [fixed(1), fixed(2)], ": capture refuses"),
            (["AAA", "AXX"], [fixed(1), through(fresh.clone(), "https://proxy.example.com")], "only route fresh: accepted, but"),
        ] {
            let verdict = judge(&routes, &letters, None);
            assert!(verdict.to_string().contains(says), "{letters:?}: {verdict}");
        }
    }

    #[test]
    fn what_is_accepted_and_missing_is_told_by_what_else_is_known() {
        let newest = |seconds| Some(START.start().plus(Duration::from_secs(seconds)));
        let word = |standing| Some(TokenWord { standing, asked: START.start(), down: Parts::default() });
        let down = |parts: &[Part]| word(Standing::Known).map(|word| TokenWord { down: parts.iter().copied().collect(), ..word });
        // The oldest of those missing was sent at 60 s, and the look was made 300 s later.
        let at = START.start().plus(Duration::from_mins(6));
        for (letters, token, traffic, health, says) in [
            (
                "AW",
                word(Standing::Unknown),
                Traffic::default(),
                Health::Bad,
                "does not know the token: it is the wrong key, or the wrong region",
            ),
            ("AX", word(Standing::Unknown), Traffic::default(), Health::Bad, "does not know the token"),
            (
                "Aw",
                word(Standing::Unknown),
                Traffic::default(),
                Health::Good,
                "not queryable after 30s; no other event in the last 30 minutes either.",
            ),
            ("AA", word(Standing::Unknown), Traffic::default(), Health::Good, "Every beat arrives"),
            (
                "AW",
                word(Standing::Known),
                Traffic::default(),
                Health::Slow,
                "either; the token is known, so the queue is stuck, or the project is over its events quota",
            ),
            (
                "AW",
                word(Standing::Known),
                Traffic { others: 3, newest: newest(59), ..Traffic::default() },
                Health::Slow,
                "is from 08:00:59; the token is known, so the queue is stuck",
            ),
            (
                "AW",
                word(Standing::Known),
                Traffic { others: 3, newest: newest(61), ..Traffic::default() },
                Health::Slow,
                "other events arrive, the newest from 08:01:01: only ours go missing (",
            ),
            (
                "AW",
                word(Standing::Untold),
                Traffic { others: 3, newest: newest(61), ..Traffic::default() },
                Health::Slow,
                "only ours go missing",
            ),
            ("AW", None, Traffic::default(), Health::Slow, "no other event in the last 30 minutes either (since"),
            (
                "AW",
                word(Standing::Elsewhere(Region::Eu)),
                Traffic::default(),
                Health::Bad,
                "dropped: the token belongs to a project in EU, another region (since",
            ),
            (
                "AW",
                word(Standing::OverQuota),
                Traffic::default(),
                Health::Bad,
                "dropped: the project is over its events quota (v0 does not say so",
            ),
            ("Aw", word(Standing::OverQuota), Traffic::default(), Health::Good, "accepted, but not queryable after 30s; no other event"),
            (
                "AW",
                down(&[Part::Kafka, Part::Plugins, Part::Celery]),
                Traffic::default(),
                Health::Slow,
                "not queryable after 5m 00s; the pipeline is broken: /_preflight says that kafka, plugins, celery are down (since",
            ),
            ("AX", down(&[Part::Kafka]), Traffic::default(), Health::Bad, "/_preflight says that kafka is down"),
            ("AW", down(&[Part::Celery]), Traffic::default(), Health::Slow, "the token is known, so the queue is stuck"),
            (
                "AW",
                down(&[Part::Kafka]),
                Traffic { others: 3, newest: newest(61), ..Traffic::default() },
                Health::Slow,
                "only ours go missing",
            ),
        ] {
            let look = Look { at, token, ..look(Ok(traffic)) };
            let verdict = judge(&[fixed(1)], &[letters], Some(&look));
            assert_eq!(verdict.health, health, "{letters} {token:?}: {verdict}");
            assert!(verdict.to_string().contains(says), "{letters} {token:?}: {verdict}");
        }
        let elsewhere = Look { token: word(Standing::Unknown), ..look(Ok(Traffic::default())) };
        let verdict = judge(&[fixed(1), fixed(2)], &["AA", "AW"], Some(&elsewhere));
        assert_eq!(verdict.health, Health::Bad, "{verdict}");
        assert!(verdict.to_string().contains("only route r2: accepted, but this PostHog does not know the token"), "{verdict}");
    }

    #[test]
    fn nothing_sent_is_ours_once_something_was_due() {
        let routes = [fixed(1)];
        let after = |seconds, on_since| {
            let now = START.start().plus(Duration::from_secs(seconds));
            verdict(&Facts { now, pace: &Pace::default(), on_since, routes: &routes, beats: &beats(1, "A"), evidence: &[], look: None })
        };
        let start = Some(START.start());
        // A slot late in the next minute, and a try that was given up after 20 s.
        assert_eq!(after(125, start).health, Health::Good);
        assert_eq!(after(136, start).to_string(), "Nothing is being sent: Heartbeat is not running (since 08:01).");
        let switched_on_again = Some(START.start().plus(Duration::from_hours(10)));
        assert_eq!(after(36_001, switched_on_again).health, Health::Good);
        let idle = after(36_100, switched_on_again);
        assert_eq!(idle.to_string(), "Nothing is being sent: Heartbeat is not running (since 18:00).");
        let never = verdict(&Facts {
            now: START.start().plus(Duration::from_mins(9)),
            pace: &Pace::default(),
            on_since: start,
            routes: &routes,
            beats: &[],
            evidence: &[],
            look: None,
        });
        assert_eq!(never.health, Health::Idle, "a first beat that nobody sends is not on its way");
    }

    #[test]
    fn blindness_is_ours_and_says_which_repair() {
        let quote = Quote { status: 403, words: "API key missing required scope 'query:read'".into(), headers: Vec::new() };
        let blind = look(Err(LookFailure { trouble: LookTrouble::KeyForbidden, quote, retry_after: None, note: None }));
        for letters in ["AAW.", "A??", "AA.", "AX?"] {
            let verdict = judge(&[fixed(1)], &[letters], Some(&blind));
            assert_eq!(verdict.health, Health::Blind, "{letters}");
            assert!(verdict.to_string().starts_with("Cannot look: 403 `API key missing required scope 'query:read'`"), "{verdict}");
        }
        assert_eq!(judge(&[fixed(1)], &["AAR"], Some(&blind)).health, Health::Bad, "capture's word needs no look");
        let unasked = look(Err(LookFailure { trouble: LookTrouble::NoKey, quote: Quote::default(), retry_after: None, note: None }));
        assert_eq!(judge(&[fixed(1)], &["..."], Some(&unasked)).health, Health::Unchecked);
    }

    #[test]
    fn what_was_refused_is_quoted() {
        let (routes, all) = ([fixed(1)], beats(1, "R"));
        let quote = Quote { status: 503, words: "transient error, please retry".into(), headers: Vec::new() };
        let of = EvidenceOf::Refused { why: Refusal::Broken, quote };
        let evidence = [Evidence { route: RouteId(1), minute: START, at: START.start(), of }];
        let facts = Facts {
            now: START.end(),
            pace: &Pace::default(),
            on_since: Some(START.start()),
            routes: &routes,
            beats: &all,
            evidence: &evidence,
            look: None,
        };
        assert!(verdict(&facts).to_string().contains("503 `transient error, please retry`"));
    }
}
