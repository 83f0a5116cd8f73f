//! The global flags, and the context of a command: flags, environment, clock, screen.

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

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Global {
    /// Database: sqlite:PATH or postgres://... [default: `DATABASE_URL`, else the database named in the settings file, else heartbeat.db in the
    /// platform's data directory]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<DatabaseFlag>,

    /// Settings file, for example heartbeat.toml [default: `HEARTBEAT_CONFIG`]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Use colour: auto (on a terminal, unless `NO_COLOR` is set), always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Color,

    /// Print only the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Log more; give it twice to log everything (`HEARTBEAT_LOG` sets a filter)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Format of the logs on standard error: text or json
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Plain text
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// The value of `--database`. `Debug` prints it without its password.
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

#[derive(Debug, Clone)]
pub struct Invocation {
    pub global: Global,
    pub environment: Environment,
    pub clock: Clock,
    pub screen: Screen,
}

impl Invocation {
    #[must_use]
    pub fn new(global: Global, environment: Environment, clock: Clock) -> Self {
        let screen = Screen { quiet: global.quiet };
        Self { global, environment, clock, screen }
    }

    #[must_use]
    pub fn config(&self) -> Option<PathBuf> {
        let of_environment = || self.environment.value("HEARTBEAT_CONFIG").map(PathBuf::from);
        self.global.config.clone().or_else(of_environment)
    }

    pub fn settings(&self, scope: Scope) -> Result<Settings, Problems> {
        self.settings_of(self.config().as_deref(), scope)
    }

    pub fn settings_of(&self, file: Option<&Path>, scope: Scope) -> Result<Settings, Problems> {
        Settings::load(Sources { environment: &self.environment, file, database: self.database_flag() }, scope)
    }

    /// `--database` alone, as it was written.
    pub(super) fn database_flag(&self) -> Option<&str> {
        self.global.database.as_ref().map(|flag| flag.0.as_str())
    }

    /// Opens the store; it must exist.
    pub async fn store(&self) -> anyhow::Result<Arc<Store>> {
        app::open_existing_store(&self.settings(Scope::Service)?).await
    }

    /// Opens the store, and creates it when it does not exist.
    pub async fn new_store(&self) -> anyhow::Result<Arc<Store>> {
        app::open_store(&self.settings(Scope::Service)?).await
    }
}

pub(super) async fn specs(store: &Store) -> anyhow::Result<Vec<ProjectSpec>> {
    Ok(store.projects().await?.into_iter().map(|project| project.spec).collect())
}
