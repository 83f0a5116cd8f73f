//! The settings of an app as they are printed.

use std::fmt::Write as _;
use std::io;

use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::config::App;
use crate::model::Field;

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
