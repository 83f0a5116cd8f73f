//! The rules of a project as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Limit, Project, Rule, RuleKind, duration};

/// The rules of Ingestion Alert on a project; the defaults if it is not installed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesJson {
    /// The name of the project.
    pub project: String,
    /// Whether Ingestion Alert is installed.
    pub installed: bool,
    /// Whether Ingestion Alert is enabled.
    pub enabled: bool,
    /// How long no watched event may arrive before it is a failure.
    pub time_range: String,
    /// `any`, `heartbeats`, or the names of events.
    pub watch: String,
    /// All rules.
    pub rules: Vec<RuleJson>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleJson {
    /// The name of the rule.
    pub rule: &'static str,
    /// The kind of the incidents that the rule opens: `ingestion`, `monitoring` or `traffic`.
    pub incident_kind: &'static str,
    /// Whether the rule is enabled.
    pub on: bool,
    /// The limit of the rule; null if it has none.
    pub limit: Option<String>,
    /// Bad results out of the last N, for example `3 of 5`.
    pub open_after: String,
    /// The number of consecutive good results.
    pub close_after: String,
    /// The severity of the rule.
    pub severity: &'static str,
    /// Delays of the reminders after the incident opens; the last one repeats.
    pub reminders: Vec<String>,
}

impl RulesJson {
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let app = project.spec.ingestion_alert.clone().unwrap_or_default();
        Self {
            project: project.spec.name.to_string(),
            installed: project.spec.ingestion_alert.is_some(),
            enabled: project.spec.alert().is_some(),
            time_range: duration::show(app.time_range),
            watch: app.watch.to_string(),
            rules: RuleKind::ALL.map(|kind| RuleJson::of(kind, app.rule(kind))).into(),
        }
    }
}

impl RuleJson {
    #[must_use]
    pub fn of(kind: RuleKind, rule: &Rule) -> Self {
        Self {
            rule: kind.name(),
            incident_kind: kind.incident_kind().name(),
            on: rule.on,
            limit: rule.limit.as_ref().map(Limit::to_string),
            open_after: rule.damping.open_after(),
            close_after: rule.damping.good.to_string(),
            severity: rule.severity.name(),
            reminders: rule.reminders.iter().copied().map(duration::show).collect(),
        }
    }
}
