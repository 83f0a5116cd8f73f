//! An app's settings on the command line: `--set key=value`, and how they are shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::cli::trouble::Misuse;
use crate::config::{nearest, rules};
use crate::model::{Events, HeartbeatApp, Host, ProjectToken, SETTINGS, Setting};

/// The app with these settings changed. Everything wrong with them is said at once.
pub(super) fn set(app: &HeartbeatApp, assignments: &[String], token: &ProjectToken) -> Result<HeartbeatApp, Misuse> {
    let mut app = app.clone();
    let wrong = assignments.iter().filter_map(|assignment| set_one(&mut app, assignment, token).err()).collect::<Vec<_>>();
    if wrong.is_empty() { Ok(app) } else { Err(Misuse(wrong.join("\n"))) }
}

fn set_one(app: &mut HeartbeatApp, assignment: &str, token: &ProjectToken) -> Result<(), String> {
    let (key, value) = assignment.split_once('=').ok_or_else(|| format!("--set `{assignment}` must be SETTING=VALUE"))?;
    let given = Some(value.trim()).filter(|value| !value.is_empty());
    match key.trim() {
        "events" => app.events = given.map(Events::parse).transpose().map_err(|says| format!("events {says}"))?.unwrap_or_default(),
        "host" => app.host = rules::about("host", given.map(rules::host).transpose())?,
        "project_api_key" => {
            app.project_api_key = rules::about("project_api_key", given.map(|text| rules::app_token(text, Some(token))).transpose())?;
        }
        unknown => {
            let keys = SETTINGS.map(|setting| setting.key);
            let hint = match nearest(unknown, keys) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {} (routes of your own are set in a file)", keys.join(", ")),
            };
            return Err(format!("`{unknown}` is not a setting of heartbeat; {hint}"));
        }
    }
    Ok(())
}

/// Shows every setting with its name, its hint and what it is.
pub(super) fn show(invocation: &Invocation, app: &HeartbeatApp) -> io::Result<()> {
    for setting in &SETTINGS {
        let value = value_of(app, setting.key).unwrap_or_else(|| styled(FAINT, setting.default));
        invocation.screen.line(format!("{} = {value}", setting.key))?;
        invocation.screen.line(about(setting))?;
    }
    for route in &app.routes {
        let host = route.host.as_ref().map_or("the project's host", Host::written);
        invocation.screen.line(format!("route {}: {} to {host} ({})", route.name, route.event, route.endpoint))?;
    }
    Ok(())
}

/// What there is to know about a setting, indented.
pub(super) fn about(setting: &Setting) -> String {
    let mut text = format!("    {}\n    {}", setting.name, styled(FAINT, setting.hint));
    if !setting.choices.is_empty() {
        let choices = format!("Such as: {}.", setting.choices.join("; "));
        // Writing into a String cannot fail.
        let _ = write!(text, "\n    {}", styled(FAINT, choices));
    }
    text
}

/// What each setting holds; none where it has its default.
pub(super) fn values(app: &HeartbeatApp) -> BTreeMap<&'static str, Option<String>> {
    SETTINGS.iter().map(|setting| (setting.key, value_of(app, setting.key))).collect()
}

fn value_of(app: &HeartbeatApp, key: &str) -> Option<String> {
    match key {
        "events" => Some(app.events.to_string()),
        "host" => app.host.as_ref().map(ToString::to_string),
        "project_api_key" => app.project_api_key.as_ref().map(ToString::to_string),
        _ => None,
    }
}
