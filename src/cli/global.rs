//! What every command takes, and what it is given to work with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgAction, Args, ValueEnum};

use super::screen::{Color, Screen};
use crate::app;
use crate::clock::Clock;
use crate::config::{Environment, Problems, Scope, Settings, Sources, conceal};
use crate::model::ProjectSpec;
use crate::store::Store;

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Where things are remembered: sqlite:PATH or postgres://... [default: `DATABASE_URL`, else the file of --config, else
    /// heartbeat.db in the platform's data directory]
    #[arg(long, global = true, value_name = "URL", help_heading = "Options for every command")]
    pub database: Option<DatabaseFlag>,

    /// The settings file to go by, such as heartbeat.toml [default: `HEARTBEAT_CONFIG`]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Options for every command")]
    pub config: Option<PathBuf>,

    /// When to use colour: auto (on a terminal, unless `NO_COLOR` is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Options for every command"
    )]
    pub color: Color,

    /// Say nothing but the result
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Options for every command")]
    pub quiet: bool,

    /// Log more; twice for everything (`HEARTBEAT_LOG` says it in detail)
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Options for every command")]
    pub verbose: u8,

    /// How to write logs, on standard error: text or json
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        help_heading = "Options for every command"
    )]
    pub log_format: LogFormat,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// The text of `--database`, which may hold a password: prints without it.
#[derive(Clone)]
pub struct DatabaseFlag(String);

impl From<String> for DatabaseFlag {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for DatabaseFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&conceal(&self.0))
    }
}

/// What a command is given to work with.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The flags that every command takes.
    pub global: Global,
    /// The process environment.
    pub environment: Environment,
    /// Tells the time.
    pub clock: Clock,
    /// Shows the result.
    pub screen: Screen,
}

impl Invocation {
    /// Puts together what a command is given.
    #[must_use]
    pub fn new(global: Global, environment: Environment, clock: Clock) -> Self {
        let screen = Screen { quiet: global.quiet };
        Self { global, environment, clock, screen }
    }

    /// The settings file: `--config`, else `HEARTBEAT_CONFIG`.
    #[must_use]
    pub fn config(&self) -> Option<PathBuf> {
        let of_environment = || self.environment.value("HEARTBEAT_CONFIG").map(PathBuf::from);
        self.global.config.clone().or_else(of_environment)
    }

    /// The settings, from the settings file and everything that goes before it.
    pub fn settings(&self, scope: Scope) -> Result<Settings, Problems> {
        self.settings_of(self.config().as_deref(), scope)
    }

    /// The same with a settings file that the command names.
    pub fn settings_of(&self, file: Option<&Path>, scope: Scope) -> Result<Settings, Problems> {
        let database = self.global.database.as_ref().map(|flag| flag.0.as_str());
        Settings::load(Sources { environment: &self.environment, file, database }, scope)
    }

    /// The store that the settings name, which must be there.
    pub async fn store(&self) -> anyhow::Result<Arc<Store>> {
        app::open_existing_store(&self.settings(Scope::Service)?).await
    }

    /// The store that the settings name, for what is set up: it is made where there is none yet.
    pub async fn new_store(&self) -> anyhow::Result<Arc<Store>> {
        app::open_store(&self.settings(Scope::Service)?).await
    }
}

/// All projects in the store, as a person sets them up.
pub(super) async fn specs(store: &Store) -> anyhow::Result<Vec<ProjectSpec>> {
    Ok(store.projects().await?.into_iter().map(|project| project.spec).collect())
}
