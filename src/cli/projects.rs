//! `heartbeat projects`: adds, lists, changes and removes projects.

use clap::{Args, Subcommand};

use super::arguments::{Arguments, Fields};
use super::change_flags::{ChangeFlags, Remove, SETTINGS_JSON};
use super::error::Misuse;
use super::explain::{Flags, explain, explain_with, lines};
use super::global::{Invocation, specs};
use super::keys::{PersonalKeyFlags, TokenFlags};
use super::table::Listing;
use super::which_project::WhichProjects;
use crate::app;
use crate::check::Mark;
use crate::check::fields::{Finding, Typed, fields};
use crate::config::{App, Texts, project};
use crate::config::{conceal, proxies};
use crate::model::{AppKind, ProjectSpec, Tag};
use crate::settings::ProjectJson;

/// Add, list, change and remove projects
///
/// Without a command, it lists the projects.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Projects {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a project; install its apps afterwards
    #[command(after_help = SETTINGS_JSON)]
    Add(Add),
    /// List all projects
    #[command(after_help = "JSON: {items: [{name, host, api_host, token, has_personal_api_key, project_id, late_after, lost_after, \
                            readback_interval, timeout, tags, heartbeat: enabled|disabled|null, \
                            ingestion_alert: enabled|disabled|null}], next}")]
    List(List),
    /// Change a project; omitted settings keep their values
    #[command(after_help = SETTINGS_JSON)]
    Set(Set),
    /// Replace the personal API key of a project
    #[command(after_help = SETTINGS_JSON)]
    SetKey(SetKey),
    /// Remove a project and its history
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct Add {
    /// Name of the project in Heartbeat
    pub name: String,

    /// Host that receives the events: us, eu or an address [default: `POSTHOG_HOST`]
    #[arg(long)]
    pub host: Option<String>,

    /// Host for the read-back, if it is not --host
    #[arg(long, value_name = "HOST")]
    pub api_host: Option<String>,

    /// ID of the project in PostHog [default: found from the token]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub project_id: Option<String>,

    /// Tag of the project, to choose it with others (repeatable)
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,

    #[command(flatten)]
    pub token: TokenFlags,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    /// Save without checking host, token and key with PostHog
    #[arg(long)]
    pub no_check: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub which: WhichProjects,

    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Set {
    /// Name of the project
    pub name: String,

    #[command(flatten)]
    pub given: Arguments,

    /// Tag of the project; replaces all its tags (repeatable)
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,

    /// Save without checking host, token and key with PostHog
    #[arg(long)]
    pub no_check: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct SetKey {
    /// Name of the project
    pub name: String,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Projects {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::Add(add) => add.run(invocation).await,
            Command::List(list) => list.run(invocation).await,
            Command::Set(set) => set.run(invocation).await,
            Command::SetKey(set) => set.run(invocation).await,
            Command::Remove(remove) => remove.run::<ProjectSpec>(invocation).await,
        }
    }
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let spec = self.spec(invocation)?;
        if !self.no_check && !self.edit.dry_run {
            check_with_posthog(&spec, invocation).await?;
        }
        let added = self.edit.add(invocation, spec, &[]).await?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat apps install heartbeat --project {}", added.name))?;
        }
        Ok(())
    }

    /// Prompts for a key only after all other settings are valid.
    fn spec(&self, invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let of_environment = invocation.environment.value("POSTHOG_HOST").filter(|_| self.host.is_none());
        let host = if of_environment.is_some() { "POSTHOG_HOST" } else { "--host" };
        let flags: Flags<'_> =
            &[("name", "NAME"), ("host", host), ("api_host", "--api-host"), ("project_id", "--project-id"), ("tags", "--tag")];
        let mut texts = Texts::default()
            .with("name", Some(&self.name))
            .with("host", Some(self.host.as_deref().or(of_environment).unwrap_or_default()))
            .with("api_host", self.api_host.as_deref())
            .with("project_id", self.project_id.as_deref());
        self.tag.iter().for_each(|tag| texts.put("tags", tag));
        let wrong = project::wrong(&texts);
        if !wrong.is_empty() {
            return Err(Misuse(lines(&wrong, flags)).into());
        }
        texts.put("token", self.token.read(invocation)?.as_str());
        if let Some(key) = self.personal_key.read(invocation)? {
            texts.put("personal_api_key", key.expose());
        }
        project::added(&texts).map_err(|wrong| explain_with(flags)(wrong.into()))
    }
}

