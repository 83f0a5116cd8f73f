//! `heartbeat apps`: what can be installed on a project, and what is. The seed of the Apps page.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::cost::Cost;
use super::edit::{EDIT_JSON, EditFlags, perform};
use super::global::{Invocation, specs};
use super::project_named;
use super::trouble::Misuse;
use crate::config::{Plan, nearest, rules};
use crate::model::{AppKind, HeartbeatApp, ProjectSpec};

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

const CONFIGURE_JSON: &str = "JSON, with --set: {dry_run, changes: [{project, change: changed, field, old, new}]}; \
                              without: {events, host, project_api_key}. Values may be null.";

/// What can be done with apps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the apps that are installed
    #[command(after_help = "JSON: {apps: [{project, app, enabled, settings: {events, host, project_api_key}, routes: [names]}]}")]
    List(list::List),
    /// Search the apps that can be installed, with their settings
    #[command(after_help = "JSON: {apps: [{name, description, settings: [{key, name, hint, default, required, choices}]}]}")]
    Search(search::Search),
    /// Install an app on a project
    #[command(after_help = EDIT_JSON)]
    Install(Install),
    /// Show or change the settings of an installed app
    #[command(after_help = CONFIGURE_JSON)]
    Configure(Configure),
    /// Let an installed app run
    #[command(after_help = EDIT_JSON)]
    Enable(Which),
    /// Let an installed app rest; its settings stay
    #[command(after_help = EDIT_JSON)]
    Disable(Which),
    /// Remove an app from a project, with its settings
    #[command(after_help = EDIT_JSON)]
    Uninstall(Which),
}

/// An app on a project.
#[derive(Debug, Args)]
pub struct Which {
    /// The app: heartbeat
    pub app: String,

    /// The project
    #[arg(long, value_name = "NAME")]
    pub project: String,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// `heartbeat apps install`
#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    pub which: Which,

    /// A setting, such as `events="heartbeat + heartbeat_api"` (may be given more than once)
    #[arg(long, value_name = "SETTING=VALUE")]
    pub set: Vec<String>,

    /// Install it, and let it rest
    #[arg(long)]
    pub disabled: bool,
}

/// `heartbeat apps configure`
#[derive(Debug, Args)]
pub struct Configure {
    #[command(flatten)]
    pub which: Which,

    /// A setting; an empty value brings its default back. Without any, the settings are shown
    #[arg(long, value_name = "SETTING=VALUE")]
    pub set: Vec<String>,
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
            Command::Uninstall(which) => which.change(invocation, |spec| installed(spec).map(|_| None)).await,
        }
    }
}

impl Install {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let install = |spec: &ProjectSpec| {
            if spec.heartbeat.is_some() {
                return Err(Misuse(format!("heartbeat is installed on project {} already; `apps configure` changes it", spec.name)));
            }
            let usual = HeartbeatApp { enabled: !self.disabled, ..HeartbeatApp::default() };
            settings::set(&usual, &self.set, &spec.token).map(Some)
        };
        self.which.change(invocation, install).await
    }
}

impl Configure {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        if self.set.is_empty() {
            self.which.kind()?;
            let now = specs(&*invocation.store().await?).await?;
            let app = installed(project_named(&now, &self.which.project)?)?.clone();
            if self.which.edit.json {
                invocation.screen.json(&settings::values(&app))?;
            } else {
                settings::show(invocation, &app)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        self.which.change(invocation, |spec| settings::set(installed(spec)?, &self.set, &spec.token).map(Some)).await
    }
}

impl Which {
    async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        self.change(invocation, |spec| Ok(Some(HeartbeatApp { enabled, ..installed(spec)?.clone() }))).await
    }

    /// Changes the app on the project; what it costs is said where it runs afterwards.
    async fn change(
        &self,
        invocation: &Invocation,
        change: impl FnOnce(&ProjectSpec) -> Result<Option<HeartbeatApp>, Misuse>,
    ) -> anyhow::Result<ExitCode> {
        match self.kind()? {
            AppKind::Heartbeat | AppKind::IngestionAlert => {}
        }
        let store = invocation.store().await?;
        let now = specs(&*store).await?;
        let known = project_named(&now, &self.project)?;
        let spec = ProjectSpec { heartbeat: change(known)?, ..known.clone() };
        rules::fit(&spec).map_err(Misuse)?;
        let cost = spec.beats().then(|| Cost::of([&spec]));
        let code = perform(Plan::of(&now, vec![spec], Vec::new()), invocation, &*store, self.edit).await?;
        if let Some(cost) = cost {
            invocation.screen.note(format!("Heartbeat beats on {cost}."))?;
        }
        Ok(code)
    }

    fn kind(&self) -> Result<AppKind, Misuse> {
        AppKind::named(&self.app).ok_or_else(|| {
            let names = AppKind::ALL.map(AppKind::name);
            let hint = match nearest(&self.app, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there is {}", names.join(", ")),
            };
            Misuse(format!("there is no app `{}`; {hint}", self.app))
        })
    }
}

/// Heartbeat on this project.
fn installed(spec: &ProjectSpec) -> Result<&HeartbeatApp, Misuse> {
    let none = || Misuse(format!("heartbeat is not installed on project {}; `apps install heartbeat --project {0}` does it", spec.name));
    spec.heartbeat.as_ref().ok_or_else(none)
}
