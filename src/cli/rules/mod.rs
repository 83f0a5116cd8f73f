//! `heartbeat rules`: shows the alert rules of a project, and replays them over its history.

use clap::{Args, Subcommand};

use super::global::Invocation;
use crate::model::{IngestionAlertApp, Project};

mod replay;
mod show;

/// Show the alert rules of a project, or replay them over its history
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show each rule with its limit, its severity and when it opens and closes an incident
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Replay the rules over recorded history, and show the incidents that they would have opened
    ///
    /// It uses the rules of the project with the changes of --set, and changes nothing. A replay ignores acknowledgements, snoozes and
    /// maintenance windows.
    #[command(after_help = replay::JSON)]
    Replay(replay::Replay),
}

impl Rules {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command {
            Command::Show(show) => show.run(invocation).await,
            Command::Replay(replay) => replay.run(invocation).await,
        }
    }
}

/// The installed app, or the default one.
fn app_of(project: &Project) -> IngestionAlertApp {
    project.spec.ingestion_alert.clone().unwrap_or_default()
}

/// A note when the rules are not in use.
fn remark(project: &Project) -> Option<String> {
    let name = &project.spec.name;
    match &project.spec.ingestion_alert {
        None => Some(format!(
            "Ingestion Alert is not installed on project {name}; these are the default rules. Install it with `heartbeat apps install \
             ingestion-alert --project {name}`."
        )),
        Some(app) if !app.enabled => Some(format!(
            "Ingestion Alert is disabled on project {name}. Enable it with `heartbeat apps enable ingestion-alert --project {name}`."
        )),
        Some(_) => None,
    }
}
