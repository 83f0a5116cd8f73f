//! `heartbeat rules`: what Ingestion Alert holds to be trouble, and what it would have said of the past.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::error::Misuse;
use super::global::Invocation;
use crate::model::{IngestionAlertApp, Project};

mod progress;
mod replay;
mod show;

/// Show the rules of a project, or run them over what was recorded
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with rules.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show each rule: on or off, its limit, when it opens and closes, how grave it is
    #[command(after_help = show::JSON)]
    Show(show::Show),
    /// Run the rules over recorded history, and show the incidents that they would have opened
    ///
    /// The rules are those of the project, with what --set changes. Nothing is written. Nobody acknowledges or snoozes in a replay, and no
    /// maintenance window is open.
    #[command(after_help = replay::JSON)]
    Replay(replay::Replay),
}

impl Rules {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Show(show) => show.run(invocation).await,
            Command::Replay(replay) => replay.run(invocation).await,
        }
    }
}

/// Which project.
#[derive(Debug, Args)]
pub struct WhichProject {
    /// Which project; may be left out where there is one
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
}

impl WhichProject {
    fn find(&self, projects: Vec<Project>) -> Result<Project, Misuse> {
        let specs: Vec<_> = projects.iter().map(|project| project.spec.clone()).collect();
        let name = match &self.project {
            Some(name) => super::project_named(&specs, name)?.name.clone(),
            None if specs.len() == 1 => specs[0].name.clone(),
            None => {
                let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
                let there = if names.is_empty() { "there is none yet".into() } else { format!("there are {}", names.join(", ")) };
                return Err(Misuse(format!("say which project with --project; {there}")));
            }
        };
        let found = projects.into_iter().find(|project| project.spec.name == name);
        found.ok_or_else(|| Misuse(format!("there is no project `{name}`")))
    }
}

/// The app as it is installed on the project, else as it usually is.
fn app_of(project: &Project) -> IngestionAlertApp {
    project.spec.ingestion_alert.clone().unwrap_or_default()
}

/// What there is to know of rules that nobody goes by.
fn remark(project: &Project) -> Option<String> {
    let name = &project.spec.name;
    match &project.spec.ingestion_alert {
        None => Some(format!(
            "Ingestion Alert is not installed on project {name}: these are the rules as they usually are. `heartbeat apps install \
             ingestion-alert --project {name}` does it."
        )),
        Some(app) if !app.enabled => {
            Some(format!("Ingestion Alert rests on project {name}: `heartbeat apps enable ingestion-alert --project {name}` wakes it."))
        }
        Some(_) => None,
    }
}
