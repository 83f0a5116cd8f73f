//! Runs rules over the recorded history of a project and returns the incidents that they would have opened. Writes nothing.
//! A replay has no acknowledgements, snoozes or maintenance windows.

use std::time::Duration;

use super::history::{Coverage, History};
use crate::config::{Problem, Problems, Texts, duration, nearest, rules, unknown_field};
use crate::judge;
use crate::model::{AppKind, Incident, IncidentKind, IngestionAlertApp, Invalid, Minute, Project, ReadbackSample, Suggestion, Timestamp};
use crate::store::{IncidentFilter, Store, StoreError};

pub use crate::judge::Replayed as Found;

/// The history is read in ranges of this length.
const MINUTE_RANGE: Duration = Duration::from_hours(24);

/// The app with changed rules. Settings that recorded read-backs cannot answer are rejected.
pub fn wished(app: &IngestionAlertApp, texts: &Texts) -> Result<IngestionAlertApp, Problems> {
    let mut wished = app.clone();
    wished.enabled = true;
    let problems = texts.iter().filter_map(|(key, text)| set(&mut wished, key, text).err()).collect();
    Problems::or(problems, wished)
}

fn set(app: &mut IngestionAlertApp, key: &str, text: &str) -> Result<(), Problem> {
    let keys = || AppKind::IngestionAlert.settings().iter().map(|setting| setting.key);
    let not_here = |because: &'static str| Problem::of(key, Invalid::unquoted(because));
    match key {
        "watch" => Err(not_here("cannot be set here: recorded read-backs counted the events that were watched at that time")),
        "webHookUrlTriggered" | "webHookUrlResolved" | "posthogApiKey" | "posthogHost" => {
            Err(not_here("does not apply to a replay: no notification is sent, and PostHog is not queried"))
        }
        key if keys().any(|known| known == key) => rules::about(key, app.set(key, text)),
        unknown => {
            let lists = || Suggestion::Advice("`heartbeat apps search ingestion-alert` lists them".into());
            let suggestion = nearest(unknown, keys()).map_or_else(lists, |meant| Suggestion::Meant(meant.to_owned()));
            Err(unknown_field(unknown, "a setting of ingestion-alert", suggestion))
        }
    }
}

/// At most 3650 days.
pub fn reach(text: &str) -> Result<Duration, Invalid> {
    duration::within(text, Duration::from_mins(1), Duration::from_hours(3650 * 24))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Starts at 0.
    pub day: usize,
    pub days: usize,
    pub from: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Replay {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Oldest first, with the rules that held each open.
    pub found: Vec<Found>,
    /// The incidents that really opened.
    pub recorded: Vec<Incident>,
    /// Minute ranges without records, which the rules ignore.
    pub holes: Vec<(Minute, Minute)>,
    /// Before it, `no_event`, `quiet` and `blind` have no result.
    pub readbacks_from: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: usize,
    pub lasted: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub incident_kind: IncidentKind,
    pub found: Sum,
    pub recorded: Sum,
}

impl Replay {
    #[must_use]
    pub fn lasted(&self, incident: &Incident) -> Duration {
        incident.closed.unwrap_or(self.to).min(self.to).since(incident.opened.max(self.from))
    }

    #[must_use]
    pub fn sums(&self) -> [Sums; 3] {
        IncidentKind::ALL.map(|incident_kind| Sums {
            incident_kind,
            found: self.sum(incident_kind, self.found.iter().map(|found| &found.incident)),
            recorded: self.sum(incident_kind, self.recorded.iter()),
        })
    }

    fn sum<'i>(&self, incident_kind: IncidentKind, all: impl Iterator<Item = &'i Incident>) -> Sum {
        all.filter(|incident| incident.incident_kind == incident_kind)
            .fold(Sum::default(), |sum, incident| Sum { count: sum.count + 1, lasted: sum.lasted + self.lasted(incident) })
    }

    #[must_use]
    pub fn without_history(&self) -> Duration {
        self.holes.iter().map(|(from, to)| to.start().since(from.start())).sum::<Duration>().min(self.to.since(self.from))
    }

    /// The start of the recorded history.
    #[must_use]
    pub fn known_from(&self) -> Timestamp {
        let hole = self.holes.first().filter(|(from, _)| *from <= self.from.minute().plus(1));
        hole.map_or(self.from, |(_, to)| to.start())
    }
}

