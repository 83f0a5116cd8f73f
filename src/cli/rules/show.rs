//! `heartbeat rules show`.

use clap::Args;

use super::{app_of, remark};
use crate::cli::global::Invocation;
use crate::cli::table::Table;
use crate::cli::which_project::WhichProject;
use crate::config::duration;
use crate::model::{IngestionAlertApp, Project, Watch};
use crate::report::RulesJson;

pub(super) const JSON: &str = "JSON: {project, installed, enabled, time_range, watch, rules: [{rule, incident_kind, on, limit, open_after, \
                               close_after, severity, reminders: [time]}]}; limit is null if the rule has no limit.";

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub which: WhichProject,

    /// Print the rules as JSON
    #[arg(long)]
    pub json: bool,
}

impl Show {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let projects = store.projects().await?;
        let project = self.which.find(&projects)?;
        let app = app_of(project);
        let rules = RulesJson::of(project);
        if self.json {
            return Ok(invocation.screen.json(&rules)?);
        }
        invocation.screen.line(heading(project, &app))?;
        let rows = rules.rules.into_iter().map(|rule| {
            let reminders = if rule.reminders.is_empty() { "none".to_owned() } else { rule.reminders.join(", ") };
            let state = if rule.on { "on" } else { "off" };
            let limit = rule.limit.unwrap_or_else(|| "–".to_owned());
            [rule.rule.into(), state.into(), limit, rule.open_after, rule.close_after, rule.severity.into(), reminders]
        });
        invocation.screen.line(Table::of(["RULE", "STATE", "LIMIT", "OPENS AFTER", "CLOSES AFTER", "SEVERITY", "REMINDERS"], rows))?;
        remark(project).map_or(Ok(()), |remark| Ok(invocation.screen.note(remark)?))
    }
}

fn heading(project: &Project, app: &IngestionAlertApp) -> String {
    let what = match &app.watch {
        Watch::Any => "any event".to_owned(),
        Watch::Heartbeats => "only heartbeats".to_owned(),
        named @ Watch::Events(_) => format!("the events {named}"),
    };
    format!("{}: watches {what}, timeRange {}", project.spec.name, duration::show(app.time_range))
}
