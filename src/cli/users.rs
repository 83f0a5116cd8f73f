//! `heartbeat users`: who may use the page. Passwords are set through one-time links, and never stand on a command line.

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
/// Without a command, the users are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Users {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all users
    #[command(
        after_help = "JSON: {items: [{name, access: read|write, has_password, created, last_login}], next}; times are RFC 3339, last_login may be null."
    )]
    List(List),
    /// Print a link, good once and for a day, with which a user sets a password; adds the user where there is none of this name
    #[command(after_help = "JSON: {name, access: read|write, link}.")]
    Invite(Invite),
    /// Change what a user may do
    Set(Set),
    /// Remove a user, with the sessions that are open
    Remove(Remove),
}

/// `heartbeat users list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat users invite`
#[derive(Debug, Args)]
pub struct Invite {
    /// The user's name
    pub name: String,

    /// What the user may do: read or write [default: write; of one that is there, what it is]
    #[arg(long, value_name = "ACCESS")]
    pub role: Option<String>,

    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat users set`
#[derive(Debug, Args)]
pub struct Set {
    /// The user's name
    pub name: String,

    /// What the user may do: read or write
    #[arg(long, value_name = "ACCESS")]
    pub role: String,
}

/// `heartbeat users remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The user's name
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
            invocation.screen.note(
                "There is no user yet: `heartbeat run` prints a link for the first one, and so does `heartbeat users invite NAME`.",
            )?;
        } else {
            let mut table = Table::under(["USER", "ACCESS", "PASSWORD", "LAST LOGIN"]);
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
        let authenticator = app::authenticator(Arc::clone(&store), invocation.clock.clone());
        let who = By::command_line(&invocation.environment).to_string();
        let (code, role) = Accounts::of_owner(&authenticator, &who).invite(&name, desired).await?;
        let path = format!("/enter/{code}");
        // Where a service runs, its page may be elsewhere than these settings say.
        let link = app::page_address(&store, &path).await?.unwrap_or_else(|| settings.web.usual_address(&path));
        if self.json {
            invocation.screen.json(&InvitationJson { name: name.to_string(), role: role.into(), link })?;
        } else {
            invocation.screen.note(format!("Within a day, and once, {name} can set a password there:"))?;
            invocation.screen.line(link)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let (name, role) = (name(&self.name)?, role(&self.role)?);
        let authenticator = app::authenticator(invocation.store().await?, invocation.clock.clone());
        let who = By::command_line(&invocation.environment).to_string();
        let before = told(&authenticator, Accounts::of_owner(&authenticator, &who).set(&name, role).await).await?.role;
        if before == role {
            invocation.screen.note("Nothing to change.")?;
            return Ok(ExitCode::SUCCESS);
        }
        invocation.screen.line(format!("~ user {name}: access {} -> {}", before.name(), role.name()))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let name = name(&self.name)?;
        let authenticator = app::authenticator(invocation.store().await?, invocation.clock.clone());
        let who = By::command_line(&invocation.environment).to_string();
        told(&authenticator, Accounts::of_owner(&authenticator, &who).remove(&name).await).await?;
        invocation.screen.line(format!("- user {name}"))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where there is no such user, says who there is.
async fn told<T>(authenticator: &Authenticator, done: Result<T, AccountError>) -> anyhow::Result<T> {
    let Err(error @ AccountError::NoUser(name)) = &done else { return Ok(done?) };
    let users = authenticator.store.users().await?;
    let names = || users.iter().map(|user| user.name.as_str());
    let hint = match nearest(name.as_str(), names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if users.is_empty() => "there is none yet: `heartbeat users invite`".to_owned(),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(Misuse(format!("{error}; {hint}")).into())
}

fn name(text: &str) -> Result<UserName, Misuse> {
    rules::about("NAME", UserName::parse(text)).map_err(Misuse)
}

/// What somebody may do, as a flag says it.
pub(super) fn role(text: &str) -> Result<Role, Misuse> {
    Role::named(text.trim()).ok_or_else(|| Misuse(format!("--access `{}` must be `read` or `write`", text.trim())))
}