/// Runs the rules a day at a time, each with the lookback of the rules, so that memory stays small for any time range. `progress` is called
/// before each day.
pub async fn run(
    store: &Store,
    project: &Project,
    app: &IngestionAlertApp,
    (from, to): (Timestamp, Timestamp),
    progress: impl FnMut(Progress),
) -> Result<Replay, StoreError> {
    let usual = project.spec.ingestion_alert.clone().unwrap_or_default();
    let range = Some(app.time_range).filter(|range| *range != usual.time_range);
    let mut with_app = project.clone();
    with_app.spec.ingestion_alert = Some(app.clone());
    let past = Past { store, project: &with_app, app, range, from, to };
    let (found, holes, readbacks_from) = past.run(progress).await?;
    let which = IncidentFilter { project: Some(project.id), since: Some(from), ..IncidentFilter::default() };
    let recorded = store.incidents(&which).await?.into_iter().filter(|incident| incident.opened < to).collect();
    Ok(Replay { from, to, found, recorded, holes, readbacks_from })
}

struct Past<'a> {
    store: &'a Store,
    project: &'a Project,
    app: &'a IngestionAlertApp,
    /// The time range to apply to recorded read-backs, if it differs from theirs.
    range: Option<Duration>,
    from: Timestamp,
    to: Timestamp,
}

type Outcome = (Vec<Found>, Vec<(Minute, Minute)>, Option<Timestamp>);

impl Past<'_> {
    async fn run(&self, mut progress: impl FnMut(Progress)) -> Result<Outcome, StoreError> {
        let before = judge::lookback(self.project);
        let ranges = self.ranges();
        let days = ranges.len();
        let mut coverage = Coverage::new();
        let (mut resolved, mut open): (Vec<Found>, Vec<Found>) = (Vec::new(), Vec::new());
        let (mut newest, mut readbacks_from, mut last_readback) = (None, None, None::<ReadbackSample>);
        for (day, (from, to)) in ranges.into_iter().enumerate() {
            progress(Progress { day, days, from });
            let (begin, end) = (from.minus(before).minute(), to.minus(Duration::from_millis(1)).minute().plus(1));
            let mut history = History::read(self.store, self.project, begin, end).await?;
            coverage.begin(from.minute(), end);
            history.cover(&mut coverage);
            coverage.end();
            readbacks_from = readbacks_from.or(history.samples.first().map(|sample| sample.at));
            if let Some(range) = self.range {
                history.count_within(range, &mut newest);
            }
            let last = history.samples.last().copied();
            // After the first recorded read-back, a range without any means that none was made.
            if let Some(earlier) = last_readback.filter(|earlier| history.samples.first().is_none_or(|first| first.at > earlier.at)) {
                history.samples.insert(0, earlier);
            }
            last_readback = last.or(last_readback);
            let carried: Vec<Incident> = open.iter().map(|found| found.incident.clone()).collect();
            let found = self.minute_range(&history, &carried, (from, to));
            let (closed, still) = joined(open, found).into_iter().partition(|found| !found.incident.is_open());
            open = still;
            resolved.extend::<Vec<Found>>(closed);
        }
        resolved.extend(open);
        resolved.sort_by_key(|found| (found.incident.opened, found.incident.incident_kind));
        Ok((resolved, coverage.holes(), readbacks_from))
    }

    /// Includes the incidents that were open at the start.
    fn minute_range(&self, history: &History, open: &[Incident], (from, to): (Timestamp, Timestamp)) -> Vec<Found> {
        let History { hours, beats, evidence, samples } = history;
        judge::replay(&judge::History { project: self.project, hours, beats, evidence, samples, open }, self.app, from, to)
    }

    fn ranges(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut ranges = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.plus(MINUTE_RANGE).min(self.to);
            ranges.push((from, to));
            from = to;
        }
        ranges
    }
}

/// Merges the incidents of a minute range with those that were open before, and their rules.
fn joined(open: Vec<Found>, mut found: Vec<Found>) -> Vec<Found> {
    for before in open {
        let is_same = |found: &&mut Found| {
            found.incident.incident_kind == before.incident.incident_kind && found.incident.opened == before.incident.opened
        };
        match found.iter_mut().find(is_same) {
            Some(now) => {
                now.rules.extend(before.rules);
                now.rules.sort_unstable();
                now.rules.dedup();
            }
            None => found.push(before),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_replay_cannot_tell_is_refused_with_its_field_and_everything_at_once() {
        let texts: Texts = [
            ("watch", "any"),
            ("webHookUrlTriggered", "https://example.com/hunter2"),
            ("lost", "maybe"),
            ("lots", "on"),
            ("https://example.com/hunter2", "x"),
            ("lag_above", "90s"),
        ]
        .into_iter()
        .collect();
        let wrong = wished(&IngestionAlertApp::default(), &texts).unwrap_err();
        let fields = wrong.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>();
        assert_eq!(fields, ["watch", "webHookUrlTriggered", "lost", "lots", ""]);
        assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
    }

    #[test]
    fn rules_are_wished_for_on_an_app_that_rests() {
        let mut resting = IngestionAlertApp::default();
        resting.enabled = false;
        let app = wished(&resting, &[("lag_above", "90s")].into_iter().collect()).unwrap();
        assert_eq!((app.enabled, app.value("lag_above").as_deref()), (true, Some("1m30s")));
    }
}
