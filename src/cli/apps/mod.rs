//! `heartbeat apps`: lists, searches, installs, configures and removes apps.

use clap::{Args, Subcommand};

use super::arguments::Arguments;
use super::change_flags::{ChangeFlags, SETTINGS_JSON};
use super::explain::explain;
use super::global::Invocation;
use crate::model::{AppKind, ProjectSpec};
use crate::settings::{ChangeError, Cost, InstalledAppJson, app};

mod list;
mod search;
mod settings;

/// List, search, install, configure and remove apps of projects
///
/// Without a command, it lists the installed apps.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Apps {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: list::List,
}

const CONFIGURE_JSON: &str = "JSON with --set, --set-file or --set-env: {dry_run, changes: [{kind: project, name, project, change: changed, field, \
                              old, new}]}; without them: one item of `heartbeat apps list`. \
                              Values may be null; a secret is https://host/*** or phx_***.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the installed apps
    #[command(
        after_help = "JSON: {items: [{app, project, enabled, settings: {setting: value or null}, secrets: {setting: value or null}, \
                            routes: [{name, event, host, endpoint, distinct_id}], events_a_day}], next}; a secret is https://host/*** or phx_***"
    )]
    List(list::List),
    /// Search the available apps and show their settings
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
    /// Enable an app
    #[command(after_help = SETTINGS_JSON)]
    Enable(AppFlags),
    /// Disable an app; its settings are kept
    #[command(after_help = SETTINGS_JSON)]
    Disable(AppFlags),
    /// Remove an app and its settings from a project
    #[command(after_help = SETTINGS_JSON)]
    Uninstall(AppFlags),
}

#[derive(Debug, Args)]
pub struct AppFlags {
    /// App: heartbeat or ingestion-alert
    pub app: String,

    /// Name of the project
    #[arg(long, value_name = "NAME")]
    pub project: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    pub which: AppFlags,

    #[command(flatten)]
    pub given: Arguments,

    /// Install the app disabled
    #[arg(long)]
    pub disabled: bool,
}

#[derive(Debug, Args)]
pub struct Configure {
    #[command(flatten)]
    pub which: AppFlags,

    #[command(flatten)]
    pub given: Arguments,
}

impl Apps {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Search(search) => search.run(invocation),
            Command::Install(install) => install.run(invocation).await,
            Command::Configure(configure) => configure.run(invocation).await,
            Command::Enable(which) => which.change(invocation, |spec, kind| app::switch(spec, kind, true)).await,
            Command::Disable(which) => which.change(invocation, |spec, kind| app::switch(spec, kind, false)).await,
            Command::Uninstall(which) => which.change(invocation, app::uninstall).await,
        }
    }
}

impl Install {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let assigned = self.given.read(None, &invocation.environment);
        self.which.change(invocation, |spec, kind| assigned.with(|texts| app::install(spec, kind, texts, !self.disabled))).await
    }
}

impl Configure {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        if !self.given.is_empty() {
            let assigned = self.given.read(None, &invocation.environment);
            return self.which.change(invocation, |spec, kind| assigned.with(|texts| app::configure(spec, kind, texts))).await;
        }
        let kind = self.which.kind()?;
        let store = invocation.store().await?;
        let spec = self.which.edit.service(invocation, &store).find(&self.which.project).await.map_err(explain)?;
        let app = app::installed(&spec, kind).map_err(explain)?;
        if self.which.edit.json {
            invocation.screen.json(&InstalledAppJson::of(&spec, &app))?;
        } else {
            settings::show(invocation, &app)?;
        }
        Ok(())
    }
}

impl AppFlags {
    async fn change(
        &self,
        invocation: &Invocation,
        change: impl Fn(&ProjectSpec, AppKind) -> Result<ProjectSpec, ChangeError>,
    ) -> anyhow::Result<()> {
        let kind = self.kind()?;
        let changed = self.edit.change(invocation, &self.project, &[], |spec| change(spec, kind)).await?;
        for remark in remarks(&changed, kind) {
            invocation.screen.note(remark)?;
        }
        Ok(())
    }

    fn kind(&self) -> anyhow::Result<AppKind> {
        app::kind_named(&self.app).map_err(explain)
    }
}

/// What an enabled app costs, and what it cannot detect.
fn remarks(spec: &ProjectSpec, kind: AppKind) -> Vec<String> {
    match kind {
        AppKind::Heartbeat if spec.beats() => vec![Cost::of([spec]).remark()],
        AppKind::IngestionAlert if spec.alert().is_some() => {
            let no_key = "There is no personal API key (neither of the project nor posthogApiKey), so arrival cannot be checked and only the \
                          rule `capture` works.";
            let effect = match spec.reading_key() {
                Some(_) => "a project without traffic looks like a broken one",
                None => "no fault can be detected",
            };
            let no_beats = format!(
                "Heartbeat sends no beats for project {}, so {effect}. Install it with `heartbeat apps install heartbeat --project {0}`.",
                spec.name
            );
            let no_key = spec.reading_key().is_none().then(|| no_key.to_owned());
            no_key.into_iter().chain((!spec.beats()).then_some(no_beats)).collect()
        }
        AppKind::Heartbeat | AppKind::IngestionAlert => Vec::new(),
    }
}
