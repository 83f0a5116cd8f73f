//! `heartbeat tokens`: API tokens, for programs that read or change things without a person.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::error::Misuse;
use super::global::Invocation;
use super::table::Table;
use super::users::role;
use crate::app;
use crate::auth::{AccountError, Accounts, token_name};
use crate::config::{nearest, rules};
use crate::model::Timestamp;
use crate::report::{NewTokenJson, TokenJson};
use crate::settings::By;

/// List, make and remove API tokens
///
/// A program shows its token as `Authorization: Bearer hb_...`. Without a command, the tokens are listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Tokens {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub list: List,
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all tokens
    #[command(
        after_help = "JSON: {items: [{name, access: read|write, made_by, created, last_used, until}], next}; times are RFC 3339, last_used and until may be null."
    )]
    List(List),
    /// Make a token, and print it: it is not shown again
    #[command(after_help = "JSON: {name, access: read|write, token}.")]
    Add(Add),
    /// Remove a token: from now on it opens nothing
    Remove(Remove),
}

/// `heartbeat tokens list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat tokens add`
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it, such as `prometheus`
    pub name: String,

    /// What it may do: read or write
    #[arg(long, value_name = "ACCESS", default_value = "read")]
    pub role: String,

    /// For how long it holds, such as 90d [default: until it is removed]
    #[arg(long = "for", value_name = "TIME", value_parser = rules::token_lasts)]
    pub lasts: Option<Duration>,

    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `heartbeat tokens remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The token's name
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
            invocation.screen.note("There is no token yet: `heartbeat tokens add NAME`.")?;
        } else {
            let mut table = Table::under(["TOKEN", "ACCESS", "MADE BY", "LAST USED", "UNTIL"]);
            for token in &tokens {
                let at = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
                let (last_used, until) = (at(token.last_used, "never"), at(token.until, "no end"));
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
        let authenticator = app::authenticator(invocation.new_store().await?, invocation.clock.clone());
        let who = By::command_line(&invocation.environment).to_string();
        let token = match Accounts::of_owner(&authenticator, &who).make_token(&name, role, self.lasts).await {
            Err(error @ AccountError::TokenTaken(_)) => {
                return Err(Misuse(format!("{error}; `heartbeat tokens remove {name}` removes it")).into());
            }
            made => made?,
        };
        if self.json {
            invocation.screen.json(&NewTokenJson { name: name.to_string(), role: role.into(), token })?;
        } else {
            invocation.screen.note(format!("Token {name} may {}. It is shown this once:", role.name()))?;
            invocation.screen.line(token)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let authenticator = app::authenticator(invocation.store().await?, invocation.clock.clone());
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
