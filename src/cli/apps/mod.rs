//! `heartbeat apps`: what can be installed on a project, and what is. The seed of the Apps page.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::cost::Cost;
use super::edit::{EDIT_JSON, EditFlags, perform};
use super::global::{Invocation, specs};
use super::project_named;
use super::trouble::Misuse;
use crate::config::{Plan, nearest, rules};
use crate::model::{AppKind, ProjectSpec};

use app::App;
use settings::Assignments;

mod app;
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
                              old, new}]}; without: {setting: value} for every setting of the app, which `heartbeat apps search APP` shows. \
                              Values may be null; a secret is https://host/*** or phx_***.";

/// What can be done with apps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the apps that are installed
    #[command(after_help = "JSON: {apps: [{project, app, enabled, settings: {setting: value or null}, routes: [names]}]}; \
                            a secret is https://host/*** or phx_***")]
    List(list::List),
    /// Search the apps that can be installed, with their settings
    #[command(after_help = "JSON: {apps: [{name, description, settings: [{key, name, hint, default, required, secret, choices}]}]}")]
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
    /// The app: heartbeat or ingestion-alert
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
    pub which: Which,

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
        let install = |spec: &ProjectSpec, kind: AppKind| {
            if App::on(spec, kind).is_some() {
                return Err(Misuse(format!("{kind} is installed on project {} already; `apps configure` changes it", spec.name)));
            }
            let usual = App::usual(kind).switched(!self.disabled);
            Ok(self.assignments.onto(&usual, &spec.token)?.put_on(spec))
        };
        self.which.change(invocation, install).await
    }
}

impl Configure {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        if self.assignments.is_empty() {
            let kind = self.which.kind()?;
            let now = specs(&*invocation.store().await?).await?;
            let app = installed(project_named(&now, &self.which.project)?, kind)?;
            if self.which.edit.json {
                invocation.screen.json(&settings::values(&app))?;
            } else {
                settings::show(invocation, &app)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let configure = |spec: &ProjectSpec, kind| Ok(self.assignments.onto(&installed(spec, kind)?, &spec.token)?.put_on(spec));
        self.which.change(invocation, configure).await
    }
}

impl Which {
    async fn switch(self, invocation: &Invocation, enabled: bool) -> anyhow::Result<ExitCode> {
        self.change(invocation, |spec, kind| Ok(installed(spec, kind)?.switched(enabled).put_on(spec))).await
    }

    async fn uninstall(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        self.change(invocation, |spec, kind| installed(spec, kind).map(|_| App::taken_off(spec, kind))).await
    }

    /// Changes the app on the project; what there is to know of it is said where it runs afterwards.
    async fn change(
        &self,
        invocation: &Invocation,
        change: impl FnOnce(&ProjectSpec, AppKind) -> Result<ProjectSpec, Misuse>,
    ) -> anyhow::Result<ExitCode> {
        let kind = self.kind()?;
        let store = invocation.store().await?;
        let now = specs(&*store).await?;
        let spec = change(project_named(&now, &self.project)?, kind)?;
        rules::fit(&spec).map_err(Misuse)?;
        let remarks = remarks(&spec, kind);
        let code = perform(Plan::of(&now, vec![spec], Vec::new()), invocation, &*store, self.edit).await?;
        for remark in remarks {
            invocation.screen.note(remark)?;
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

/// The app on this project.
fn installed(spec: &ProjectSpec, kind: AppKind) -> Result<App, Misuse> {
    let none = || Misuse(format!("{kind} is not installed on project {}; `apps install {kind} --project {0}` does it", spec.name));
    App::on(spec, kind).ok_or_else(none)
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
