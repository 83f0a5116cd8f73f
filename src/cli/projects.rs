//! `heartbeat projects`: projects added, listed and removed without a file.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::edit::{EDIT_JSON, EditFlags, perform};
use super::global::{Invocation, specs};
use super::keys::{PersonalKeyFlags, TokenFlags};
use super::project_named;
use super::table::Table;
use super::trouble::Misuse;
use crate::config::{Plan, duration, rules};
use crate::model::{Host, Pace, ProjectName, ProjectSpec};

/// Add, list and remove projects, or give one another key
///
/// Without a command, the projects are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Projects {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a project; its apps are installed afterwards
    #[command(after_help = EDIT_JSON)]
    Add(Add),
    /// List all projects
    #[command(after_help = "JSON: {projects: [{name, host, api_host, token, has_personal_api_key, project_id, late_after, lost_after, \
                            look_every, heartbeat: enabled|disabled|null}]}")]
    List(List),
    /// Give a project another personal API key
    #[command(after_help = EDIT_JSON)]
    SetKey(SetKey),
    /// Remove a project, with everything remembered of it
    #[command(after_help = EDIT_JSON)]
    Remove(Remove),
}

/// `heartbeat projects add`
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it here
    pub name: String,

    /// Where events are sent: us, eu, or an address [default: `POSTHOG_HOST`]
    #[arg(long)]
    pub host: Option<String>,

    /// Where they are read back, when that is not the host's own API
    #[arg(long, value_name = "HOST")]
    pub api_host: Option<String>,

    /// PostHog's number of the project [default: found from the token]
    #[arg(long, value_name = "NUMBER")]
    pub project_id: Option<String>,

    #[command(flatten)]
    pub token: TokenFlags,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// `heartbeat projects list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat projects set-key`
#[derive(Debug, Args)]
pub struct SetKey {
    /// The project
    pub name: String,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    #[command(flatten)]
    pub edit: EditFlags,
}

/// `heartbeat projects remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The project
    pub name: String,

    #[command(flatten)]
    pub edit: EditFlags,
}

impl Projects {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::Add(add) => add.run(invocation).await,
            Command::List(list) => list.run(invocation).await,
            Command::SetKey(set) => set.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // What is given is read before the store is opened: a wrong flag makes no database.
        let spec = self.spec(invocation)?;
        let store = invocation.store().await?;
        let now = specs(&*store).await?;
        if now.iter().any(|known| known.name == spec.name) {
            return Err(Misuse(format!("there is a project `{}` already; `projects set-key` or `apply` changes it", spec.name)).into());
        }
        let name = spec.name.clone();
        let code = perform(Plan::of(&now, vec![spec], Vec::new()), invocation, &*store, self.edit).await?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat apps install heartbeat --project {name}"))?;
        }
        Ok(code)
    }

    fn spec(&self, invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let host = |text: &str| rules::about("--host", rules::host(text));
        let of_environment = || invocation.environment.value("POSTHOG_HOST").map(|text| rules::about("POSTHOG_HOST", rules::host(text)));
        let missing = "--host is missing; give `us`, `eu`, or the address of a PostHog".to_owned();
        let host = self.host.as_deref().map(host).or_else(of_environment).unwrap_or(Err(missing));
        let name = rules::about("NAME", ProjectName::parse(&self.name));
        let api_host = self.api_host.as_deref().map(|text| rules::about("--api-host", rules::host(text))).transpose();
        let number = self.project_id.as_deref().map(|text| rules::about("--project-id", rules::project_number(text))).transpose();
        Ok(ProjectSpec {
            name: name.map_err(Misuse)?,
            host: host.map_err(Misuse)?,
            api_host: api_host.map_err(Misuse)?,
            token: self.token.read(invocation)?,
            personal_key: self.personal_key.read(invocation)?,
            posthog_id: number.map_err(Misuse)?,
            pace: Pace::default(),
            heartbeat: None,
            ingestion_alert: None,
        })
    }
}

impl SetKey {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let now = specs(&*store).await?;
        let known = project_named(&now, &self.name)?;
        let personal_key = self.personal_key.read(invocation)?;
        if personal_key.is_none() && !self.personal_key.no_personal_api_key {
            return Err(Misuse("no key was given; --no-personal-api-key removes the one that is stored".to_owned()).into());
        }
        let put = vec![ProjectSpec { personal_key, ..known.clone() }];
        perform(Plan::of(&now, put, Vec::new()), invocation, &*store, self.edit).await
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let now = specs(&*store).await?;
        let remove = vec![project_named(&now, &self.name)?.name.clone()];
        perform(Plan::of(&now, Vec::new(), remove), invocation, &*store, self.edit).await
    }
}

/// Stable field names, documented in `heartbeat projects list --help`.
#[derive(Serialize)]
struct ListJson {
    projects: Vec<ProjectJson>,
}

#[derive(Serialize)]
struct ProjectJson {
    name: String,
    host: String,
    api_host: Option<String>,
    token: String,
    has_personal_api_key: bool,
    project_id: Option<u64>,
    late_after: String,
    lost_after: String,
    look_every: String,
    heartbeat: Option<&'static str>,
}

impl ProjectJson {
    fn of(spec: &ProjectSpec) -> Self {
        Self {
            name: spec.name.to_string(),
            host: spec.host.to_string(),
            api_host: spec.api_host.as_ref().map(Host::to_string),
            token: spec.token.to_string(),
            has_personal_api_key: spec.personal_key.is_some(),
            project_id: spec.posthog_id,
            late_after: duration::show(spec.pace.late_after),
            lost_after: duration::show(spec.pace.lost_after),
            look_every: duration::show(spec.pace.look_every),
            heartbeat: spec.heartbeat.as_ref().map(|app| if app.enabled { "enabled" } else { "disabled" }),
        }
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let projects = specs(&*store).await?.iter().map(ProjectJson::of).collect::<Vec<_>>();
        if self.json {
            invocation.screen.json(&ListJson { projects })?;
        } else if projects.is_empty() {
            invocation.screen.note("There is no project yet: `heartbeat projects add`, or `heartbeat apply`.")?;
        } else {
            let mut table = Table::under(["PROJECT", "HOST", "TOKEN", "PERSONAL KEY", "HEARTBEAT"]);
            for project in projects {
                let key = if project.has_personal_api_key { "set" } else { "none" };
                let heartbeat = project.heartbeat.unwrap_or("not installed");
                table.row([project.name, project.host, project.token, key.into(), heartbeat.into()]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
