//! `heartbeat rules replay`: the rules, run over recorded history, so that a person can tune them without waiting.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::found::{Found, lookback, run};
use super::history::{Coverage, History};
use super::progress::Progress;
use super::{WhichProject, app_of, remark, wishes};
use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, FAINT, WARN, styled};
use crate::cli::trouble::Misuse;
use crate::config::duration;
use crate::model::{Glance, Incident, IngestionAlertApp, Minute, Project, RuleKind, Severity, Strand, Timestamp, span};
use crate::store::{Store, Which};

pub(super) const JSON: &str = "JSON: {project, from, to, installed, incidents: [{strand, severity, rules, opened, closed, lasted_ms, first_bad, \
last_good, cause_code, cause}], total: [{strand, incidents, lasted_ms, recorded, recorded_lasted_ms}], without_history_ms, without_history: \
[{from, to}], looks_from}; oldest first, absent values are null. closed is null while it would still be open; total has a row for each \
strand, recorded counts the incidents that were really opened; before looks_from no look is on record, and no_event, quiet and blind say \
nothing.";

/// What is read at once.
const STRETCH: Duration = Duration::from_hours(24);

/// `heartbeat rules replay`
#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    pub which: WhichProject,

    /// How far back
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = reach)]
    pub since: Duration,

    /// Up to when, such as 2026-11-23T14:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub until: Option<Timestamp>,

    /// A rule's setting for this replay, such as `lag_above=90s` or `quiet=on` (may be given more than once)
    #[arg(long, value_name = "RULE=VALUE")]
    pub set: Vec<String>,

    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads how far back: to ten years.
fn reach(text: &str) -> Result<Duration, String> {
    let read = duration::parse(text)?;
    let most = Duration::from_hours(3650 * 24);
    if (Duration::from_mins(1)..=most).contains(&read) { Ok(read) } else { Err(format!("`{text}` must lie from 1m to 3650d")) }
}

impl Replay {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // Wrong settings are told before the store is opened.
        wishes::set(&mut IngestionAlertApp::default(), &self.set).map_err(Misuse)?;
        let store = invocation.store().await?;
        let mut project = self.which.find(store.projects().await?)?;
        let remark = remark(&project);
        let installed = project.spec.ingestion_alert.is_some();
        let usual = app_of(&project);
        let mut app = usual.clone();
        app.enabled = true;
        wishes::set(&mut app, &self.set).map_err(Misuse)?;
        project.spec.ingestion_alert = Some(app.clone());
        let to = self.until.unwrap_or_else(|| invocation.clock.now());
        let from = to.minus(self.since);
        let range = wishes::changes_range(&usual, &app).then_some(app.time_range);
        let mut past = Past { store: &*store, project: &project, app: &app, range, from, to };
        let told = past.run(invocation).await?;
        let which = Which { project: Some(project.id), since: Some(from), ..Which::default() };
        let recorded = store.incidents(&which).await?.into_iter().filter(|incident| incident.opened < to).collect::<Vec<_>>();
        let replayed = Replayed { project: &project, installed, from, to, told, recorded };
        if self.json {
            invocation.screen.json(&ReplayJson::of(&replayed))?;
        } else {
            invocation.screen.text(&replayed.page())?;
            for note in replayed.notes().into_iter().chain(remark) {
                invocation.screen.note(note)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is run, over what.
struct Past<'a> {
    store: &'a dyn Store,
    project: &'a Project,
    app: &'a IngestionAlertApp,
    /// The time range that looks on record are asked for, where it is not theirs.
    range: Option<Duration>,
    from: Timestamp,
    to: Timestamp,
}

/// What the history tells.
struct Told {
    found: Vec<Found>,
    holes: Vec<(Minute, Minute)>,
    /// The first look that is on record.
    looks_from: Option<Timestamp>,
}

impl Past<'_> {
    /// A day at a time, each with as much before it as the rules look back: memory stays small however long the span is.
    async fn run(&mut self, invocation: &Invocation) -> anyhow::Result<Told> {
        let before = lookback(self.project);
        let stretches = self.stretches();
        let progress = Progress::over(stretches.len(), invocation);
        let mut coverage = Coverage::new();
        let (mut over, mut open): (Vec<Found>, Vec<Found>) = (Vec::new(), Vec::new());
        let (mut newest, mut looks_from, mut last_look) = (None, None, None::<Glance>);
        for (day, (from, to)) in stretches.into_iter().enumerate() {
            progress.at(day, from);
            let (begin, end) = (from.minus(before).minute(), to.minus(Duration::from_millis(1)).minute().plus(1));
            let mut history = History::read(self.store, self.project, begin, end).await?;
            coverage.begin(from.minute(), end);
            history.cover(&mut coverage);
            coverage.end();
            looks_from = looks_from.or(history.glances.first().map(|glance| glance.at));
            if let Some(range) = self.range {
                history.count_within(range, &mut newest);
            }
            let last = history.glances.last().copied();
            // Where looks were kept before, a stretch without any is one in which nobody looked.
            if let Some(earlier) = last_look.filter(|earlier| history.glances.first().is_none_or(|first| first.at > earlier.at)) {
                history.glances.insert(0, earlier);
            }
            last_look = last.or(last_look);
            let carried: Vec<Incident> = open.iter().map(|found| found.incident.clone()).collect();
            let found = run(self.project, &history, self.app, &carried, (from, to));
            let (closed, still) = joined(open, found).into_iter().partition(|found| !found.incident.is_open());
            open = still;
            over.extend::<Vec<Found>>(closed);
        }
        progress.end();
        over.extend(open);
        over.sort_by_key(|found| (found.incident.opened, found.incident.strand));
        Ok(Told { found: over, holes: coverage.holes(), looks_from })
    }

    fn stretches(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut stretches = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.plus(STRETCH).min(self.to);
            stretches.push((from, to));
            from = to;
        }
        stretches
    }
}

