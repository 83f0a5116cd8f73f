//! One route: what its newest beats show.

use std::time::Duration;

use super::diagnosis::{self, Direct, Missing, Others, Way};
use super::facts::Facts;
use crate::model::{
    Diagnosis, DistinctId, Evidence, EvidenceOf, Minute, Obstacle, Outcome, Parts, Phase, Recorded, RejectionReason, ResponseExcerpt,
    Route, Timing,
};

/// Answers count as lost when this many of this many last beats had no answer but were seen.
const ANSWERS_LOST: (usize, usize) = (3, 5);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Finding {
    /// No beat, or none decided yet.
    Nothing,
    Fine(Option<Duration>),
    Slow(Option<Duration>),
    /// Not answered, but seen.
    AnswersLost,
    /// Accepted and missed by a read-back, but not for longer than `late_after`.
    Waiting(Duration),
    /// Accepted and missing for longer than `late_after`; `lost` once `lost_after` has passed for one of them.
    Missing {
        waited: Duration,
        lost: bool,
    },
    Rejected,
    Unreachable,
    Unverified,
}

pub(super) struct RouteFinding<'a> {
    pub(super) route: &'a Route,
    pub(super) finding: Finding,
    /// The first bad minute; the first accepted minute if capture works again and nothing more is known.
    pub(super) since: Option<Minute>,
    pub(super) newest: Option<&'a Recorded>,
}

impl RouteFinding<'_> {
    pub(super) fn arrives(&self) -> bool {
        matches!(self.finding, Finding::Fine(_) | Finding::Slow(_) | Finding::AnswersLost)
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.arrives() || matches!(self.finding, Finding::Waiting(_) | Finding::Missing { .. })
    }

    pub(super) fn lag(&self) -> Option<Duration> {
        if let Finding::Fine(lag) | Finding::Slow(lag) = &self.finding { *lag } else { None }
    }

    /// The cause, if it is broken. `direct` is whether events that bypass its proxy arrive in the same minutes.
    pub(super) fn diagnose(&self, facts: &Facts<'_>, direct: Direct) -> Option<Diagnosis> {
        let way = Way::of(facts.spec, self.route);
        let newest = self.newest?;
        let further_back = |readback: &crate::model::Readback| facts.first_bad.map(|first_bad| readback.at.since(first_bad.end()));
        let missing = |waited: Duration, is_overdue: bool| {
            let waited = waited.max(facts.readback.and_then(further_back).unwrap_or_default());
            let filter = facts.readback.and_then(|readback| readback.findings.filter.as_ref()).filter(|_| is_overdue);
            if let Some(filter) = filter {
                return diagnosis::filtered(&way, filter);
            }
            let word = facts.readback.and_then(|readback| readback.token).filter(|_| is_overdue);
            let others = Others::in_readback(facts.readback, waited);
            let down = word.map_or_else(Parts::default, |word| word.down);
            let is_proven = facts.beats.iter().any(|beat| beat.outcome.is_seen()) || facts.first_bad.is_some();
            let reaches_capture = facts.readback.and_then(|readback| readback.findings.witness).and_then(|witness| witness.reaches_capture);
            let missing = Missing {
                waited,
                status: newest.status,
                others,
                token_status: word.map(|word| word.token_status),
                down,
                direct,
                reaches_capture,
                is_overdue,
                is_proven,
            };
            diagnosis::missing(&way, &missing)
        };
        match &self.finding {
            Finding::Rejected => {
                let token_known =
                    facts.readback.and_then(|readback| readback.token).map(|word| word.token_status == crate::model::TokenStatus::Known);
                Some(match evidence_of(facts, newest) {
                    Some(EvidenceOf::Rejected { why, excerpt }) => diagnosis::rejected(&way, *why, excerpt, token_known),
                    _ => diagnosis::rejected(&way, RejectionReason::Broken, &bare(newest.status), token_known),
                })
            }
            Finding::Unreachable => Some(match evidence_of(facts, newest) {
                Some(EvidenceOf::Unreachable { at, obstacle, words }) => diagnosis::unreachable(way.address(), *at, *obstacle, words),
                _ => diagnosis::unreachable(way.address(), Phase::Answer, Obstacle::Other, "no answer"),
            }),
            Finding::AnswersLost => Some(diagnosis::answers_lost(&way)),
            Finding::Missing { waited, .. } => Some(missing(*waited, true)),
            Finding::Waiting(waited) => Some(missing(*waited, false)),
            Finding::Slow(lag) => Some(Diagnosis { address: way.address(), ..diagnosis::late(*lag) }),
            Finding::Nothing | Finding::Fine(_) | Finding::Unverified => None,
        }
    }

    /// The worse, the higher. A capture result takes precedence over what read-backs find later.
    pub(super) fn rank(&self) -> u8 {
        match &self.finding {
            Finding::Nothing | Finding::Unverified => 0,
            Finding::Fine(_) => 1,
            Finding::Waiting(_) => 2,
            Finding::AnswersLost => 3,
            Finding::Slow(_) => 4,
            Finding::Missing { lost: false, .. } => 5,
            Finding::Missing { lost: true, .. } => 6,
            Finding::Rejected => 7,
            Finding::Unreachable => 8,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.rank() >= 5
    }
}

