//! `heartbeat config`: checks settings without opening the store, and prints an example.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::error::Misuse;
use super::global::Invocation;
use super::screen::{GOOD, WARN, styled};
use crate::app;
use crate::config::{Desired, EXAMPLE, Entity, Problems, Scope, Settings, certificate_problems};
use crate::model::{ChannelSpec, ProjectSpec};
use crate::settings::Cost;

/// Check settings, or print an example settings file
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check settings and report all problems with their lines; change nothing
    #[command(after_help = "Exit codes: 0 no problems, 2 problems.\nJSON: {ok, projects: [names], channels: [names], \
                            maintenance: [names], status_pages: [names], problems: [sentences]}")]
    Check(Check),
    /// Print a commented example settings file
    Example,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Settings file, or `-` for standard input [default: the file of --config, else only the environment]
    pub file: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl Config {
    pub(super) fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check(check) => check.run(invocation),
            Self::Example => {
                invocation.screen.text(EXAMPLE)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

#[derive(Serialize)]
struct CheckJson {
    ok: bool,
    projects: Vec<String>,
    channels: Vec<String>,
    maintenance: Vec<String>,
    status_pages: Vec<String>,
    problems: Vec<String>,
}

impl CheckJson {
    fn of(settings: &Result<Settings, Problems>) -> Self {
        let all = settings.as_ref().ok();
        let problems = settings.as_ref().err().into_iter().flat_map(Problems::iter).map(ToString::to_string);
        Self {
            ok: settings.is_ok(),
            projects: all.map(|all| names(&all.projects)).unwrap_or_default(),
            channels: all.map(|all| names(&all.channels)).unwrap_or_default(),
            maintenance: all.map(|all| names(&all.windows)).unwrap_or_default(),
            status_pages: all.map(|all| names(&all.status_pages)).unwrap_or_default(),
            problems: problems.collect(),
        }
    }
}

impl Check {
    fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let file = self.file.or_else(|| invocation.config());
        let settings = invocation.settings_of(file.as_deref(), Scope::Everything);
        let starts = settings.as_ref().map_or(Ok(()), |settings| app::check(settings, &invocation.clock).map_err(not_starting));
        if self.json {
            let mut checked = CheckJson::of(&settings);
            checked.problems.extend(starts.err().map(|error| error.to_string()));
            checked.ok = checked.problems.is_empty();
            invocation.screen.json(&checked)?;
            return Ok(if checked.ok { ExitCode::SUCCESS } else { ExitCode::from(2) });
        }
        let settings = settings?;
        starts?;
        let projects = settings.projects.iter().map(|desired| &desired.spec);
        // A file without projects does not change the projects in the store.
        let is_without = settings.projects.is_empty();
        let unknown = if is_without { Vec::new() } else { settings.web.unknown_metrics_projects(projects, " in this file") };
        for remark in certificate_problems(&invocation.environment).into_iter().chain(unknown) {
            invocation.screen.note(styled(WARN, remark))?;
        }
        for desired in &settings.projects {
            for remark in remarks(desired) {
                invocation.screen.note(styled(WARN, format!("project {}: {remark}", desired.spec.name)))?;
            }
        }
        for desired in &settings.channels {
            if let Some(remark) = secrets_left(desired) {
                invocation.screen.note(styled(WARN, format!("channel {}: {remark}", desired.spec.name)))?;
            }
        }
        let what = file.map_or_else(|| "the environment".to_owned(), |path| path.display().to_string());
        let cost = Cost::of(settings.projects.iter().map(|desired| &desired.spec));
        invocation.screen.line(format!(
            "{} {what}: {}; {cost}",
            styled(GOOD, "ok"),
            counted([settings.projects.len(), settings.channels.len(), settings.windows.len(), settings.status_pages.len()])
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn names<T: Entity>(all: &[Desired<T>]) -> Vec<String> {
    all.iter().map(|desired| desired.spec.name().to_string()).collect()
}

fn not_starting(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Problems>() { error } else { Misuse(format!("`heartbeat run` does not start with these settings: {error:#}")).into() }
}

/// Valid settings that are probably a mistake.
fn remarks(desired: &Desired<ProjectSpec>) -> impl Iterator<Item = &'static str> {
    let ProjectSpec { heartbeat, ingestion_alert, .. } = &desired.spec;
    let not_installed = match (heartbeat, ingestion_alert) {
        (None, None) => Some("Heartbeat is not installed; add a section [project.heartbeat] to install it"),
        (None, Some(_)) => Some("Heartbeat is not installed, so a project without traffic looks like a broken one"),
        (Some(_), _) => None,
    };
    let no_key = match (desired.spec.reading_key(), desired.leaves("personal_api_key")) {
        (None, false) => Some("has no personal API key, so arrival is not checked"),
        (None, true) => Some("has no personal API key; unless the store has one, arrival is not checked"),
        (Some(_), _) => None,
    };
    not_installed.into_iter().chain(no_key)
}

/// Required secrets that the file omits.
fn secrets_left(desired: &Desired<ChannelSpec>) -> Option<String> {
    let needed = desired.spec.kind.fields().iter().filter(|field| field.required && field.secret && desired.leaves(field.key));
    let needed = needed.map(|field| field.key).collect::<Vec<_>>();
    (!needed.is_empty()).then(|| format!("has no {}; unless the store has it, the file cannot be applied", needed.join(" and no ")))
}

/// `2 projects, 1 channel`. Only projects are listed when there are none.
pub(super) fn counted([projects, channels, windows, status_pages]: [usize; 4]) -> String {
    let others = [(channels, "channel"), (windows, "maintenance window"), (status_pages, "status page")];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    let others = others.map(|(number, what)| count(number, what));
    std::iter::once(count(projects, "project")).chain(others).collect::<Vec<_>>().join(", ")
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
