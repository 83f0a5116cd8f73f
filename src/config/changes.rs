//! What must change to get from the projects that are to those that should be. Pure.

use std::fmt;

use crate::model::{HeartbeatApp, Pace, PersonalKey, ProjectName, ProjectSpec, RouteSpec};

use super::duration;

/// How a secret is shown.
const SECRET: &str = "phx_***";

/// One difference between the projects that are and those that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A project that is not there yet.
    Added {
        /// Its name.
        project: ProjectName,
    },
    /// A field that is not as it should be.
    Changed {
        /// The project's name.
        project: ProjectName,
        /// The field, as a path: `heartbeat.route.proxy.host`.
        field: String,
        /// What it is; none when it has no value.
        old: Option<String>,
        /// What it should be. A secret is `phx_***` on both sides.
        new: Option<String>,
    },
    /// A project that should not be there.
    Removed {
        /// Its name.
        project: ProjectName,
    },
}

impl Change {
    /// The project that it is about.
    #[must_use]
    pub const fn project(&self) -> &ProjectName {
        match self {
            Self::Added { project } | Self::Changed { project, .. } | Self::Removed { project } => project,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { project } => write!(f, "+ project {project}"),
            Self::Removed { project } => write!(f, "- project {project}"),
            Self::Changed { project, field, old: Some(old), new: Some(new) } if old == new => {
                write!(f, "~ project {project}: {field} changed")
            }
            Self::Changed { project, field, old, new } => {
                let [old, new] = [old, new].map(|value| value.as_deref().unwrap_or("none"));
                write!(f, "~ project {project}: {field} {old} -> {new}")
            }
        }
    }
}

/// The differences, by project in the order of `wanted`; what should go comes last.
#[must_use]
pub fn changes(now: &[ProjectSpec], wanted: &[ProjectSpec]) -> Vec<Change> {
    let mut changes = Vec::new();
    for spec in wanted {
        match now.iter().find(|known| known.name == spec.name) {
            Some(known) => changes.extend(changed(known, spec)),
            None => changes.push(Change::Added { project: spec.name.clone() }),
        }
    }
    let gone = now.iter().filter(|known| wanted.iter().all(|spec| spec.name != known.name));
    changes.extend(gone.map(|known| Change::Removed { project: known.name.clone() }));
    changes
}

/// A field's path, what it holds, and whether that is the secret itself (compared, never shown).
struct Field<'s> {
    path: String,
    value: Option<String>,
    secret: Option<&'s str>,
}

fn changed<'a>(now: &'a ProjectSpec, wanted: &'a ProjectSpec) -> impl Iterator<Item = Change> {
    let (now_fields, wanted_fields) = (fields(now), fields(wanted));
    let gone: Vec<Field<'_>> = now_fields
        .iter()
        .filter(|old| wanted_fields.iter().all(|new| new.path != old.path))
        .map(|old| Field { value: None, secret: None, path: old.path.clone() })
        .collect();
    wanted_fields.into_iter().chain(gone).filter_map(move |new| {
        let old = now_fields.iter().find(|old| old.path == new.path);
        let is_same = old.is_some_and(|old| old.value == new.value && old.secret == new.secret) || (old.is_none() && new.value.is_none());
        let old = old.and_then(|old| old.value.clone());
        (!is_same).then(|| Change::Changed { project: wanted.name.clone(), field: new.path, old, new: new.value })
    })
}

fn fields(spec: &ProjectSpec) -> Vec<Field<'_>> {
    let Pace { late_after, lost_after, look_every } = spec.pace;
    let key = spec.personal_key.as_ref();
    let mut fields = vec![
        plain("host", Some(spec.host.to_string())),
        plain("api_host", spec.api_host.as_ref().map(ToString::to_string)),
        plain("token", Some(spec.token.to_string())),
        Field { path: "personal_api_key".into(), value: key.map(|_| SECRET.into()), secret: key.map(PersonalKey::expose) },
        plain("project_id", spec.posthog_id.map(|number| number.to_string())),
        plain("late_after", Some(duration::show(late_after))),
        plain("lost_after", Some(duration::show(lost_after))),
        plain("look_every", Some(duration::show(look_every))),
        plain("heartbeat", spec.heartbeat.as_ref().map(|app| if app.enabled { "enabled" } else { "disabled" }.to_owned())),
    ];
    if let Some(HeartbeatApp { enabled: _, events, host, project_api_key, routes }) = &spec.heartbeat {
        fields.push(plain("heartbeat.events", Some(events.to_string())));
        fields.push(plain("heartbeat.host", host.as_ref().map(ToString::to_string)));
        fields.push(plain("heartbeat.project_api_key", project_api_key.as_ref().map(ToString::to_string)));
        fields.extend(routes.iter().flat_map(route));
    }
    fields
}

fn route(route: &RouteSpec) -> [Field<'_>; 4] {
    let RouteSpec { name, event, host, endpoint, distinct_id } = route;
    let values = [
        ("event", Some(event.clone())),
        ("host", host.as_ref().map(ToString::to_string)),
        ("endpoint", Some(endpoint.to_string())),
        ("distinct_id", Some(distinct_id.to_string())),
    ];
    values.map(|(key, value)| plain(format!("heartbeat.route.{name}.{key}"), value))
}

fn plain<'s>(path: impl Into<String>, value: Option<String>) -> Field<'s> {
    Field { path: path.into(), value, secret: None }
}
