//! `heartbeat rules replay`: runs rules over recorded history, to tune them without waiting.

use std::time::Duration;

use clap::Args;

use super::{app_of, remark};
use crate::cli::arguments::Assigned;
use crate::cli::explain::explain;
use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, FAINT, ProgressLine, WARN, styled};
use crate::cli::which_project::WhichProject;
use crate::config::Problem;
use crate::model::{IngestionAlertApp, Invalid, Project, Severity, Timestamp, span};
use crate::settings::ReplayJson;
use crate::settings::replay::{self, Found, Progress, Replay as Replayed, Sums, reach};

pub(super) const JSON: &str = "JSON: {project, from, to, installed, incidents: [{incident_kind, severity, rules, opened, closed, lasted_ms, first_bad, \
last_good, cause_code, cause}], total: [{incident_kind, incidents, lasted_ms, recorded, recorded_lasted_ms}], without_history_ms, without_history: \
[{from, to}], readbacks_from}; oldest first, absent values are null. closed is null if the incident would still be open; total has one row for each \
incident_kind; recorded counts the incidents that were really opened; before readbacks_from there is no read-back, so no_event, quiet and blind cannot be \
replayed.";

/// Days. Shorter replays end before a progress line could be read.
const LONG: usize = 4;

#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    pub which: WhichProject,

    /// Replay the history since this long ago
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "30d", value_parser = reach)]
    pub since: Duration,

    /// End of the replay, for example 2026-11-23T14:32:00Z [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Timestamp::parse)]
    pub until: Option<Timestamp>,

    /// Change a rule for this replay, for example `lag_above=90s` or `quiet=on` (repeatable)
    #[arg(long, value_name = "RULE=VALUE")]
    pub set: Vec<String>,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl Replay {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        // Wrong settings are reported before the store is opened.
        self.changed_app(&IngestionAlertApp::default())?;
        let store = invocation.store().await?;
        let projects = store.projects().await?;
        let project = self.which.find(&projects)?;
        let app = self.changed_app(&app_of(project))?;
        let to = self.until.unwrap_or_else(|| invocation.clock.now());
        let mut line = ProgressLine::on(invocation.screen);
        let replayed = replay::run(&store, project, &app, (to.minus(self.since), to), |Progress { day, days, from }| {
            if days >= LONG {
                line.show(format_args!("{}  day {} of {days}", from.date_and_minute(), day + 1));
            }
        });
        let replayed = replayed.await?;
        line.clear();
        let output = Output { project, replayed };
        if self.json {
            invocation.screen.json(&ReplayJson::of(output.project, &output.replayed))?;
        } else {
            invocation.screen.text(&output.text())?;
            for note in output.replayed.notes().into_iter().chain(remark(project)) {
                invocation.screen.note(note)?;
            }
        }
        Ok(())
    }

    /// Applies `--set`, and reports all problems together.
    fn changed_app(&self, app: &IngestionAlertApp) -> anyhow::Result<IngestionAlertApp> {
        let mut assigned = Assigned::default();
        for assignment in &self.set {
            let read = assignment.split_once('=').map(|(key, text)| (key.trim(), text));
            let no_value = || Invalid::unquoted("must be RULE=VALUE, for example lag_above=90s; the `=` is missing");
            assigned.add(read.ok_or_else(|| Problem::of("--set", no_value())));
        }
        assigned.with(|texts| Ok(replay::wished(app, texts)?)).map_err(explain)
    }
}

struct Output<'a> {
    project: &'a Project,
    replayed: Replayed,
}

impl Output<'_> {
    fn text(&self) -> String {
        let mut lines: Vec<String> = self.replayed.found.iter().map(|found| self.line(found)).collect();
        if lines.is_empty() {
            lines.push(format!(
                "{}: the rules would have opened no incident from {} to {} UTC",
                self.project.spec.name,
                self.replayed.from.date_and_minute(),
                self.replayed.to.date_and_minute()
            ));
        }
        for Sums { incident_kind, found, recorded } in self.replayed.sums() {
            if (found.count, recorded.count) != (0, 0) {
                lines.push(format!("{incident_kind}: {} (recorded: {})", found.words(), recorded.words()));
            }
        }
        lines.join("\n") + "\n"
    }

    fn line(&self, found: &Found) -> String {
        let incident = &found.incident;
        let style = if incident.severity == Severity::Critical { BAD } else { WARN };
        let closed = incident.closed.map_or_else(|| "still open".to_owned(), |at| format!("to {} UTC", at.date_and_minute()));
        let rules = found.rules.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        format!(
            "{} {closed}, {}  {}  {}  {}\n      {}",
            incident.opened.date_and_minute(),
            span(self.replayed.lasted(incident)),
            styled(style, incident.severity),
            incident.incident_kind,
            styled(FAINT, rules),
            incident.cause.summary,
        )
    }
}
