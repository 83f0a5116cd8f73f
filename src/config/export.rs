//! Projects, written as a settings file that reads back to the same projects.

use std::fmt::{Display, Write as _};

use crate::model::{HeartbeatApp, Pace, ProjectSpec, RouteSpec};

use super::duration;

/// Writes these projects as a settings file. Without secrets, a personal API key is left out, and a line says so: applied, such
/// a file leaves the key in the store as it is. With secrets the file is the whole truth: no key is written as `""`.
#[must_use]
pub fn to_toml(projects: &[ProjectSpec], with_secrets: bool) -> String {
    let sections = projects.iter().map(|spec| project(spec, with_secrets));
    sections.collect::<Vec<_>>().join("\n")
}

/// Lines of a settings file.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn raw(&mut self, line: impl Display) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.raw(format_args!("{key} = {}", toml::Value::String(value.to_string())));
    }

    fn text_if(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }
}

fn project(spec: &ProjectSpec, with_secrets: bool) -> String {
    let Pace { late_after, lost_after, look_every } = spec.pace;
    let mut lines = Lines::default();
    lines.raw("[[project]]");
    lines.text("name", &spec.name);
    lines.text("host", &spec.host);
    lines.text_if("api_host", spec.api_host.as_ref());
    lines.text("token", &spec.token);
    match (&spec.personal_key, with_secrets) {
        (Some(key), true) => lines.text("personal_api_key", key.expose()),
        (None, true) => lines.text("personal_api_key", ""),
        (Some(_), false) => {
            lines.raw("# personal_api_key is a secret and was left out: applied, the stored one stays (see --with-secrets)");
        }
        (None, false) => {}
    }
    if let Some(number) = spec.posthog_id {
        lines.raw(format_args!("project_id = {number}"));
    }
    lines.text("late_after", duration::show(late_after));
    lines.text("lost_after", duration::show(lost_after));
    lines.text("look_every", duration::show(look_every));
    if let Some(app) = &spec.heartbeat {
        heartbeat(&mut lines, app);
    }
    lines.0
}

fn heartbeat(lines: &mut Lines, app: &HeartbeatApp) {
    lines.raw("\n[project.heartbeat]");
    lines.raw(format_args!("enabled = {}", app.enabled));
    lines.text("events", app.events);
    lines.text_if("host", app.host.as_ref());
    lines.text_if("project_api_key", app.project_api_key.as_ref());
    for RouteSpec { name, event, host, endpoint, distinct_id } in &app.routes {
        lines.raw("\n[[project.heartbeat.route]]");
        lines.text("name", name);
        lines.text("event", event);
        lines.text_if("host", host.as_ref());
        lines.text("endpoint", endpoint);
        lines.text("distinct_id", distinct_id);
    }
}
