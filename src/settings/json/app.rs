//! Apps as JSON.

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
    /// Name on the command line and in URLs.
    pub name: &'static str,
    /// Display name.
    pub title: &'static str,
    /// What the app does, in one line.
    pub description: &'static str,
    /// Settings in display order.
    pub settings: Vec<FieldJson>,
}

impl AppKindJson {
    #[must_use]
    pub fn of(kind: AppKind) -> Self {
        let settings = kind.settings().iter().map(FieldJson::of).collect();
        Self { name: kind.name(), title: kind.title(), description: kind.description(), settings }
    }
}

/// A route of an app.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AppRoute)]
pub struct RouteJson {
    /// Unique within the project.
    pub name: String,
    /// Name of the event in PostHog.
    pub event: String,
    /// Where the event is sent; null for the host of the project.
    pub host: Option<String>,
    /// Capture endpoint: `v0` or `v1`.
    pub endpoint: &'static str,
    /// Distinct id of the event.
    pub distinct_id: String,
}

impl RouteJson {
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
    /// Name of the app.
    pub app: &'static str,
    /// Name of the project.
    pub project: String,
    /// Whether the app runs.
    pub enabled: bool,
    /// Settings that are not secret; null for the default.
    pub settings: BTreeMap<&'static str, Option<String>>,
    /// Secrets, redacted (`https://host/***`); null if not set.
    pub secrets: BTreeMap<&'static str, Option<String>>,
    /// Routes on which the app sends beats.
    pub routes: Vec<RouteJson>,
    /// Events a day while the app is enabled.
    pub events_a_day: usize,
}

impl InstalledAppJson {
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
