//! `heartbeat tokens`: API tokens for programs.

use clap::{Args, Subcommand};

use super::accounts::{Owner, explain, help};
use super::error::Misuse;
use super::explain::{Flags, explain_with};
use super::global::Invocation;
use super::table::{ListFlags, Listing};
use crate::auth::AccountError;
use crate::config::Texts;
use crate::config::access::{TOKEN_FIELDS, TokenSpec};
use crate::model::{ApiToken, Timestamp};
use crate::report::{NewTokenJson, TokenJson};

const FLAGS: Flags<'_> = &[("name", "NAME"), ("role", "--role"), ("lasts", "--for")];

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
    #[arg(help = help(&TOKEN_FIELDS, "name"))]
    pub name: String,

    #[arg(long, value_name = "ROLE", help = help(&TOKEN_FIELDS, "role"))]
    pub role: Option<String>,

    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, help = help(&TOKEN_FIELDS, "lasts"))]
    pub lasts: Option<String>,

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
        let texts = Texts::default().with("name", Some(&self.name)).with("role", self.role.as_deref());
        let texts = texts.with("lasts", self.lasts.as_deref());
        // The flags are read before the store is opened, so that a wrong flag creates no database.
        let spec = TokenSpec::read(&texts).map_err(|wrong| explain_with(FLAGS)(wrong.into()))?;
        let TokenSpec { name, role, .. } = &spec;
        let owner = Owner::of(invocation.new_store().await?, invocation);
        let token = match owner.accounts().make_token(&spec).await {
            Err(error @ AccountError::TokenTaken(_)) => {
                return Err(Misuse(format!("{error}; remove it with `heartbeat tokens remove {name}`")).into());
            }
            made => made?,
        };
        if self.json {
            invocation.screen.json(&NewTokenJson { name: name.to_string(), role: *role, token })?;
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