/// Checks the settings with PostHog. A setting that is certainly wrong is an error, an uncertain one is a note.
async fn check_with_posthog(spec: &ProjectSpec, invocation: &Invocation) -> anyhow::Result<()> {
    let client = app::client(&proxies(&invocation.environment), invocation.clock.clone())?;
    let found = fields(&client, &invocation.clock, &Typed::of(spec)).await;
    let flag = |field: &str| match field {
        "personal_api_key" => "--personal-api-key".to_owned(),
        field => format!("--{}", field.replace('_', "-")),
    };
    let wrong: Vec<String> =
        found.iter().filter(|finding| finding.rejects()).map(|finding| format!("{} {}", flag(finding.field), finding.line())).collect();
    if !wrong.is_empty() {
        return Err(Misuse(conceal(&format!("{}\nuse --no-check to save it anyway", wrong.join("\n")))).into());
    }
    let is_note = |finding: &&Finding| finding.mark != Mark::Ok && !(finding.field == "personal_api_key" && spec.personal_key.is_none());
    for finding in found.iter().filter(is_note) {
        invocation.screen.note(conceal(&format!("Note: {} {}", flag(finding.field), finding.line())))?;
    }
    Ok(())
}

impl Set {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let keys: Vec<&str> = project::FIELDS.iter().map(|field| field.key).filter(|key| *key != "name").collect();
        if self.given.is_empty() && self.tag.is_empty() {
            return Err(Misuse(format!("nothing to change; give --set FIELD=VALUE, where FIELD is one of {}", keys.join(", "))).into());
        }
        let mut assigned = self.given.read(Some(&Fields { keys, of: "a project" }), &invocation.environment);
        self.tag.iter().for_each(|tag| assigned.texts.put("tags", tag));
        let flags: Flags<'_> = if self.tag.is_empty() { &[] } else { &[("tags", "--tag")] };
        let explain = explain_with(flags);
        let desired = |stored: &ProjectSpec| assigned.with(|texts| Ok(project::changed(stored, texts)?));
        let store = invocation.store().await?;
        let service = self.edit.service(invocation, &store);
        if !self.no_check && !self.edit.dry_run {
            let stored: ProjectSpec = service.find(&self.name).await.map_err(&explain)?;
            let next = desired(&stored).map_err(&explain)?;
            if Typed::of(&stored) != Typed::of(&next) {
                check_with_posthog(&next, invocation).await?;
            }
        }
        self.edit.print(invocation, &service.change(&self.name, desired).await.map_err(explain)?.changes)
    }
}

impl SetKey {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let service = self.edit.service(invocation, &store);
        service.find::<ProjectSpec>(&self.name).await.map_err(explain)?;
        let personal_key = self.personal_key.read(invocation)?;
        if personal_key.is_none() && !self.personal_key.no_personal_api_key {
            return Err(Misuse("no key is given; use --no-personal-api-key to remove the stored key".to_owned()).into());
        }
        let with_key = |stored: &ProjectSpec| Ok(ProjectSpec { personal_key: personal_key.clone(), ..stored.clone() });
        self.edit.print(invocation, &service.change(&self.name, with_key).await.map_err(explain)?.changes)
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let mut projects = specs(&*invocation.store().await?).await?;
        let filter = self.which.filter(&projects)?;
        projects.retain(|project| filter.matches(project));
        let listing = Listing {
            json: self.json,
            none: "There is no project yet. Add one with `heartbeat projects add` or `heartbeat apply`.",
            headings: ["PROJECT", "HOST", "TOKEN", "PERSONAL KEY", "HEARTBEAT", "TAGS"],
        };
        let row = |project: &ProjectSpec| {
            let key = if project.personal_key.is_some() { "set" } else { "none" };
            let heartbeat = App::on(project, AppKind::Heartbeat).map_or("not installed", |app| app.state());
            let tags = project.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(", ");
            [project.name.to_string(), project.host.to_string(), project.token.to_string(), key.into(), heartbeat.into(), tags]
        };
        Ok(listing.print(invocation.screen, &projects, ProjectJson::of, row)?)
    }
}
