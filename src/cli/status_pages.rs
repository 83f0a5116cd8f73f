//! `heartbeat status-pages`: lists, adds, changes and removes status pages.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::change_flags::{ChangeFlags, SETTINGS_JSON, remove, settings_service, show};
use super::explain::{Flags, explain_with};
use super::global::Invocation;
use super::table::Table;
use crate::config::{Texts, status_page};
use crate::model::StatusPage;
use crate::report::StatusPageJson;

const FLAGS: Flags<'_> = &[("name", "NAME"), ("title", "--title"), ("projects", "--project"), ("public", "--public")];

/// List, add, change and remove status pages (the health of chosen projects, at an address that you can publish)
///
/// Without a command, it lists the status pages.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct StatusPages {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all status pages
    #[command(after_help = "JSON: {items: [{name, title, projects, public}], next}.")]
    List(List),
    /// Add a status page
    #[command(after_help = SETTINGS_JSON)]
    Add(Put),
    /// Change a status page; omitted settings keep their values
    #[command(after_help = SETTINGS_JSON)]
    Set(Put),
    /// Remove a status page
    #[command(after_help = SETTINGS_JSON)]
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Put {
    /// Name of the status page; its address is /status/NAME
    pub name: String,

    /// Title of the page
    #[arg(long)]
    pub title: Option<String>,

    /// Project on the page, in the given order (repeatable)
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,

    /// Show the page to the public, without login [default for a new page: false]
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, default_missing_value = "true")]
    pub public: Option<String>,

    #[command(flatten)]
    pub edit: ChangeFlags,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// Name of the status page
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
            Command::Remove(Remove { name, edit }) => remove::<StatusPage>(&name, invocation, edit).await,
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
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let page = status_page::added(&self.texts()).map_err(|wrong| explain_with(FLAGS)(wrong.into()))?;
        let store = invocation.new_store().await?;
        let done = settings_service(invocation, &store, self.edit).add(page).await.map_err(explain_with(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }

    async fn set(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let texts = self.texts();
        let desired = |stored: &StatusPage| Ok(status_page::changed(stored, &texts)?);
        let done = settings_service(invocation, &store, self.edit).change(&self.name, desired).await.map_err(explain_with(FLAGS))?;
        show(&done.changes, invocation, self.edit)
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let pages = invocation.store().await?.status_pages().await?;
        if self.json {
            invocation.screen.items(pages.iter().map(StatusPageJson::of))?;
        } else if pages.is_empty() {
            invocation.screen.note("There is no status page. Add one with `heartbeat status-pages add` or `heartbeat apply`.")?;
        } else {
            let mut table = Table::under(["STATUS PAGE", "TITLE", "PROJECTS", "VISIBLE TO"]);
            for page in pages {
                let names = page.projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let visible_to = if page.public { "the public" } else { "users" };
                table.row([page.name.to_string(), page.title, names, visible_to.into()]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
