//! The desired settings of a file. A file may leave secrets to the store, so they are complete only together with the stored ones.

use super::entity::{Entity, Origin};
use super::keys::KeyPlaces;
use super::problem::Problems;
use super::section::Section;
use super::texts::Texts;
use super::value::Group;
use super::written::Written;
use super::{channel, project, route, status_page, window};
use crate::model::{AppKind, ChannelKind, ChannelSpec, Field, Invalid, ProjectName, ProjectSpec, StatusPage, Takes, Window};

#[derive(Debug, Clone, PartialEq)]
pub struct Desired<T> {
    /// Complete except for secrets that are left to the store.
    pub spec: T,
    texts: Texts,
}

impl<T: Entity> Desired<T> {
    /// Secrets that are not named are left to the store and not reported as missing.
    pub(super) fn read(texts: Texts) -> Result<Self, Problems> {
        Ok(Self { spec: T::over(&texts, None, Origin::File)?, texts })
    }

    /// The desired settings, completed with the stored ones of the same name. Fails if something is still missing.
    pub fn over(&self, stored: &[T]) -> Result<T, Problems> {
        let stored = stored.iter().find(|one| one.name() == self.spec.name() && one.goes_on_as(&self.spec));
        let spec = T::over(&self.texts, stored, Origin::File)?;
        Problems::or(spec.lacks(), spec)
    }

    /// Whether the settings do not name a field, so that the stored value stays.
    #[must_use]
    pub fn leaves(&self, field: &str) -> bool {
        self.texts.one(field).is_none()
    }
}

pub(super) trait InFile: Entity {
    fn take(section: &Section<'_>, written: &mut Written, keys: KeyPlaces<'_>);
}

/// An invalid section is left out, and its problem is noted.
pub(super) fn read_all<T: InFile>(top: &Section<'_>, keys: KeyPlaces<'_>) -> Vec<Desired<T>> {
    let kind = T::KIND;
    let (mut names, mut all) = (Vec::<ProjectName>::new(), Vec::new());
    for (index, section) in top.sections(kind.name(), kind.name()).into_iter().enumerate() {
        let section = section.numbered("", kind.name(), index);
        let mut written = Written::default();
        T::take(&section, &mut written, keys);
        if let Some(name) = written.texts.filled("name").and_then(|name| ProjectName::parse(name).ok()) {
            if names.contains(&name) {
                let because = format!("is used twice; each {} needs its own name", kind.called());
                section.wrong("name", Invalid::unusable(name.as_str(), because));
            }
            names.push(name);
        }
        match Desired::read(written.texts.clone()) {
            Ok(desired) => all.push(desired),
            Err(problems) => written.note(&section, problems),
        }
        section.finish();
    }
    all
}

impl InFile for ProjectSpec {
    fn take(section: &Section<'_>, written: &mut Written, keys: KeyPlaces<'_>) {
        written.take(section, "", &project::FIELDS, keys);
        for kind in AppKind::ALL {
            match section.section(kind.section()) {
                None => written.say(section, kind.section(), kind.section(), ""),
                Some(app) => take_app(section.title(), app, kind, written, keys),
            }
        }
    }
}

const ENABLED: Field = Field::new("enabled", "Enabled", Takes::Flag, "Whether the app runs.").or("true");

fn take_app(project: &str, section: Section<'_>, kind: AppKind, written: &mut Written, keys: KeyPlaces<'_>) {
    let section = section.titled(format!("{project}, {}", kind.section().replace('_', " ")));
    let below = Group::App(kind).prefix();
    let enabled = section.has(ENABLED.key).then(|| section.flag(ENABLED.key)).flatten().unwrap_or(true);
    written.say(&section, kind.section(), ENABLED.key, if enabled { "enabled" } else { "disabled" });
    written.take(&section, &below, kind.settings(), keys);
    if kind == AppKind::Heartbeat {
        // Routes that the file does not list are removed.
        written.say(&section, format!("{below}{}", route::ALL), route::ALL, "");
        let mut names = Vec::new();
        for (index, route) in section.sections(route::ALL, "project.heartbeat.route").into_iter().enumerate() {
            let route = route.numbered(&format!("{project}, "), "route", index);
            take_route(&route, &mut names, written, keys);
            route.finish();
        }
    }
    section.finish();
}

fn take_route(section: &Section<'_>, names: &mut Vec<String>, written: &mut Written, keys: KeyPlaces<'_>) {
    let name = section.text("name").map(str::to_owned);
    if !section.has("name") {
        section.wrong("name", Invalid::missing("give it a name, such as `proxy`"));
    }
    // A route without a name is still validated.
    let is_named = name.is_some();
    let name = name.unwrap_or_else(|| format!("unnamed-{}", names.len()));
    if is_named && names.contains(&name) {
        section.wrong("name", Invalid::unusable(&name, "is used twice; each route of a project needs its own name"));
        return section.pass_over(&route::FIELDS.map(|field| field.key));
    }
    names.push(name.clone());
    let below = Group::Route(name).prefix();
    written.take(section, &below, &route::FIELDS, keys);
    written.stands(section, format!("{below}name"), "name");
}

impl InFile for ChannelSpec {
    fn take(section: &Section<'_>, written: &mut Written, keys: KeyPlaces<'_>) {
        written.take(section, "", &channel::FIELDS, keys);
        match written.texts.filled("kind").and_then(ChannelKind::named) {
            Some(kind) => written.take(section, "", kind.fields(), keys),
            // Without a kind the valid fields are unknown, so no field is reported.
            None => section.pass_over_keys(ChannelKind::ALL.into_iter().flat_map(ChannelKind::fields).map(|field| field.key)),
        }
    }
}

impl InFile for Window {
    fn take(section: &Section<'_>, written: &mut Written, keys: KeyPlaces<'_>) {
        written.take(section, "", window::FIELDS.iter().filter(|field| field.key != "now"), keys);
    }
}

impl InFile for StatusPage {
    fn take(section: &Section<'_>, written: &mut Written, keys: KeyPlaces<'_>) {
        written.take(section, "", &status_page::FIELDS, keys);
    }
}