fn bare(status: Option<u16>) -> ResponseExcerpt {
    ResponseExcerpt { status: status.unwrap_or_default(), by: crate::model::AnsweredBy::Posthog, ..ResponseExcerpt::default() }
}

pub(super) fn find<'a>(facts: &Facts<'a>, route: &'a Route) -> RouteFinding<'a> {
    let beats: Vec<&Recorded> = facts.beats.iter().filter(|beat| beat.route == route.id && beat.sent.is_some()).collect();
    let newest = beats.last().copied();
    let (finding, since) = newest_says(&facts.spec.timing, &beats);
    let found = RouteFinding { route, finding, since, newest };
    if !found.is_accepted() || found.is_broken() || matches!(route.spec.distinct_id, DistinctId::Fixed(_)) {
        return found;
    }
    // Each beat used its own partition: the newest one does not show where an older one is stuck.
    match stuck(&facts.spec.timing, &beats) {
        Some((waited, since)) => RouteFinding { finding: Finding::Missing { waited, lost: false }, since: Some(since), ..found },
        None => found,
    }
}

fn newest_says(timing: &Timing, beats: &[&Recorded]) -> (Finding, Option<Minute>) {
    let Some(last) = beats.last() else { return (Finding::Nothing, None) };
    let run = |same: Outcome| beats.iter().rev().take_while(|beat| beat.outcome == same).last().map(|beat| beat.minute);
    if let Some(since) = answers_lost_since(beats) {
        return (Finding::AnswersLost, Some(since));
    }
    match last.outcome {
        Outcome::Rejected => (Finding::Rejected, run(Outcome::Rejected)),
        Outcome::Unreachable => (Finding::Unreachable, run(Outcome::Unreachable)),
        Outcome::Arrived => (Finding::Fine(last.ingested_lag()), None),
        Outcome::Late => (Finding::Slow(last.ingested_lag()), run(Outcome::Late)),
        Outcome::NotSent => (Finding::Nothing, None),
        Outcome::Awaiting | Outcome::Lost | Outcome::Unverified => undecided(timing, beats),
    }
}

/// Since when beats get no answer but arrive. The newest beat decides nothing, because it may not have been read back yet.
fn answers_lost_since(beats: &[&Recorded]) -> Option<Minute> {
    let (bad, of) = ANSWERS_LOST;
    let is_lost = |beat: &&&Recorded| beat.answer_lost();
    let may_be = |beat: &&&Recorded| beat.may_have_lost_its_answer();
    let newest = beats.last()?;
    if !newest.answer_lost() && !newest.may_have_lost_its_answer() {
        return None;
    }
    let recent = beats.iter().rev().skip_while(may_be).take(of);
    // A beat that has not been read back yet is at most two minutes old; older ones did not arrive.
    let unverified = beats.iter().rev().take_while(may_be).count();
    if unverified > 3 || recent.filter(is_lost).count() < bad {
        return None;
    }
    beats.iter().rev().take_while(|beat| beat.answer_lost() || beat.may_have_lost_its_answer()).last().map(|beat| beat.minute)
}

