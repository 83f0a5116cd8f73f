//! The settings of a project as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{App, duration};
use crate::model::{AppKind, Host, ProjectSpec};

/// The settings of a project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub struct ProjectJson {
    /// Name of the project.
    pub name: String,
    /// Where events are sent: `us`, `eu`, or an address.
    pub host: String,
    /// Where events are read back; null for the API of the host.
    pub api_host: Option<String>,
    /// The project token, which is public.
    pub token: String,
    /// Whether a personal API key is set. The key itself is never returned.
    pub has_personal_api_key: bool,
    /// PostHog's id of the project; null if it is found from the token.
    pub project_id: Option<u64>,
    /// A beat that is read back after this time is late, for example `2m`.
    pub late_after: String,
    /// A beat that is not read back within this time is lost, for example `15m`.
    pub lost_after: String,
    /// How often PostHog is queried for beats, for example `1m`.
    pub readback_interval: String,
    /// `enabled`, `disabled`, or null if it is not installed.
    pub heartbeat: Option<&'static str>,
    /// `enabled`, `disabled`, or null if it is not installed.
    pub ingestion_alert: Option<&'static str>,
}

impl ProjectJson {
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
