//! `heartbeat tokens`: API tokens for programs.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::accounts::{Owner, explain};
use super::error::Misuse;
use super::global::Invocation;
use super::table::{ListFlags, Listing};
use super::users::role;
use crate::auth::{AccountError, token_name};
use crate::config::rules;
use crate::model::{ApiToken, Timestamp};
use crate::report::{NewTokenJson, TokenJson};

/// List, create and remove API tokens
///
/// A program sends its token as `Authorization: Bearer hb_...`. Without a command, it lists the tokens.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Tokens {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: ListFlags,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all tokens
    #[command(
        after_help = "JSON: {items: [{name, role: viewer|editor, made_by, created, last_used, until}], next}; times are RFC 3339, last_used is null if the token was never used, until is null if it does not expire."
    )]
    List(ListFlags),
    /// Create a token and print it; it is not shown again
    #[command(after_help = "JSON: {name, role: viewer|editor, token}.")]
    Add(Add),
    /// Remove a token; it stops working at once
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct Add {
    /// Name of the token, for example `prometheus`
    pub name: String,

    /// Role: viewer (read only) or editor (change everything)
    #[arg(long, value_name = "ROLE", default_value = "viewer")]
    pub role: String,

    /// Time until the token expires, for example 90d [default: never]
    #[arg(long = "for", value_name = "TIME", value_parser = rules::token_lasts)]
    pub lasts: Option<Duration>,

    /// Print the token as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// Name of the token
    pub name: String,
}

impl Tokens {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(flags) => list(flags, invocation).await,
            Command::Add(add) => add.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

async fn list(flags: ListFlags, invocation: &Invocation) -> anyhow::Result<()> {
    let tokens = invocation.store().await?.tokens().await?;
    let listing = Listing {
        json: flags.json,
        none: "There is no token yet. Create one with `heartbeat tokens add NAME`.",
        headings: ["TOKEN", "ROLE", "CREATED BY", "LAST USED", "EXPIRES"],
    };
    let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let row =
        |token: &ApiToken| [token.name.clone(), token.role.name().into(), token.made_by.clone(), at(token.last_used), at(token.until)];
    Ok(listing.print(invocation.screen, &tokens, TokenJson::of, row)?)
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let name = token_name(&self.name).map_err(|wrong| Misuse(format!("NAME {wrong}")))?;
        let role = role(&self.role)?;
        let owner = Owner::of(invocation.new_store().await?, invocation);
        let token = match owner.accounts().make_token(&name, role, self.lasts).await {
            Err(error @ AccountError::TokenTaken(_)) => {
                return Err(Misuse(format!("{error}; remove it with `heartbeat tokens remove {name}`")).into());
            }
            made => made?,
        };
        if self.json {
            invocation.screen.json(&NewTokenJson { name: name.to_string(), role, token })?;
        } else {
            invocation.screen.note(format!("Token {name} has the role {}. It is shown only once:", role.name()))?;
            invocation.screen.line(token)?;
        }
        Ok(())
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let owner = Owner::of(invocation.store().await?, invocation);
        if let Err(error) = owner.accounts().remove_token(&self.name).await {
            let names = owner.store().tokens().await?.into_iter().map(|token| token.name).collect::<Vec<_>>();
            return Err(explain(error, &self.name, &names));
        }
        Ok(invocation.screen.line(format!("- token {}", self.name))?)
    }
}