/// What was found in a stretch, with the rules that held its incidents open in those before.
fn joined(open: Vec<Found>, mut found: Vec<Found>) -> Vec<Found> {
    for before in open {
        let is_same =
            |found: &&mut Found| found.incident.strand == before.incident.strand && found.incident.opened == before.incident.opened;
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

/// Everything that is shown of a replay.
struct Replayed<'a> {
    project: &'a Project,
    installed: bool,
    from: Timestamp,
    to: Timestamp,
    told: Told,
    recorded: Vec<Incident>,
}

/// How many incidents of one strand, and how long in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: usize,
    lasted: Duration,
}

impl Replayed<'_> {
    fn lasted(&self, incident: &Incident) -> Duration {
        incident.closed.unwrap_or(self.to).min(self.to).since(incident.opened.max(self.from))
    }

    fn sum<'i>(&self, strand: Strand, all: impl Iterator<Item = &'i Incident>) -> Sum {
        all.filter(|incident| incident.strand == strand)
            .fold(Sum::default(), |sum, incident| Sum { count: sum.count + 1, lasted: sum.lasted + self.lasted(incident) })
    }

    fn sums(&self) -> [(Strand, Sum, Sum); 3] {
        Strand::ALL.map(|strand| {
            let found = self.sum(strand, self.told.found.iter().map(|found| &found.incident));
            (strand, found, self.sum(strand, self.recorded.iter()))
        })
    }

    fn page(&self) -> String {
        let mut lines: Vec<String> = self.told.found.iter().map(|found| self.line(found)).collect();
        if lines.is_empty() {
            lines.push(format!(
                "{}: the rules would have opened no incident from {} to {} UTC",
                self.project.spec.name,
                minute_of(self.from),
                minute_of(self.to)
            ));
        }
        for (strand, found, recorded) in self.sums() {
            if (found.count, recorded.count) != (0, 0) {
                lines.push(format!("{strand}: {} (recorded: {})", words(found), words(recorded)));
            }
        }
        lines.join("\n") + "\n"
    }

    /// Two lines: what and when, and where.
    fn line(&self, found: &Found) -> String {
        let incident = &found.incident;
        let style = if incident.severity == Severity::Critical { BAD } else { WARN };
        let closed = incident.closed.map_or_else(|| "still open".to_owned(), |at| format!("to {} UTC", minute_of(at)));
        let rules = found.rules.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        format!(
            "{} {closed}, {}  {}  {}  {}\n      {}",
            minute_of(incident.opened),
            span(self.lasted(incident)),
            styled(style, incident.severity),
            incident.strand,
            styled(FAINT, rules),
            incident.cause.words,
        )
    }

    /// What the history cannot tell.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let missing = self.without_history();
        if let Some((from, to)) = self.told.holes.first().filter(|_| !missing.is_zero()) {
            let all = self.to.since(self.from);
            let more = self.told.holes.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            notes.push(format!(
                "Nothing is on record of {} of these {}: {} to {} UTC{more}. Of that time the rules say nothing.",
                span(missing),
                span(all),
                minute_of(from.start()),
                minute_of(to.start())
            ));
        }
        let hour = Duration::from_hours(1);
        match self.told.looks_from {
            Some(first) if first.since(self.known_from()) < hour => {}
            Some(first) => notes
                .push(format!("Looks are on record from {} UTC on: before that no_event, quiet and blind say nothing.", minute_of(first))),
            None if missing < self.to.since(self.from) => {
                notes.push("No look is on record: no_event, quiet and blind say nothing.".to_owned());
            }
            None => {}
        }
        notes
    }

    /// From when on anything is on record.
    fn known_from(&self) -> Timestamp {
        let hole = self.told.holes.first().filter(|(from, _)| *from <= self.from.minute().plus(1));
        hole.map_or(self.from, |(_, to)| to.start())
    }

    fn without_history(&self) -> Duration {
        self.told.holes.iter().map(|(from, to)| to.start().since(from.start())).sum::<Duration>().min(self.to.since(self.from))
    }
}

