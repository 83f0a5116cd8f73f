//! The log of Heartbeat: a line per beat, ranges in which nothing was sent, enabled and disabled; a line per hour where beats are deleted.

use std::collections::HashSet;
use std::time::Duration;

use super::{Filling, Level, Line, LogPage, Sought, begun, switches};
use crate::model::{AppKind, Evidence, Hour, Minute, Outcome, Project, Recorded, Route, RouteId, Timestamp, span};
use crate::report::ends::{Ends, more_severe};
use crate::report::{proof, took};
use crate::store::{Store, StoreError};

const MINUTES: i64 = 24 * 60;
const MINUTES_OF_HOURS: i64 = 14 * 24 * 60;

pub(super) async fn log(store: &Store, project: &Project, sought: &Sought, now: Timestamp) -> Result<LogPage, StoreError> {
    let Some(begun) = begun(project, AppKind::Heartbeat) else { return Ok(LogPage::default()) };
    let chosen = |route: &&Route| sought.route.as_ref().is_none_or(|name| route.spec.name == *name);
    let routes: Vec<&Route> = project.routes.iter().filter(chosen).collect();
    let whole_from = store.oldest_beat().await?.map_or(now.minute(), Hour::starting);
    let newest = sought.before.unwrap_or(now.minute().plus(1)).min(now.minute().plus(1));
    let mut page = Filling::new(sought, newest);
    let (mut step, mut left) = (sought.at_most as i64 / routes.len().max(1) as i64 + 10, MINUTES);
    while !page.is_full() && left > 0 && page.reached > begun {
        let to = page.reached;
        let is_whole = to > whole_from;
        if !is_whole {
            step = MINUTES_OF_HOURS;
        }
        let from = to.plus(-step).max(begun).max(if is_whole { whole_from } else { begun });
        let chunk = Chunk { project, routes: &routes, from, to, now };
        let lines = if is_whole { chunk.of_beats(store).await? } else { chunk.of_hours(store).await? };
        page.fill(lines, from);
        left -= step;
        step = (step * 2).min(left);
    }
    Ok(page.page(begun))
}

struct Chunk<'a> {
    project: &'a Project,
    routes: &'a [&'a Route],
    from: Minute,
    to: Minute,
    now: Timestamp,
}

impl Chunk<'_> {
    fn ids(&self) -> Vec<RouteId> {
        self.routes.iter().map(|route| route.id).collect()
    }

    fn name(&self, id: RouteId) -> Option<String> {
        self.routes.iter().find(|route| route.id == id).map(|route| route.spec.name.clone())
    }

    async fn of_beats(&self, store: &Store) -> Result<Vec<Line>, StoreError> {
        let ids = self.ids();
        let beats = store.beats(&ids, self.from, self.to).await?;
        let evidence = store.evidence(&ids, self.from, self.to).await?;
        let mut lines: Vec<Line> = switches(self.project, AppKind::Heartbeat, self.from, self.to).collect();
        let sent = beats.iter().filter(|beat| beat.outcome != Outcome::NotSent);
        let there: HashSet<(RouteId, Minute)> = sent.clone().map(|beat| (beat.route, beat.minute)).collect();
        lines.extend(sent.rev().map(|beat| self.beat(beat, &evidence)));
        // The current minute may still get its beat.
        for minute in self.from.until(self.to.min(self.now.minute())).filter(|minute| self.project.was_on(*minute)) {
            let due = self.routes.iter().filter(|route| route.since.minute() <= minute && !there.contains(&(route.id, minute)));
            lines.extend(due.map(|route| {
                let nothing = Line::repeated(minute.start(), Level::Warning, "nothing was sent: Heartbeat was not running", "minutes");
                Line { route: Some(route.spec.name.clone()), ..nothing }
            }));
        }
        Ok(lines)
    }

    fn beat(&self, beat: &Recorded, evidence: &[Evidence]) -> Line {
        let mine = evidence.iter().filter(|evidence| evidence.route == beat.route && evidence.minute == beat.minute);
        let line = Line::single(beat.counted_from(), level(beat), words(beat));
        Line { route: self.name(beat.route), minute: beat.minute, proof: mine.map(proof).collect(), ..line }
    }

    /// Deleted beats leave their hours, and evidence that is stored longer.
    async fn of_hours(&self, store: &Store) -> Result<Vec<Line>, StoreError> {
        let ids = self.ids();
        let mut lines: Vec<Line> = switches(self.project, AppKind::Heartbeat, self.from, self.to).collect();
        for evidence in store.evidence(&ids, self.from, self.to).await?.iter().rev() {
            let line = Line::single(evidence.at, Level::Error, "a beat failed");
            lines.push(Line { route: self.name(evidence.route), minute: evidence.minute, proof: vec![proof(evidence)], ..line });
        }
        for hour in store.hours(&ids, self.from, self.to).await?.iter().rev() {
            lines.push(Line { route: self.name(hour.route), ..of_hour(hour) });
        }
        Ok(lines)
    }
}

