//! Projects, channels and maintenance windows, written as a settings file that reads back to the same.

use std::fmt::{Display, Write as _};

use crate::model::{ChannelSpec, HeartbeatApp, IngestionAlertApp, Pace, PersonalKey, ProjectName, ProjectSpec, RouteSpec, When, Window};

use super::duration;

/// Writes these as a settings file. Without secrets, each secret is left out, and a line says so: applied, such a file leaves it in the
/// store as it is. With secrets the file is the whole truth: what is not there is written as `""`.
#[must_use]
pub fn to_toml(projects: &[ProjectSpec], channels: &[ChannelSpec], windows: &[Window], with_secrets: bool) -> String {
    let projects = projects.iter().map(|spec| project(spec, with_secrets));
    let channels = channels.iter().map(|spec| channel(spec, with_secrets));
    projects.chain(channels).chain(windows.iter().map(maintenance)).collect::<Vec<_>>().join("\n")
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

    fn secret(&mut self, key: &str, value: Option<&str>, with_secrets: bool) {
        match (value, with_secrets) {
            (value, true) => self.text(key, value.unwrap_or_default()),
            (Some(_), false) => {
                self.raw(format_args!("# {key} is a secret and was left out: applied, the stored one stays (see --with-secrets)"));
            }
            (None, false) => {}
        }
    }

    fn projects(&mut self, projects: &[ProjectName]) {
        if !projects.is_empty() {
            let names = projects.iter().map(|name| toml::Value::String(name.to_string())).collect();
            self.raw(format_args!("projects = {}", toml::Value::Array(names)));
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
    lines.secret("personal_api_key", spec.personal_key.as_ref().map(PersonalKey::expose), with_secrets);
    if let Some(number) = spec.posthog_id {
        lines.raw(format_args!("project_id = {number}"));
    }
    lines.text("late_after", duration::show(late_after));
    lines.text("lost_after", duration::show(lost_after));
    lines.text("look_every", duration::show(look_every));
    if let Some(app) = &spec.heartbeat {
        heartbeat(&mut lines, app);
    }
    if let Some(app) = &spec.ingestion_alert {
        ingestion_alert(&mut lines, app, with_secrets);
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

/// What is as usual is left out.
fn ingestion_alert(lines: &mut Lines, app: &IngestionAlertApp, with_secrets: bool) {
    lines.raw("\n[project.ingestion_alert]");
    lines.raw(format_args!("enabled = {}", app.enabled));
    for setting in IngestionAlertApp::settings() {
        let value = app.value(setting.key);
        if setting.secret {
            lines.secret(setting.key, value.as_deref(), with_secrets);
        } else {
            lines.text_if(setting.key, value);
        }
    }
}

fn channel(spec: &ChannelSpec, with_secrets: bool) -> String {
    let ChannelSpec { name, kind, enabled, projects, least, at_once, title, body, values } = spec;
    let mut lines = Lines::default();
    lines.raw("[[channel]]");
    lines.text("name", name);
    lines.text("kind", kind);
    lines.raw(format_args!("enabled = {enabled}"));
    lines.projects(projects);
    lines.text("severity", least);
    lines.raw(format_args!("at_once = {at_once}"));
    for field in kind.fields() {
        let value = values.get(field.key);
        if field.secret {
            lines.secret(field.key, value, with_secrets);
        } else {
            lines.text_if(field.key, value);
        }
    }
    lines.text_if("title", title.as_ref());
    lines.text_if("body", body.as_ref());
    lines.0
}

fn maintenance(window: &Window) -> String {
    let mut lines = Lines::default();
    lines.raw("[[maintenance]]");
    lines.text("name", &window.name);
    lines.projects(&window.projects);
    match &window.when {
        When::Once(from, to) => {
            lines.text("from", from);
            lines.text("to", to);
        }
        When::Weekly(weekly) => {
            lines.text("weekly", weekly.written());
            lines.text_if("timezone", weekly.timezone());
        }
        When::Cron(cron, lasts) => {
            lines.text("cron", cron.times());
            lines.text_if("timezone", cron.timezone());
            lines.text("lasts", duration::show(*lasts));
        }
    }
    lines.0
}
