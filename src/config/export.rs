//! Writes the stored settings as a settings file that reads back to the same settings.

use std::fmt::{Display, Write as _};

use super::entity::Entity;
use super::value::{Group, Value};
use crate::model::{ChannelSpec, Field, ProjectSpec, StatusPage, Takes, Window};

#[derive(Debug, Clone, Copy, Default)]
pub struct Exported<'a> {
    pub projects: &'a [ProjectSpec],
    pub channels: &'a [ChannelSpec],
    pub windows: &'a [Window],
    pub status_pages: &'a [StatusPage],
}

/// Without secrets, a comment replaces each secret, and applying the file keeps the stored one. With secrets, a secret that is not set is
/// written as `""`.
#[must_use]
pub fn to_toml(all: Exported<'_>, with_secrets: bool) -> String {
    let Exported { projects, channels, windows, status_pages } = all;
    let written = sections(projects, with_secrets)
        .chain(sections(channels, with_secrets))
        .chain(sections(windows, with_secrets))
        .chain(sections(status_pages, with_secrets));
    written.collect::<Vec<_>>().join("\n")
}

fn sections<T: Entity>(all: &[T], with_secrets: bool) -> impl Iterator<Item = String> {
    all.iter().map(move |one| {
        let mut lines = Lines { text: String::new(), with_secrets, group: Group::Whole };
        lines.raw(format_args!("[[{}]]", T::KIND));
        lines.pair("name", toml::Value::String(one.name().to_string()));
        one.values().iter().for_each(|value| lines.value(value));
        lines.text
    })
}

struct Lines {
    text: String,
    with_secrets: bool,
    group: Group,
}

impl Lines {
    fn raw(&mut self, line: impl Display) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn pair(&mut self, key: &str, value: impl Display) {
        self.raw(format_args!("{key} = {value}"));
    }

    fn value(&mut self, value: &Value) {
        if let Some(app) = value.app() {
            let Some(state) = &value.held else { return };
            self.raw(format_args!("\n[project.{}]", app.section()));
            self.group = Group::App(app);
            return self.pair("enabled", state == "enabled");
        }
        match &value.group {
            Group::Route(name) if value.group != self.group => {
                self.raw("\n[[project.heartbeat.route]]");
                self.pair("name", toml::Value::String(name.clone()));
                self.group = value.group.clone();
            }
            _ => {}
        }
        let Field { key, secret, .. } = value.field;
        match &value.held {
            Some(_) if secret && !self.with_secrets => {
                self.raw(format_args!("# {key} is a secret and is left out; applying this file keeps the stored one (see --with-secrets)"));
            }
            Some(held) => self.pair(key, value_of(&value.field, held)),
            None if secret && self.with_secrets => self.pair(key, "\"\""),
            None => {}
        }
    }
}

fn value_of(field: &Field, held: &str) -> toml::Value {
    let text = || toml::Value::String(held.to_owned());
    match field.takes {
        Takes::Flag => held.parse().map_or_else(|_| text(), toml::Value::Boolean),
        Takes::Number => held.parse().map_or_else(|_| text(), toml::Value::Integer),
        Takes::Names => toml::Value::Array(held.split(", ").map(|name| toml::Value::String(name.to_owned())).collect()),
        _ => text(),
    }
}
