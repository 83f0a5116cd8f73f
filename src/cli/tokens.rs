//! `heartbeat tokens`: API tokens, for programs that read or change things without a person.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::global::Invocation;
use super::table::Table;
use super::trouble::Misuse;
use super::users::access;
use crate::access::deed;
use crate::app;
use crate::config::{duration, nearest};
use crate::edit::By;
use crate::model::{ApiToken, ProjectName};

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
        after_help = "JSON: {tokens: [{name, access: read|write, made_by, created, last_used, until}]}; times are RFC 3339, last_used and until may be null."
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
    pub access: String,

    /// For how long it holds, such as 90d [default: until it is removed]
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
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

/// Stable field names, documented in `heartbeat tokens list --help`.
#[derive(Serialize)]
struct ListJson {
    tokens: Vec<TokenJson>,
}

#[derive(Serialize)]
struct TokenJson {
    name: String,
    access: &'static str,
    made_by: String,
    created: String,
    last_used: Option<String>,
    until: Option<String>,
}

/// Stable field names, documented in `heartbeat tokens add --help`.
#[derive(Serialize)]
struct MadeJson {
    name: String,
    access: &'static str,
    token: String,
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
            let tokens = tokens.iter().map(TokenJson::of).collect();
            invocation.screen.json(&ListJson { tokens })?;
        } else if tokens.is_empty() {
            invocation.screen.note("There is no token yet: `heartbeat tokens add NAME`.")?;
        } else {
            let mut table = Table::under(["TOKEN", "ACCESS", "MADE BY", "LAST USED", "UNTIL"]);
            for TokenJson { name, access, made_by, last_used, until, .. } in tokens.iter().map(TokenJson::of) {
                let last_used = last_used.unwrap_or_else(|| "never".into());
                table.row([name, access.into(), made_by, last_used, until.unwrap_or_else(|| "removed".into())]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl TokenJson {
    fn of(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            access: token.access.name(),
            made_by: token.made_by.clone(),
            created: token.created.to_string(),
            last_used: token.last_used.map(|at| at.to_string()),
            until: token.until.map(|at| at.to_string()),
        }
    }
}

impl Add {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        // A name as those of projects: it stands in deeds and in addresses.
        let name = ProjectName::parse(&self.name).map_err(|wrong| Misuse(format!("NAME {wrong}")))?;
        let access = access(&self.access)?;
        let door = app::door(invocation.store().await?, invocation.clock.clone());
        if door.store.tokens().await?.iter().any(|known| known.name == name.as_str()) {
            return Err(Misuse(format!("there is a token `{name}` already; `heartbeat tokens remove {name}` removes it")).into());
        }
        let until = self.lasts.map(|lasts| invocation.clock.now().plus(lasts));
        let who = By::command_line(&invocation.environment).to_string();
        let token = door.make_token(name.as_str(), access, until, &who).await?;
        if self.json {
            invocation.screen.json(&MadeJson { name: name.to_string(), access: access.name(), token })?;
        } else {
            invocation.screen.note(format!("Token {name} may {}. It is shown this once:", access.name()))?;
            invocation.screen.line(token)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let tokens = store.tokens().await?;
        let Some(token) = tokens.iter().find(|token| token.name == self.name) else {
            let hint = match nearest(&self.name, tokens.iter().map(|token| token.name.as_str())) {
                Some(meant) => format!("; did you mean `{meant}`?"),
                None => String::new(),
            };
            // What is no name may be the token itself.
            let shown = ProjectName::parse(&self.name).ok().filter(|name| !name.as_str().starts_with(crate::access::TOKEN_PREFIX));
            let shown = shown.map_or_else(|| "of this name".to_owned(), |name| format!("`{name}`"));
            return Err(Misuse(format!("there is no token {shown}{hint}")).into());
        };
        let who = By::command_line(&invocation.environment).to_string();
        let deed = deed(&who, format!("API token {}", token.name), "removed".to_owned(), invocation.clock.now());
        store.drop_token(token.id, &deed).await?;
        invocation.screen.line(format!("- token {}", token.name))?;
        Ok(ExitCode::SUCCESS)
    }
}
