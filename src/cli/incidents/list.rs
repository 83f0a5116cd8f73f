//! `heartbeat incidents list`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::screen::{BAD, FAINT, WARN, styled};
use crate::cli::which_project::WhichProjects;
use crate::config::{Scope, duration, rules};
use crate::model::{Incident, Severity, Timestamp, span};
use crate::report::json::IncidentJson;
use crate::store::{IncidentFilter, IncidentState};

pub(super) const JSON: &str =
    "JSON: {items: [{id, key, project, incident_kind, severity, rules, cause_code, cause, diagnosis, url, opened, closed, ended_because,
lasted_ms, noticed_after_ms, first_bad, last_good, beats_sent, beats_late, beats_missing, beats_lost, beats_rejected, beats_duplicated, announced, acknowledged, acknowledged_by, snoozed_until}], next},
newest first; absent values are null, times RFC 3339.

Exit codes: 0 success; with --check, 1 if an incident is open.";

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub which: WhichProjects,

    /// Show only open incidents
    #[arg(long)]
    pub open: bool,

    /// Show incidents that were open since this long ago
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "7d", value_parser = rules::some_time)]
    pub since: Duration,

    /// Exit with 1 if an incident is open
    #[arg(long)]
    pub check: bool,

    /// Print the incidents as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let public = invocation.settings(Scope::Service)?.web.public_url;
        let store = invocation.store().await?;
        let now = self.moment.time();
        let named = self.which.filter(&store.bare_projects().await?)?;
        let which = IncidentFilter {
            named,
            state: self.open.then_some(IncidentState::Open),
            since: Some(now.minus(self.since)),
            ..IncidentFilter::default()
        };
        let incidents = store.incidents(&which).await?;
        if self.json {
            invocation.screen.items(incidents.iter().map(|incident| IncidentJson::of(incident, now, public.as_ref())))?;
        } else {
            for incident in &incidents {
                invocation.screen.text(&line(incident, now))?;
            }
            if incidents.is_empty() {
                let open = if self.open { "No open incidents" } else { "No incidents" };
                let reach = if self.open { String::new() } else { format!(" in the last {}", duration::show(self.since)) };
                invocation.screen.note(format!("{open}{reach}."))?;
            }
        }
        let is_open = incidents.iter().any(Incident::is_open);
        Ok(if self.check && is_open { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn line(incident: &Incident, now: Timestamp) -> String {
    let style = match (incident.is_open(), incident.severity) {
        (false, _) => FAINT,
        (true, Severity::Critical) => BAD,
        (true, _) => WARN,
    };
    let state = match (incident.is_open(), &incident.acknowledged) {
        (false, _) => "resolved",
        (true, Some(_)) => "acknowledged",
        (true, None) => "open",
    };
    let head = format!("{state}  {}", incident.severity);
    let id = incident.id.map_or(0, |id| id.0);
    format!(
        "{id:>4}  {}  {}  {}  {} UTC for {}\n      {}\n",
        styled(style, head),
        incident.project_name,
        incident.incident_kind,
        incident.opened.date_and_minute(),
        span(incident.lasted(now)),
        incident.cause.summary,
    )
}
