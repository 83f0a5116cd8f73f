//! A project as it is set up, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{App, duration};
use crate::model::{AppKind, Host, ProjectSpec};

/// A project, as it is set up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub struct ProjectJson {
    /// What it is called.
    pub name: String,
    /// Where its events are sent: `us`, `eu`, or an address.
    pub host: String,
    /// Where it is read, when that is not the host's own API.
    pub api_host: Option<String>,
    /// The project token: public.
    pub token: String,
    /// Whether there is one. The key itself goes in, and never comes out.
    pub has_personal_api_key: bool,
    /// PostHog's number of the project, when it was given.
    pub project_id: Option<u64>,
    /// A beat that is seen later than this is late. Such as `2m`.
    pub late_after: String,
    /// A beat that was not seen by then is lost.
    pub lost_after: String,
    /// How often PostHog is asked for what was not seen so far.
    pub readback_interval: String,
    /// `enabled`, `disabled`, or null where it is not installed.
    pub heartbeat: Option<&'static str>,
    /// `enabled`, `disabled`, or null where it is not installed.
    pub ingestion_alert: Option<&'static str>,
}

impl ProjectJson {
    /// What is told of a project's settings.
    #[must_use]
    pub fn of(spec: &ProjectSpec) -> Self {
        let state = |kind| App::on(spec, kind).map(|app| if app.is_enabled() { "enabled" } else { "disabled" });
        Self {
            name: spec.name.to_string(),
            host: spec.host.to_string(),
            api_host: spec.api_host.as_ref().map(Host::to_string),
            token: spec.token.to_string(),
            has_personal_api_key: spec.personal_key.is_some(),
            project_id: spec.posthog_id,
            late_after: duration::show(spec.timing.late_after),
            lost_after: duration::show(spec.timing.lost_after),
            readback_interval: duration::show(spec.timing.readback_interval),
            heartbeat: state(AppKind::Heartbeat),
            ingestion_alert: state(AppKind::IngestionAlert),
        }
    }
}
