//! The command line, one file per command. A new command is a file, a variant of [`Command`] and a line in [`run`].

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

mod accounts;
mod apply;
mod apps;
mod arguments;
mod audit_log;
mod beats;
pub mod bench;
mod change_flags;
mod channels;
mod check;
mod completions;
mod config;
mod demo;
mod error;
mod explain;
mod export;
mod figures;
mod global;
mod help;
mod import;
mod incidents;
mod keys;
pub mod logs;
mod maintenance;
mod moment;
mod notifications;
mod projects;
mod rules;
mod run;
mod sandbox;
mod screen;
mod status;
mod status_pages;
mod table;
mod tokens;
mod users;
mod wait_complete;
mod which_project;

pub use error::{Misuse, report, report_usage};
pub use global::{Global, Invocation, LogFormat};
pub use screen::{Level, choose_log_format, say};

use crate::clock::Clock;
use crate::config::Environment;

/// Send one event a minute to PostHog, read it back, and locate the fault when it does not arrive
#[derive(Debug, Parser)]
#[command(name = "heartbeat", version, disable_help_subcommand = true, max_term_width = 110)]
#[command(after_help = "Getting started:
  heartbeat demo                               run everything on this machine, without setup
  heartbeat check --host us --token phc_...    send one event and follow it to the read-back
  heartbeat config example > heartbeat.toml    write a commented settings file
  heartbeat config check heartbeat.toml        report every problem in it
  heartbeat apply heartbeat.toml               save it in the store and list the changes

Exit codes: 0 success, 1 failure, 2 wrong usage (flags or settings).")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,

    #[command(subcommand)]
    pub command: Option<Command>,
}

// The variants have no doc comments: these would replace the help texts of the commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Demo),
    Check(check::Check),
    Run(run::Run),
    Status(status::Status),
    Beats(beats::Beats),
    WaitComplete(wait_complete::WaitComplete),
    Apply(apply::Apply),
    Export(export::Export),
    Projects(projects::Projects),
    Apps(apps::Apps),
    Incidents(incidents::Incidents),
    Notifications(notifications::Notifications),
    Channels(channels::Channels),
    Maintenance(maintenance::Maintenance),
    StatusPages(status_pages::StatusPages),
    Rules(rules::Rules),
    #[command(name = "audit-log", alias = "changes")]
    AuditLog(audit_log::AuditLog),
    Import(Box<import::Import>),
    Users(users::Users),
    Tokens(tokens::Tokens),
    #[command(subcommand)]
    Config(config::Config),
    Sandbox(sandbox::SandboxCommand),
    Bench(bench::Bench),
    Completions(completions::Completions),
    Man(help::ManPages),
    Help(help::Help),
    /// Print the version
    Version,
}

pub async fn run(cli: Cli, environment: Environment, clock: Clock) -> anyhow::Result<ExitCode> {
    let invocation = Invocation::new(cli.global, environment, clock);
    match cli.command {
        None => invocation.screen.text(&Cli::command().render_help().ansi().to_string())?,
        Some(Command::Demo(demo)) => return demo.run(&invocation).await,
        Some(Command::Check(check)) => return check.run(&invocation).await,
        Some(Command::Run(run)) => Box::pin(run.run(&invocation)).await?,
        Some(Command::Status(status)) => return status.run(&invocation).await,
        Some(Command::Beats(beats)) => beats.run(&invocation).await?,
        Some(Command::WaitComplete(wait)) => return wait.run(&invocation).await,
        Some(Command::Bench(bench)) => return Box::pin(bench.run(&invocation)).await,
        Some(Command::Sandbox(sandbox)) => sandbox.run(&invocation).await?,
        Some(Command::Apply(apply)) => apply.run(&invocation).await?,
        Some(Command::Export(export)) => export.run(&invocation).await?,
        Some(Command::Projects(projects)) => projects.run(&invocation).await?,
        Some(Command::Apps(apps)) => apps.run(&invocation).await?,
        Some(Command::Incidents(incidents)) => return incidents.run(&invocation).await,
        Some(Command::Notifications(notifications)) => notifications.run(&invocation).await?,
        Some(Command::Channels(channels)) => return channels.run(&invocation).await,
        Some(Command::Maintenance(maintenance)) => maintenance.run(&invocation).await?,
        Some(Command::StatusPages(pages)) => pages.run(&invocation).await?,
        Some(Command::Rules(rules)) => rules.run(&invocation).await?,
        Some(Command::AuditLog(audit_log)) => audit_log.run(&invocation).await?,
        Some(Command::Import(import)) => import.run(&invocation).await?,
        Some(Command::Users(users)) => users.run(&invocation).await?,
        Some(Command::Tokens(tokens)) => tokens.run(&invocation).await?,
        Some(Command::Config(config)) => return config.run(&invocation),
        Some(Command::Completions(completions)) => completions.run(&invocation)?,
        Some(Command::Man(pages)) => pages.run(&invocation)?,
        Some(Command::Help(help)) => help.run(&invocation)?,
        Some(Command::Version) => invocation.screen.text(&Cli::command().render_version())?,
    }
    Ok(ExitCode::SUCCESS)
}
