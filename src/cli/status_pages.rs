//! `heartbeat status-pages`: what everybody may see of some projects, set up without a file.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::{ChangeFlags, SETTINGS_JSON, settings_service, show};
use super::explain::{Flags, told};
use super::global::Invocation;
use super::table::Table;
use crate::config::{Texts, status_page};
use crate::model::StatusPage;
use crate::report::StatusPageJson;

/// Fields that are flags.
const FLAGS: Flags<'_> = &[("name", "NAME"), ("title", "--title"), ("projects", "--project"), ("public", "--public")];

/// List, add, change and remove status pages: the health of some projects, at an address that you may publish
///
/// Without a command, the status pages are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct StatusPages {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

/// What can be done with status pages.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all status pages
    #[command(after_help = "JSON: {items: [{name, title, projects, public}], next}.")]
    List(List),
    /// Add a status page
    #[command(after_help = SETTINGS_JSON)]
    Add(Put),
    /// Change a status page; what is not given stays
    #[command(after_help = SETTINGS_JSON)]
    Set(Put),
    /// Remove a status page
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
}

/// `heartbeat status-pages list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat status-pages add` and `set`
#[derive(Debug, Args)]
pub struct Put {
    /// The status page: it is at /status/NAME
    pub name: String,

    /// What stands above it
    #[arg(long)]
    pub title: Option<String>,

    /// A project on it, in this order (may be given more than once)
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Whether everybody sees it who knows its address [default of a new one: false]
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, default_missing_value = "true")]
    pub public: Option<String>,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

/// `heartbeat status-pages remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The status page
    pub name: String,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

impl StatusPages {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Add(put) => put.add(invocation).await,
            Command::Set(put) => put.set(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl Put {
    fn texts(&self) -> Texts {
        let texts = Texts::default().with("name", Some(&self.name)).with("title", self.title.as_deref());
        let mut texts = texts.with("public", self.public.as_deref());
        self.project.iter().for_each(|name| texts.put("projects", name));
        texts
    }

    async fn add(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // What is given is read before the store is opened: a wrong flag makes no database.
        let page = status_page::added(&self.texts()).map_err(|wrong| told(FLAGS)(wrong.into()))?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(page).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }

    async fn set(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let texts = self.texts();
        let desired = |known: &StatusPage| Ok(status_page::changed(known, &texts)?);
        let done = settings_service(invocation, &store, self.edit).change(&self.name, desired).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let done = settings_service(invocation, &store, self.edit).remove::<StatusPage>(&self.name).await.map_err(told(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let pages = invocation.store().await?.status_pages().await?;
        if self.json {
            invocation.screen.items(pages.iter().map(StatusPageJson::of))?;
        } else if pages.is_empty() {
            invocation.screen.note("There is no status page: `heartbeat status-pages add`, or `heartbeat apply`.")?;
        } else {
            let mut table = Table::under(["STATUS PAGE", "TITLE", "PROJECTS", "SEEN BY"]);
            for page in pages {
                let names = page.projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let seen_by = if page.public { "everybody" } else { "users" };
                table.row([page.name.to_string(), page.title, names, seen_by.into()]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
