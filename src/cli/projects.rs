//! `heartbeat projects`: projects added, listed and removed without a file.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::arguments::Arguments;
use super::change_flags::{ChangeFlags, SETTINGS_JSON, settings_service, show};
use super::error::Misuse;
use super::explain::{Flags, lines, plainly, told};
use super::global::{Invocation, specs};
use super::keys::{PersonalKeyFlags, TokenFlags};
use super::table::Table;
use crate::app;
use crate::check::Mark;
use crate::check::fields::{Finding, Typed, fields};
use crate::config::{Texts, project};
use crate::config::{conceal, proxies};
use crate::model::ProjectSpec;
use crate::settings::ProjectJson;

/// Add, list, change and remove projects
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
    #[command(after_help = SETTINGS_JSON)]
    Add(Add),
    /// List all projects
    #[command(after_help = "JSON: {items: [{name, host, api_host, token, has_personal_api_key, project_id, late_after, lost_after, \
                            readback_interval, heartbeat: enabled|disabled|null, \
                            ingestion_alert: enabled|disabled|null}], next}")]
    List(List),
    /// Change a project; what is not given stays
    #[command(after_help = SETTINGS_JSON)]
    Set(Set),
    /// Give a project another personal API key
    #[command(after_help = SETTINGS_JSON)]
    SetKey(SetKey),
    /// Remove a project, with everything remembered of it
    #[command(after_help = SETTINGS_JSON)]
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

    /// Save it without asking PostHog about host, token and key
    #[arg(long)]
    pub no_check: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// `heartbeat projects list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat projects set`
#[derive(Debug, Args)]
pub struct Set {
    /// The project
    pub name: String,

    #[command(flatten)]
    pub given: Arguments,

    /// Save it without asking PostHog about host, token and key
    #[arg(long)]
    pub no_check: bool,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// `heartbeat projects set-key`
#[derive(Debug, Args)]
pub struct SetKey {
    /// The project
    pub name: String,

    #[command(flatten)]
    pub personal_key: PersonalKeyFlags,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// `heartbeat projects remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The project
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl Projects {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::Add(add) => add.run(invocation).await,
            Command::List(list) => list.run(invocation).await,
            Command::Set(set) => set.run(invocation).await,
            Command::SetKey(set) => set.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // What is given is read before the store is opened: a wrong flag makes no database.
        let spec = self.spec(invocation)?;
        if !self.no_check && !self.edit.dry_run {
            ask(&spec, invocation).await?;
        }
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(spec).await.map_err(plainly)?;
        let code = show(&done.changes, invocation, self.edit)?;
        if !self.edit.dry_run {
            invocation.screen.note(format!("Next: heartbeat apps install heartbeat --project {}", done.now.name))?;
        }
        Ok(code)
    }

    /// The project, as flags and the environment say. Nobody is asked for a key before all the rest is right.
    fn spec(&self, invocation: &Invocation) -> anyhow::Result<ProjectSpec> {
        let of_environment = invocation.environment.value("POSTHOG_HOST").filter(|_| self.host.is_none());
        let host = if of_environment.is_some() { "POSTHOG_HOST" } else { "--host" };
        let flags: Flags<'_> = &[("name", "NAME"), ("host", host), ("api_host", "--api-host"), ("project_id", "--project-id")];
        let mut texts = Texts::default()
            .with("name", Some(&self.name))
            .with("host", Some(self.host.as_deref().or(of_environment).unwrap_or_default()))
            .with("api_host", self.api_host.as_deref())
            .with("project_id", self.project_id.as_deref());
        let wrong = project::wrong(&texts);
        if !wrong.is_empty() {
            return Err(Misuse(lines(&wrong, flags)).into());
        }
        texts.put("token", self.token.read(invocation)?.as_str());
        if let Some(key) = self.personal_key.read(invocation)? {
            texts.put("personal_api_key", key.expose());
        }
        project::added(&texts).map_err(|wrong| told(flags)(wrong.into()))
    }
}

/// Asks PostHog about what would be saved. What is known to be wrong is refused, what cannot be told is a note.
async fn ask(spec: &ProjectSpec, invocation: &Invocation) -> anyhow::Result<()> {
    let client = app::client(&proxies(&invocation.environment), invocation.clock.clone())?;
    let found = fields(&client, &invocation.clock, &Typed::of(spec)).await;
    let flag = |field: &str| match field {
        "personal_api_key" => "--personal-api-key".to_owned(),
        field => format!("--{}", field.replace('_', "-")),
    };
    let wrong: Vec<String> =
        found.iter().filter(|finding| finding.rejects()).map(|finding| format!("{} {}", flag(finding.field), finding.line())).collect();
    if !wrong.is_empty() {
        return Err(Misuse(conceal(&format!("{}\n--no-check saves it all the same", wrong.join("\n")))).into());
    }
    let is_note = |finding: &&Finding| finding.mark != Mark::Ok && !(finding.field == "personal_api_key" && spec.personal_key.is_none());
    for finding in found.iter().filter(is_note) {
        invocation.screen.note(conceal(&format!("Note: {} {}", flag(finding.field), finding.line())))?;
    }
    Ok(())
}

impl Set {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let known: Vec<&str> = project::FIELDS.iter().map(|field| field.key).filter(|key| *key != "name").collect();
        let (values, unread) = self.given.read(&known, "a project", &invocation.environment);
        if !unread.is_empty() || values.is_empty() {
            let nothing = format!("nothing is given to change; give --set FIELD=VALUE, where FIELD is one of {}", known.join(", "));
            return Err(Misuse(if unread.is_empty() { nothing } else { unread.join("\n") }).into());
        }
        let texts: Texts = values.iter().map(|value| (value.key.as_str(), value.expose())).collect();
        let store = invocation.store().await?;
        let settings_service = settings_service(invocation, &store, self.edit);
        if !self.no_check && !self.edit.dry_run {
            let known: ProjectSpec = settings_service.find(&self.name).await.map_err(plainly)?;
            let next = project::changed(&known, &texts).map_err(|wrong| plainly(wrong.into()))?;
            if Typed::of(&known) != Typed::of(&next) {
                ask(&next, invocation).await?;
            }
        }
        let done =
            settings_service.change(&self.name, |known: &ProjectSpec| Ok(project::changed(known, &texts)?)).await.map_err(plainly)?;
        show(&done.changes, invocation, self.edit)
    }
}

impl SetKey {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let settings_service = settings_service(invocation, &store, self.edit);
        settings_service.find::<ProjectSpec>(&self.name).await.map_err(plainly)?;
        let personal_key = self.personal_key.read(invocation)?;
        if personal_key.is_none() && !self.personal_key.no_personal_api_key {
            return Err(Misuse("no key was given; --no-personal-api-key removes the one that is stored".to_owned()).into());
        }
        let with_key = |known: &ProjectSpec| Ok(ProjectSpec { personal_key: personal_key.clone(), ..known.clone() });
        show(&settings_service.change(&self.name, with_key).await.map_err(plainly)?.changes, invocation, self.edit)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let done = settings_service(invocation, &store, self.edit).remove::<ProjectSpec>(&self.name).await.map_err(plainly)?;
        show(&done.changes, invocation, self.edit)
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let projects = specs(&store).await?.iter().map(ProjectJson::of).collect::<Vec<_>>();
        if self.json {
            invocation.screen.items(projects)?;
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
