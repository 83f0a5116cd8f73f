//! An app's settings on the command line: `--set key=value`, `--set-file key=FILE`, and how they are shown.

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

/// Settings given on the command line.
#[derive(Debug, Clone, Args)]
pub struct Assignments {
    /// A setting, such as `events="heartbeat + heartbeat_api"` or `timeRange=15` (may be given more than once); an empty value brings its
    /// default back. Other users of this machine can see flags: better --set-file for a secret
    #[arg(long, value_name = "SETTING=VALUE")]
    pub set: Vec<String>,

    /// A setting, and the file that holds nothing but its value (may be given more than once)
    #[arg(long, value_name = "SETTING=FILE")]
    pub set_file: Vec<String>,
}

impl Assignments {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.set_file.is_empty()
    }

    /// The settings, and what is wrong with how they are given.
    pub(super) fn read(&self) -> Assigned {
        let mut assigned = Assigned::default();
        for assignment in &self.set {
            assigned.take(split("--set", assignment, "VALUE"));
        }
        for assignment in &self.set_file {
            let read = split("--set-file", assignment, "FILE").and_then(|(key, path)| {
                let text = key_file(Path::new(path)).map_err(|says| format!("--set-file {} {says}", quoted(key)))?;
                Ok((key, text))
            });
            assigned.take(read.as_ref().map(|(key, text)| (*key, text.as_str())).map_err(Clone::clone));
        }
        assigned
    }
}

fn split<'a>(flag: &str, assignment: &'a str, what: &str) -> Result<(&'a str, &'a str), String> {
    let (key, value) = assignment.split_once('=').ok_or_else(|| format!("{flag} {} must be SETTING={what}", quoted(assignment)))?;
    Ok((key.trim(), value))
}

/// Shows every setting with its name, its hint and what it is.
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

/// What there is to know about a setting, indented.
pub(super) fn about(setting: &Field) -> String {
    let mut text = format!("    {}\n    {}", setting.label, styled(FAINT, setting.hint));
    if !setting.choices().is_empty() {
        let choices = format!("Such as: {}.", setting.choices().join("; "));
        // Writing into a String cannot fail.
        let _ = write!(text, "\n    {}", styled(FAINT, choices));
    }
    text
}