fn of_hour(hour: &Hour) -> Line {
    let mut ends = Ends::default();
    hour.outcomes.iter().for_each(|outcome| ends.add(*outcome, 1));
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| *outcome != Outcome::NotSent && ends.of(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", ends.of(outcome)))
        .collect();
    let lag = hour.lags.percentile(0.5).map_or_else(String::new, |lag| format!("; median lag {}", span(lag)));
    let words = format!("hour from {}: {}{lag}", hour.start, if counts.is_empty() { "no beats".into() } else { counts.join(", ") });
    let worst = hour.outcomes.into_iter().filter(|outcome| *outcome != Outcome::NotSent).fold(None, more_severe);
    Line::single(hour.start.start(), worst.map_or(Level::Info, level_of), words)
}

fn level(beat: &Recorded) -> Level {
    level_of(beat.outcome).max(if beat.duplicates() > 0 { Level::Warning } else { Level::Info })
}

const fn level_of(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Arrived | Outcome::Awaiting => Level::Info,
        Outcome::Late | Outcome::Unverified | Outcome::NotSent => Level::Warning,
        Outcome::Lost | Outcome::Rejected | Outcome::Unreachable => Level::Error,
    }
}

/// For example `accepted with 200 in 34ms, arrived after 1.8s`.
#[must_use]
pub fn words(beat: &Recorded) -> String {
    let duration = took(&beat.phases).map_or_else(String::new, |took| format!(" in {}", span(took)));
    let sent = match beat.status {
        Some(status) if (200..300).contains(&status) => format!("accepted with {status}{duration}"),
        Some(status) => format!("rejected with {status}{duration}"),
        None if beat.tries > 0 => "no answer from capture".to_owned(),
        None => "sending not recorded".to_owned(),
    };
    let lag = |lag: Option<Duration>| lag.map_or_else(String::new, |lag| format!(" after {}", span(lag)));
    let end = match beat.outcome {
        Outcome::Arrived => format!("arrived{}", lag(beat.ingested_lag())),
        Outcome::Late => format!("late: arrived{}", lag(beat.ingested_lag())),
        Outcome::Awaiting => match beat.missed {
            Some(missed) => format!("not seen yet{}", lag(Some(missed.since(beat.counted_from())))),
            None => "on its way".to_owned(),
        },
        Outcome::Lost => format!("lost: not seen{}", lag(beat.missed.map(|missed| missed.since(beat.counted_from())))),
        Outcome::Unverified => "unverified: no read-back succeeded".to_owned(),
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => String::new(),
    };
    let copies = if beat.duplicates() > 0 { format!("{} copies", beat.copies) } else { String::new() };
    let tries = if beat.tries > 1 { format!("{} tries", beat.tries) } else { String::new() };
    [sent, tries, end, copies].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Phases;
    use crate::report::samples::START;

    #[test]
    fn a_beat_is_told_in_a_line() {
        let at = |second| Some(START.start().plus(Duration::from_secs(second)));
        let phases = Phases { first_byte_us: Some(34_200), ..Phases::default() };
        let awaiting =
            Recorded { sent: at(5), status: Some(200), tries: 1, phases, outcome: Outcome::Awaiting, ..Recorded::blank(RouteId(1), START) };
        let arrived = Recorded { outcome: Outcome::Arrived, seen: at(30), ingested: at(7), copies: 1, ..awaiting.clone() };
        let rejected = Recorded { outcome: Outcome::Rejected, status: Some(503), tries: 3, ..awaiting.clone() };
        for (beat, level, says) in [
            (arrived.clone(), Level::Info, "accepted with 200 in 34ms, arrived after 2.0s"),
            (Recorded { copies: 2, ..arrived.clone() }, Level::Warning, "accepted with 200 in 34ms, arrived after 2.0s, 2 copies"),
            (
                Recorded { outcome: Outcome::Late, ingested: at(205), ..arrived.clone() },
                Level::Warning,
                "accepted with 200 in 34ms, late: arrived after 3m 20s",
            ),
            (
                Recorded { sent: None, status: None, tries: 0, phases: Phases::default(), ..arrived.clone() },
                Level::Info,
                "sending not recorded, arrived after 7.0s",
            ),
            (Recorded { status: Some(503), ..arrived.clone() }, Level::Info, "rejected with 503 in 34ms, arrived after 2.0s"),
            (awaiting.clone(), Level::Info, "accepted with 200 in 34ms, on its way"),
            (Recorded { missed: at(65), ..awaiting.clone() }, Level::Info, "accepted with 200 in 34ms, not seen yet after 1m 00s"),
            (
                Recorded { outcome: Outcome::Lost, missed: at(905), ..awaiting.clone() },
                Level::Error,
                "accepted with 200 in 34ms, lost: not seen after 15m 00s",
            ),
            (
                Recorded { outcome: Outcome::Unverified, ..awaiting.clone() },
                Level::Warning,
                "accepted with 200 in 34ms, unverified: no read-back succeeded",
            ),
            (rejected.clone(), Level::Error, "rejected with 503 in 34ms, 3 tries"),
            (
                Recorded { outcome: Outcome::Unreachable, status: None, phases: Phases::default(), ..rejected },
                Level::Error,
                "no answer from capture, 3 tries",
            ),
        ] {
            assert_eq!((words(&beat).as_str(), super::level(&beat)), (says, level));
        }
    }

    #[test]
    fn an_hour_is_told_in_a_line() {
        let mut hour = Hour::fold(RouteId(1), START.plus(120), &[]);
        assert_eq!(of_hour(&hour).words(), "hour from 02:00: no beats");
        hour.outcomes[..58].fill(Outcome::Arrived);
        hour.outcomes[58] = Outcome::Lost;
        hour.lags.add(Duration::from_secs(2));
        let line = of_hour(&hour);
        assert_eq!(line.level, Level::Error);
        assert!(line.words().starts_with("hour from 02:00: 58 arrived, 1 lost; median lag "), "{}", line.words());
    }
}
