//! `heartbeat users`: the users of the page. Passwords are set with one-time links, never on the command line.

use clap::{Args, Subcommand};

use super::accounts::{Owner, explain, help};
use super::explain::{Flags, explain_with};
use super::global::Invocation;
use super::table::{ListFlags, Listing};
use crate::app;
use crate::auth::AccountError;
use crate::config::access::{USER_FIELDS, UserSpec, user_values};
use crate::config::{Scope, Texts, differences};
use crate::model::{User, UserName};
use crate::report::{InvitationJson, UserJson};

const FLAGS: Flags<'_> = &[("name", "NAME"), ("role", "--role")];

/// List, invite, change and remove users of the page
///
/// Without a command, it lists the users.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Users {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: ListFlags,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all users
    #[command(
        after_help = "JSON: {items: [{name, role: viewer|editor, has_password, created, last_login}], next}; times are RFC 3339, last_login may be null."
    )]
    List(ListFlags),
    /// Print a one-time link to set a password, valid for one day; add the user if necessary
    #[command(after_help = "JSON: {name, role: viewer|editor, link}.")]
    Invite(Invite),
    /// Change the role of a user
    Set(Set),
    /// Remove a user and their open sessions
    Remove(Remove),
}

const DEFAULT_ROLE: &str = " [default: viewer; editor while there is no editor; the current role of an existing user]";

#[derive(Debug, Args)]
pub struct Invite {
    #[arg(help = help(&USER_FIELDS, "name"))]
    pub name: String,

    #[arg(long, value_name = "ROLE", help = help(&USER_FIELDS, "role") + DEFAULT_ROLE)]
    pub role: Option<String>,

    /// Print the invitation as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Set {
    /// Name of the user
    pub name: String,

    #[arg(long, value_name = "ROLE", help = help(&USER_FIELDS, "role"))]
    pub role: String,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// Name of the user
    pub name: String,
}

impl Users {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(flags) => list(flags, invocation).await,
            Command::Invite(invite) => invite.run(invocation).await,
            Command::Set(set) => set.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

async fn list(flags: ListFlags, invocation: &Invocation) -> anyhow::Result<()> {
    let users = invocation.store().await?.users().await?;
    let listing = Listing {
        json: flags.json,
        none: "There is no user yet. `heartbeat run` and `heartbeat users invite NAME` print a link for the first user.",
        headings: ["USER", "ROLE", "PASSWORD", "LAST LOGIN"],
    };
    let row = |user: &User| {
        let password = if user.has_password { "set" } else { "none" };
        let last = user.last_login.map_or_else(|| "never".to_owned(), |at| at.to_string());
        [user.name.to_string(), user.role.name().into(), password.into(), last]
    };
    Ok(listing.print(invocation.screen, &users, UserJson::of, row)?)
}

impl Invite {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let user = user(&self.name, self.role.as_deref())?;
        let settings = invocation.settings(Scope::Service)?;
        let owner = Owner::of(app::open_store(&settings).await?, invocation);
        let (code, role) = owner.accounts().invite(&user).await?;
        let path = format!("/enter/{code}");
        // A running service may serve the page at another address than these settings name.
        let link = app::page_address(owner.store(), &path).await?.unwrap_or_else(|| settings.web.usual_address(&path));
        if self.json {
            invocation.screen.json(&InvitationJson { name: user.name.to_string(), role, link })?;
        } else {
            invocation.screen.note(format!("{} can set a password with this one-time link within a day:", user.name))?;
            invocation.screen.line(link)?;
        }
        Ok(())
    }
}

impl Set {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let desired = user(&self.name, Some(&self.role))?;
        let owner = Owner::of(invocation.store().await?, invocation);
        let (before, user) = known(&owner, &desired.name, owner.accounts().set(&desired).await).await?;
        if before == user.role {
            return Ok(invocation.screen.note("Nothing to change.")?);
        }
        let differences = differences(&user_values(before), &user_values(user.role));
        Ok(invocation.screen.line(format!("~ user {}: {differences}", user.name))?)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let UserSpec { name, .. } = user(&self.name, None)?;
        let owner = Owner::of(invocation.store().await?, invocation);
        known(&owner, &name, owner.accounts().remove(&name).await).await?;
        Ok(invocation.screen.line(format!("- user {name}"))?)
    }
}

async fn known<T>(owner: &Owner, name: &UserName, done: Result<T, AccountError>) -> anyhow::Result<T> {
    match done {
        Ok(done) => Ok(done),
        Err(error) => {
            let names = owner.store().users().await?.iter().map(|user| user.name.to_string()).collect::<Vec<_>>();
            Err(explain(error, name.as_str(), &names))
        }
    }
}

fn user(name: &str, role: Option<&str>) -> anyhow::Result<UserSpec> {
    let texts = Texts::default().with("name", Some(name)).with("role", role);
    UserSpec::read(&texts).map_err(|wrong| explain_with(FLAGS)(wrong.into()))
}
