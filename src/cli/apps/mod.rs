//! `heartbeat apps`: what can be installed on a project, and what is. The seed of the Apps page.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::{ChangeFlags, SETTINGS_JSON, settings_service, show};
use super::explain::plainly;
use super::global::Invocation;
use super::project_named;
use crate::model::{AppKind, ProjectSpec};
use crate::settings::{ChangeError, Cost, InstalledAppJson, app};

use settings::Assignments;

mod list;
mod search;
mod settings;

/// List, search, install and configure apps on projects
///
/// Without a command, the apps that are installed are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Apps {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

const CONFIGURE_JSON: &str = "JSON, with --set or --set-file: {dry_run, changes: [{kind: project, name, project, change: changed, field, \
                              old, new}]}; without: as one of `heartbeat apps list`. \
                              Values may be null; a secret is https://host/*** or phx_***.";

/// What can be done with apps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the apps that are installed
    #[command(
        after_help = "JSON: {items: [{app, project, enabled, settings: {setting: value or null}, secrets: {setting: value or null}, \
                            routes: [{name, event, host, endpoint, distinct_id}], events_a_day}], next}; a secret is https://host/*** or phx_***"
    )]
    List(list::List),
    /// Search the apps that can be installed, with their settings
    #[command(
        after_help = "JSON: {items: [{name, title, description, settings: [{key, label, hint, default, required, secret, choices, others}]}], next}"
    )]
    Search(search::Search),
    /// Install an app on a project
    #[command(after_help = SETTINGS_JSON)]
    Install(Install),
    /// Show or change the settings of an installed app
    #[command(after_help = CONFIGURE_JSON)]
    Configure(Configure),
    /// Let an installed app run
    #[command(after_help = SETTINGS_JSON)]
    Enable(IncidentFilter),
    /// Let an installed app rest; its settings stay
    #[command(after_help = SETTINGS_JSON)]
    Disable(IncidentFilter),
    /// Remove an app from a project, with its settings
    #[command(after_help = SETTINGS_JSON)]
    Uninstall(IncidentFilter),
}

/// An app on a project.
#[derive(Debug, Args)]
pub struct IncidentFilter {
    /// The app: heartbeat or ingestion-alert
    pub app: String,

    /// The project
    #[arg(long, value_name = "NAME")]
    pub project: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// `heartbeat apps install`
#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    pub which: IncidentFilter,

    #[command(flatten)]
    pub assignments: Assignments,

    /// Install it, and let it rest
    #[arg(long)]
    pub disabled: bool,
}

/// `heartbeat apps configure`: without a setting, they are shown
#[derive(Debug, Args)]
pub struct Configure {
    #[command(flatten)]
    pub which: IncidentFilter,

    #[command(flatten)]
    pub assignments: Assignments,
}

impl Apps {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Search(search) => search.run(invocation),
            Command::Install(install) => install.run(invocation).await,
            Command::Configure(configure) => configure.run(invocation).await,
            Command::Enable(which) => which.switch(invocation, true).await,
            Command::Disable(which) => which.switch(invocation, false).await,
            Command::Uninstall(which) => which.uninstall(invocation).await,
        }
    }
}

impl Install {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let given = self.assignments.read();
        self.which.change(invocation, |spec, kind| given.with(|texts| app::install(spec, kind, texts, !self.disabled))).await
    }
}

impl Configure {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        if self.assignments.is_empty() {
            let kind = self.which.kind()?;
            let store = invocation.store().await?;
            let spec = settings_service(invocation, &store, self.which.edit).find(&self.which.project).await.map_err(plainly)?;
            let app = app::installed(&spec, kind).map_err(plainly)?;
            if self.which.edit.json {
                invocation.screen.json(&InstalledAppJson::of(&spec, &app))?;
            } else {
                settings::show(invocation, &app)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let given = self.assignments.read();
        self.which.change(invocation, |spec, kind| given.with(|texts| app::configure(spec, kind, texts))).await
    }
}

impl IncidentFilter {
    async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        self.change(invocation, |spec, kind| app::switch(spec, kind, enabled)).await
    }

    async fn uninstall(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        self.change(invocation, app::uninstall).await
    }

    /// Changes the app on the project; what there is to know of it is said where it runs afterwards.
    async fn change(
        &self,
        invocation: &Invocation,
        change: impl Fn(&ProjectSpec, AppKind) -> Result<ProjectSpec, ChangeError>,
    ) -> anyhow::Result<ExitCode> {
        let kind = self.kind()?;
        let store = invocation.store().await?;
        let done =
            settings_service(invocation, &store, self.edit).change(&self.project, |spec| change(spec, kind)).await.map_err(plainly)?;
        let code = show(&done.changes, invocation, self.edit)?;
        for remark in remarks(&done.now, kind) {
            invocation.screen.note(remark)?;
        }
        Ok(code)
    }

    fn kind(&self) -> anyhow::Result<AppKind> {
        app::kind_named(&self.app).map_err(plainly)
    }
}

/// What there is to know of an app that runs: what it costs, or what it cannot see.
fn remarks(spec: &ProjectSpec, kind: AppKind) -> Vec<String> {
    match kind {
        AppKind::Heartbeat if spec.beats() => vec![format!("Heartbeat beats on {}.", Cost::of([spec]))],
        AppKind::IngestionAlert if spec.alert().is_some() => {
            let blind = "There is no personal API key, neither the project's nor posthogApiKey: arrival cannot be checked, and of all rules \
                         only `capture` can hold.";
            let alone = match spec.reading_key() {
                Some(_) => "a project where nobody sends looks like a broken one",
                None => "nothing can be noticed at all",
            };
            let alone =
                format!("Heartbeat does not beat on project {}: {alone}. `apps install heartbeat --project {0}` changes that.", spec.name);
            let blind = spec.reading_key().is_none().then(|| blind.to_owned());
            blind.into_iter().chain((!spec.beats()).then_some(alone)).collect()
        }
        AppKind::Heartbeat | AppKind::IngestionAlert => Vec::new(),
    }
}
