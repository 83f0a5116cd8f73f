//! `heartbeat status-pages`: lists, adds, changes and removes status pages.

use clap::{Args, Subcommand};

use super::change_flags::{ChangeFlags, Remove, SETTINGS_JSON};
use super::explain::{Flags, explain_with};
use super::global::Invocation;
use super::table::{ListFlags, Listing};
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
    pub list: ListFlags,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all status pages
    #[command(after_help = "JSON: {items: [{name, title, projects, public}], next}.")]
    List(ListFlags),
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

impl StatusPages {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(flags) => list(flags, invocation).await,
            Command::Add(put) => put.add(invocation).await,
            Command::Set(put) => put.set(invocation).await,
            Command::Remove(remove) => remove.run::<StatusPage>(invocation).await,
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

    async fn add(self, invocation: &Invocation) -> anyhow::Result<()> {
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let page = status_page::added(&self.texts()).map_err(|wrong| explain_with(FLAGS)(wrong.into()))?;
        self.edit.add(invocation, page, FLAGS).await.map(drop)
    }

    async fn set(self, invocation: &Invocation) -> anyhow::Result<()> {
        let texts = self.texts();
        let desired = |stored: &StatusPage| Ok(status_page::changed(stored, &texts)?);
        self.edit.change(invocation, &self.name, FLAGS, desired).await.map(drop)
    }
}

async fn list(flags: ListFlags, invocation: &Invocation) -> anyhow::Result<()> {
    let pages = invocation.store().await?.status_pages().await?;
    let listing = Listing {
        json: flags.json,
        none: "There is no status page. Add one with `heartbeat status-pages add` or `heartbeat apply`.",
        headings: ["STATUS PAGE", "TITLE", "PROJECTS", "VISIBLE TO"],
    };
    let visible_to = |page: &StatusPage| if page.public { "the public" } else { "users" };
    let row = |page: &StatusPage| [page.name.to_string(), page.title.clone(), page.projects.to_string(), visible_to(page).into()];
    Ok(listing.print(invocation.screen, &pages, StatusPageJson::of, row)?)
}