/// `3 incidents, 42m 00s in all`
fn words(sum: Sum) -> String {
    match sum.count {
        0 => "none".to_owned(),
        1 => format!("1 incident, {}", span(sum.lasted)),
        many => format!("{many} incidents, {} in all", span(sum.lasted)),
    }
}

/// `2026-11-23 14:02`
fn minute_of(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

/// Stable field names, documented in [`JSON`].
#[derive(Serialize)]
struct ReplayJson {
    project: String,
    from: Timestamp,
    to: Timestamp,
    installed: bool,
    incidents: Vec<FoundJson>,
    total: [SumJson; 3],
    without_history_ms: u64,
    without_history: Vec<HoleJson>,
    looks_from: Option<Timestamp>,
}

#[derive(Serialize)]
struct FoundJson {
    strand: &'static str,
    severity: &'static str,
    rules: Vec<&'static str>,
    opened: Timestamp,
    closed: Option<Timestamp>,
    lasted_ms: u64,
    first_bad: Option<Timestamp>,
    last_good: Option<Timestamp>,
    cause_code: String,
    cause: String,
}

#[derive(Serialize)]
struct SumJson {
    strand: &'static str,
    incidents: usize,
    lasted_ms: u64,
    recorded: usize,
    recorded_lasted_ms: u64,
}

#[derive(Serialize)]
struct HoleJson {
    from: Timestamp,
    to: Timestamp,
}

impl ReplayJson {
    fn of(replayed: &Replayed<'_>) -> Self {
        let ms = |lasted: Duration| lasted.as_millis() as u64;
        let found = |found: &Found| FoundJson {
            strand: found.incident.strand.name(),
            severity: found.incident.severity.name(),
            rules: found.rules.iter().copied().map(RuleKind::name).collect(),
            opened: found.incident.opened,
            closed: found.incident.closed,
            lasted_ms: ms(replayed.lasted(&found.incident)),
            first_bad: found.incident.first_bad.map(Minute::start),
            last_good: found.incident.last_good.map(Minute::start),
            cause_code: found.incident.cause.code.clone(),
            cause: found.incident.cause.words.clone(),
        };
        let total = replayed.sums().map(|(strand, found, recorded)| SumJson {
            strand: strand.name(),
            incidents: found.count,
            lasted_ms: ms(found.lasted),
            recorded: recorded.count,
            recorded_lasted_ms: ms(recorded.lasted),
        });
        Self {
            project: replayed.project.spec.name.to_string(),
            from: replayed.from,
            to: replayed.to,
            installed: replayed.installed,
            incidents: replayed.told.found.iter().map(found).collect(),
            total,
            without_history_ms: ms(replayed.without_history()),
            without_history: replayed.told.holes.iter().map(|(from, to)| HoleJson { from: from.start(), to: to.start() }).collect(),
            looks_from: replayed.told.looks_from,
        }
    }
}
