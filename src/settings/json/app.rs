//! Apps, for programs: what can be installed, and what is.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::FieldJson;
use crate::config::App;
use crate::model::{AppKind, Field, ProjectSpec, RouteSpec};
use crate::settings::Cost;

/// An app that can be installed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AppKindJson {
    /// As it is written on the command line and in addresses.
    pub name: &'static str,
    /// As it is written for people.
    pub title: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// In the order in which they are shown.
    pub settings: Vec<FieldJson>,
}

impl AppKindJson {
    /// What there is to know of an app.
    #[must_use]
    pub fn of(kind: AppKind) -> Self {
        let settings = kind.settings().iter().map(FieldJson::of).collect();
        Self { name: kind.name(), title: kind.title(), description: kind.description(), settings }
    }
}

/// A route that an app beats on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AppRoute)]
pub struct RouteJson {
    /// Unlike that of any other route of the project.
    pub name: String,
    /// The event's name in PostHog.
    pub event: String,
    /// Where it is sent, when that is not the project's host.
    pub host: Option<String>,
    /// Which endpoint of capture takes it.
    pub endpoint: &'static str,
    /// Whose event it is.
    pub distinct_id: String,
}

impl RouteJson {
    /// What is told of a route.
    #[must_use]
    pub fn of(route: &RouteSpec) -> Self {
        Self {
            name: route.name.clone(),
            event: route.event.clone(),
            host: route.host.as_ref().map(|host| host.written().to_owned()),
            endpoint: route.endpoint.name(),
            distinct_id: route.distinct_id.to_string(),
        }
    }
}

/// An app that is installed on a project.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InstalledAppJson {
    /// Which app.
    pub app: &'static str,
    /// On which project.
    pub project: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Each setting that is no secret; null where it has its default.
    pub settings: BTreeMap<&'static str, Option<String>>,
    /// Each secret, as it may be shown (`https://host/***`); null where it is not set.
    pub secrets: BTreeMap<&'static str, Option<String>>,
    /// Those that it beats on.
    pub routes: Vec<RouteJson>,
    /// What it costs while it is enabled.
    pub events_a_day: usize,
}

impl InstalledAppJson {
    /// What is told of an app on a project.
    #[must_use]
    pub fn of(project: &ProjectSpec, app: &App) -> Self {
        let kind = app.kind();
        let of = |secret: bool| {
            let settings = kind.settings().iter().filter(move |setting: &&Field| setting.secret == secret);
            settings.map(|setting| (setting.key, app.shown(setting))).collect()
        };
        let routes = if let App::Heartbeat(app) = app { app.all_routes() } else { Vec::new() };
        Self {
            app: kind.name(),
            project: project.name.to_string(),
            enabled: app.is_enabled(),
            settings: of(false),
            secrets: of(true),
            events_a_day: Cost { routes: routes.len() }.a_day(),
            routes: routes.iter().map(RouteJson::of).collect(),
        }
    }
}
