//! The settings of an app on the command line: the flags `--set` and `--set-file`, and how settings are printed.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use clap::Args;

use crate::cli::explain::Assigned;
use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::config::App;
use crate::config::key_file;
use crate::config::quoted;
use crate::model::Field;

#[derive(Debug, Clone, Args)]
pub struct Assignments {
    /// Change a setting, for example `events="heartbeat + heartbeat_api"` or `timeRange=15` (repeatable); an empty value restores the default.
    /// Other users of this machine can see flags: use --set-file for a secret
    #[arg(long, value_name = "SETTING=VALUE")]
    pub set: Vec<String>,

    /// Set a setting to the content of a file (repeatable)
    #[arg(long, value_name = "SETTING=FILE")]
    pub set_file: Vec<String>,
}

impl Assignments {
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.set_file.is_empty()
    }

    pub(super) fn read(&self) -> Assigned {
        let mut assigned = Assigned::default();
        for assignment in &self.set {
            assigned.add(split("--set", assignment, "VALUE"));
        }
        for assignment in &self.set_file {
            let read = split("--set-file", assignment, "FILE").and_then(|(key, path)| {
                let text = key_file(Path::new(path)).map_err(|problem| format!("--set-file {} {problem}", quoted(key)))?;
                Ok((key, text))
            });
            assigned.add(read.as_ref().map(|(key, text)| (*key, text.as_str())).map_err(Clone::clone));
        }
        assigned
    }
}

fn split<'a>(flag: &str, assignment: &'a str, what: &str) -> Result<(&'a str, &'a str), String> {
    let (key, value) = assignment.split_once('=').ok_or_else(|| format!("{flag} {} must be SETTING={what}", quoted(assignment)))?;
    Ok((key.trim(), value))
}

pub(super) fn show(invocation: &Invocation, app: &App) -> io::Result<()> {
    for setting in app.kind().settings() {
        let value = app.shown(setting).unwrap_or_else(|| styled(FAINT, setting.default));
        invocation.screen.line(format!("{} = {value}", setting.key).trim_end())?;
        invocation.screen.line(about(setting))?;
    }
    for line in app.own_routes() {
        invocation.screen.line(line)?;
    }
    Ok(())
}

pub(super) fn about(setting: &Field) -> String {
    let mut text = format!("    {}\n    {}", setting.label, styled(FAINT, setting.hint));
    if !setting.choices().is_empty() {
        let choices = format!("For example: {}.", setting.choices().join("; "));
        // Writing into a String cannot fail.
        let _ = write!(text, "\n    {}", styled(FAINT, choices));
    }
    text
}
