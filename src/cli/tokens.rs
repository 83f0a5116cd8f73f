//! `heartbeat tokens`: API tokens for programs.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::error::Misuse;
use super::global::Invocation;
use super::table::Table;
use super::users::role;
use crate::auth::{AccountError, Accounts, Authenticator, token_name};
use crate::config::{nearest, rules};
use crate::model::Timestamp;
use crate::report::{NewTokenJson, TokenJson};
use crate::settings::By;

/// List, create and remove API tokens
///
/// A program sends its token as `Authorization: Bearer hb_...`. Without a command, it lists the tokens.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Tokens {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all tokens
    #[command(
        after_help = "JSON: {items: [{name, role: viewer|editor, made_by, created, last_used, until}], next}; times are RFC 3339, last_used is null if the token was never used, until is null if it does not expire."
    )]
    List(List),
    /// Create a token and print it; it is not shown again
    #[command(after_help = "JSON: {name, role: viewer|editor, token}.")]
    Add(Add),
    /// Remove a token; it stops working at once
    Remove(Remove),
}

#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
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
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(invocation).await,
            Command::Add(add) => add.run(invocation).await,
            Command::Remove(remove) => remove.run(invocation).await,
        }
    }
}

impl List {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let tokens = invocation.store().await?.tokens().await?;
        if self.json {
            invocation.screen.items(tokens.iter().map(TokenJson::of))?;
        } else if tokens.is_empty() {
            invocation.screen.note("There is no token yet. Create one with `heartbeat tokens add NAME`.")?;
        } else {
            let mut table = Table::under(["TOKEN", "ROLE", "CREATED BY", "LAST USED", "EXPIRES"]);
            for token in &tokens {
                let at = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
                let (last_used, until) = (at(token.last_used, "never"), at(token.until, "never"));
                table.row([token.name.clone(), token.role.name().into(), token.made_by.clone(), last_used, until]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let name = token_name(&self.name).map_err(|wrong| Misuse(format!("NAME {wrong}")))?;
        let role = role(&self.role)?;
        let authenticator = Authenticator { store: invocation.new_store().await?, clock: invocation.clock.clone() };
        let who = By::command_line(&invocation.environment).to_string();
        let token = match Accounts::of_owner(&authenticator, &who).make_token(&name, role, self.lasts).await {
            Err(error @ AccountError::TokenTaken(_)) => {
                return Err(Misuse(format!("{error}; remove it with `heartbeat tokens remove {name}`")).into());
            }
            made => made?,
        };
        if self.json {
            invocation.screen.json(&NewTokenJson { name: name.to_string(), role: role.into(), token })?;
        } else {
            invocation.screen.note(format!("Token {name} has the role {}. It is shown only once:", role.name()))?;
            invocation.screen.line(token)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let authenticator = Authenticator { store: invocation.store().await?, clock: invocation.clock.clone() };
        let who = By::command_line(&invocation.environment).to_string();
        if let Err(error) = Accounts::of_owner(&authenticator, &who).remove_token(&self.name).await {
            let AccountError::NoToken(_) = &error else { return Err(error.into()) };
            let tokens = authenticator.store.tokens().await?;
            let meant = nearest(&self.name, tokens.iter().map(|token| token.name.as_str()));
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            return Err(Misuse(format!("{error}{hint}")).into());
        }
        invocation.screen.line(format!("- token {}", self.name))?;
        Ok(ExitCode::SUCCESS)
    }
}