/// Overdue beats that are not lost yet: how long the oldest has been missing, and its minute.
fn stuck(timing: &Timing, beats: &[&Recorded]) -> Option<(Duration, Minute)> {
    let awaited = beats.iter().filter(|beat| beat.outcome == Outcome::Awaiting);
    let mut overdue = awaited.filter_map(|beat| Some((beat.missing_for()?, beat.minute)));
    overdue.find(|(waited, _)| *waited > timing.late_after)
}

/// The route whose accepted beats have been missing longest, for over `late_after`: its token should be checked. None while nothing is missing,
/// and none for beats that went missing before others arrived.
#[must_use]
pub fn silent_route<'a>(routes: &'a [Route], beats: &[Recorded], timing: &Timing) -> Option<&'a Route> {
    let missing = |route: &'a Route| {
        let beats: Vec<&Recorded> = beats.iter().filter(|beat| beat.route == route.id && beat.sent.is_some()).collect();
        match undecided(timing, &beats) {
            (Finding::Missing { waited, .. }, _) => Some((waited, route)),
            _ => None,
        }
    };
    routes.iter().filter_map(missing).max_by_key(|(waited, _)| *waited).map(|(_, route)| route)
}

/// The newest beats are accepted and not seen: how long are they missing, and what came before them?
fn undecided(timing: &Timing, beats: &[&Recorded]) -> (Finding, Option<Minute>) {
    let open = |beat: &&&Recorded| matches!(beat.outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unverified);
    let run: Vec<&Recorded> = beats.iter().rev().take_while(open).copied().collect();
    // Read-backs have failed since: what was missing before says nothing about now.
    if run.iter().find(|beat| beat.outcome != Outcome::Awaiting).is_some_and(|ended| ended.outcome == Outcome::Unverified) {
        return (Finding::Unverified, None);
    }
    let waited = run.iter().filter_map(|beat| beat.missing_for()).max();
    let since = run.iter().filter(|beat| beat.missed.is_some()).map(|beat| beat.minute).min();
    let before = beats.iter().rev().nth(run.len());
    match waited {
        Some(waited) if run.iter().any(|beat| beat.outcome == Outcome::Lost) => (Finding::Missing { waited, lost: true }, since),
        Some(waited) if waited > timing.late_after => (Finding::Missing { waited, lost: false }, since),
        Some(waited) => (Finding::Waiting(waited), since),
        None => match before.map(|beat| (beat.outcome, beat.ingested_lag())) {
            Some((Outcome::Arrived, lag)) => (Finding::Fine(lag), None),
            Some((Outcome::Late, lag)) => (Finding::Slow(lag), before.map(|beat| beat.minute)),
            Some((Outcome::Rejected | Outcome::Unreachable, _)) => (Finding::Nothing, run.last().map(|beat| beat.minute)),
            _ => (Finding::Nothing, None),
        },
    }
}

fn evidence_of<'a>(facts: &Facts<'a>, beat: &Recorded) -> Option<&'a EvidenceOf> {
    let newest = facts.evidence.iter().rfind(|evidence: &&Evidence| evidence.route == beat.route && evidence.minute == beat.minute);
    newest.map(|evidence| &evidence.of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::letters::{START, beats};
    use crate::model::{Endpoint, RouteId, RouteSpec};

    #[test]
    fn a_route_is_silent_while_its_newest_beats_are_overdue() {
        let route = |id: i64| {
            let distinct_id = DistinctId::Fixed("x".into());
            let spec = RouteSpec { name: format!("r{id}"), event: "e".into(), host: None, endpoint: Endpoint::V0, distinct_id };
            Route { id: RouteId(id), spec, since: START.start() }
        };
        let routes = [route(1), route(2)];
        for (one, two, silent) in [
            ("AAA", "AAA", None),
            ("AAw", "AAw", None),
            ("AAWw.", "AAAAA", Some(1)),
            ("AAWw.", "AXWw.", Some(2)),
            ("AAAAA", "AXXXX", Some(2)),
            ("AXXXA", "AXXA.", None),
            ("AXR", "AXU", None),
            ("AX?", "A??", None),
            ("", "", None),
        ] {
            let all = [beats(1, one), beats(2, two)].concat();
            let found = silent_route(&routes, &all, &Timing::default());
            assert_eq!(found.map(|route| route.id.0), silent, "{one} {two}");
        }
    }
}
