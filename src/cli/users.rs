//! `heartbeat users`: the users of the page. Passwords are set with one-time links, never on the command line.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::error::Misuse;
use super::global::Invocation;
use super::table::Table;
use crate::app;
use crate::auth::{AccountError, Accounts, Authenticator};
use crate::config::{Scope, nearest, rules};
use crate::model::{Role, UserName};
use crate::report::{InvitationJson, UserJson};
use crate::settings::By;

/// List, invite, change and remove users of the page
///
/// Without a command, it lists the users.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Users {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all users
    #[command(
        after_help = "JSON: {items: [{name, role: viewer|editor, has_password, created, last_login}], next}; times are RFC 3339, last_login may be null."
    )]
    List(List),
    /// Print a one-time link to set a password, valid for one day; add the user if necessary
    #[command(after_help = "JSON: {name, role: viewer|editor, link}.")]
    Invite(Invite),
    /// Change the role of a user
    Set(Set),
    /// Remove a user and their open sessions
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Invite {
    /// Name of the user
    pub name: String,

    /// The role: viewer or editor [default: viewer; editor while there is no editor; the current role of an existing user]
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,

    /// Print the invitation as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Set {
    /// Name of the user
    pub name: String,

    /// The role: viewer or editor
    #[arg(long, value_name = "ROLE")]
    pub role: String,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// Name of the user
    pub name: String,
}

impl Users {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Invite(invite) => invite.run(invocation).await,
            Command::Set(set) => set.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let users = invocation.store().await?.users().await?;
        if self.json {
            invocation.screen.items(users.iter().map(UserJson::of))?;
        } else if users.is_empty() {
            invocation
                .screen
                .note("There is no user yet. `heartbeat run` and `heartbeat users invite NAME` print a link for the first user.")?;
        } else {
            let mut table = Table::under(["USER", "ROLE", "PASSWORD", "LAST LOGIN"]);
            for user in &users {
                let password = if user.has_password { "set" } else { "none" };
                let last = user.last_login.map_or_else(|| "never".to_owned(), |at| at.to_string());
                table.row([user.name.to_string(), user.role.name().into(), password.into(), last]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Invite {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let name = name(&self.name)?;
        let desired = self.role.as_deref().map(role).transpose()?;
        let settings = invocation.settings(Scope::Service)?;
        let store = app::open_store(&settings).await?;
        let authenticator = Authenticator { store: Arc::clone(&store), clock: invocation.clock.clone() };
        let who = By::command_line(&invocation.environment).to_string();
        let (code, role) = Accounts::of_owner(&authenticator, &who).invite(&name, desired).await?;
        let path = format!("/enter/{code}");
        // A running service may serve the page at another address than these settings name.
        let link = app::page_address(&store, &path).await?.unwrap_or_else(|| settings.web.usual_address(&path));
        if self.json {
            invocation.screen.json(&InvitationJson { name: name.to_string(), role: role.into(), link })?;
        } else {
            invocation.screen.note(format!("{name} can set a password with this one-time link within a day:"))?;
            invocation.screen.line(link)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let (name, role) = (name(&self.name)?, role(&self.role)?);
        let authenticator = Authenticator { store: invocation.store().await?, clock: invocation.clock.clone() };
        let who = By::command_line(&invocation.environment).to_string();
        let before = explain_missing_user(&authenticator, Accounts::of_owner(&authenticator, &who).set(&name, role).await).await?.role;
        if before == role {
            invocation.screen.note("Nothing to change.")?;
            return Ok(ExitCode::SUCCESS);
        }
        invocation.screen.line(format!("~ user {name}: role {} -> {}", before.name(), role.name()))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let name = name(&self.name)?;
        let authenticator = Authenticator { store: invocation.store().await?, clock: invocation.clock.clone() };
        let who = By::command_line(&invocation.environment).to_string();
        explain_missing_user(&authenticator, Accounts::of_owner(&authenticator, &who).remove(&name).await).await?;
        invocation.screen.line(format!("- user {name}"))?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn explain_missing_user<T>(authenticator: &Authenticator, done: Result<T, AccountError>) -> anyhow::Result<T> {
    let Err(error @ AccountError::NoUser(name)) = &done else { return Ok(done?) };
    let users = authenticator.store.users().await?;
    let names = || users.iter().map(|user| user.name.as_str());
    let hint = match nearest(name.as_str(), names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if users.is_empty() => "add one with `heartbeat users invite`".to_owned(),
        None => format!("the users are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(Misuse(format!("{error}; {hint}")).into())
}

fn name(text: &str) -> Result<UserName, Misuse> {
    rules::about("NAME", UserName::parse(text)).map_err(Misuse)
}

pub(super) fn role(text: &str) -> Result<Role, Misuse> {
    rules::about("--role", rules::role(text)).map_err(Misuse)
}
