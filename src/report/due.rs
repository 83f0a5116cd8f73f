//! Counts the minutes in which a beat was due, and those without one. It works on time ranges and not on single minutes.

use super::Ends;
use crate::model::{AppKind, Minute, Outcome, Project, Route, RouteDay, Timestamp};

/// The ranges in which a project's Heartbeat was enabled, oldest first, not adjacent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due(Vec<(Minute, Minute)>);

impl Due {
    /// A minute counts if Heartbeat was enabled for a part of it, as in [`Project::was_on`].
    pub(super) fn of(project: &Project) -> Self {
        let mut spans: Vec<(Minute, Minute)> = Vec::new();
        let mut on_since = None;
        for switch in project.switches.iter().filter(|switch| switch.app == AppKind::Heartbeat) {
            match (switch.on, on_since) {
                (true, None) => on_since = Some(switch.at.minute()),
                (false, Some(since)) => {
                    // They touch if it was disabled and enabled again within a minute, or if the clock was stepped back.
                    add(&mut spans, (since, switch.at.minute().plus(1)));
                    on_since = None;
                }
                _ => {}
            }
        }
        if let Some(since) = on_since {
            add(&mut spans, (since, Minute::from_index(i64::MAX)));
        }
        Self(spans)
    }

    pub(super) fn count(&self, from: Minute, to: Minute) -> u32 {
        let of = |(since, until): &(Minute, Minute)| (until.index().min(to.index()) - since.index().max(from.index())).max(0);
        self.0.iter().map(of).sum::<i64>() as u32
    }

    fn on_routes(&self, routes: &[Route], from: Minute, to: Minute) -> u32 {
        routes.iter().map(|route| self.count(from.max(route.since.minute()), to)).sum()
    }

    /// [`Due::on_routes`] for the minutes that have ended at `now`.
    pub(super) fn over(&self, routes: &[Route], from: Minute, to: Minute, now: Timestamp) -> u32 {
        self.on_routes(routes, from, to.min(now.minute()))
    }

    pub(super) fn end(&self) -> Option<Minute> {
        self.0.last().map(|(_, until)| *until)
    }
}

/// Counts what is stored for some minutes at one time. The current minute is not missing yet, whether it is stored or not.
pub(super) struct Counted {
    now: Timestamp,
    ends: Ends,
    recorded: u32,
}

impl Counted {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, ends: Ends::default(), recorded: 0 }
    }

    pub(super) fn add(&mut self, minute: Minute, outcome: Outcome) {
        if outcome != Outcome::NotSent {
            self.ends.add(outcome, 1);
            self.recorded += u32::from(minute < self.now.minute());
        }
    }

    /// Adds a day that has ended.
    pub(super) fn add_day(&mut self, day: &RouteDay) {
        for (outcome, count) in Outcome::ALL.into_iter().zip(day.outcomes) {
            self.ends.add(outcome, count);
            self.recorded += count;
        }
        self.add_duplicates(day.duplicates);
    }

    pub(super) fn add_duplicates(&mut self, count: u32) {
        self.ends.duplicates += count;
    }

    /// Adds the due beats of ended minutes ([`Due::over`]) that are not stored as Not sent.
    pub(super) fn ends(mut self, due: u32) -> Ends {
        self.ends.add(Outcome::NotSent, due.saturating_sub(self.recorded));
        self.ends
    }
}

/// Adds a span behind the others, or merges it with the last one if they touch.
pub(super) fn add<T: Ord + Copy>(spans: &mut Vec<(T, T)>, (since, until): (T, T)) {
    match spans.last_mut() {
        Some((_, before)) if *before >= since => *before = until.max(*before),
        _ => spans.push((since, until)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Switch;
    use crate::report::samples::project;

    proptest! {
        #[test]
        fn stretches_hold_the_minutes_in_which_the_project_was_on(steps in prop::collection::vec((1_i64..300_000, any::<bool>()), 0..12), from in 0_i64..30, length in 0_i64..40) {
            let mut project = project("shop");
            let mut at = 0;
            project.switches = steps.iter().enumerate().map(|(number, (step, whole))| {
                at = if *whole { (at + step).div_euclid(Minute::LENGTH_MS) * Minute::LENGTH_MS + Minute::LENGTH_MS } else { at + step };
                Switch { app: AppKind::Heartbeat, at: Timestamp::from_ms(at), on: number % 2 == 0 }
            }).collect();
            let (from, to) = (Minute::from_index(from), Minute::from_index(from + length));
            let due = Due::of(&project);
            let on = from.until(to).filter(|minute| project.was_on(*minute)).count();
            prop_assert_eq!(due.count(from, to) as usize, on);
        }
    }
}
