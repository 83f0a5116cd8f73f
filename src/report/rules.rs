//! The rules of a project, for programs.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Project, Rule, RuleKind, duration};

/// The rules of Ingestion Alert on a project: as they usually are, where it is not installed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesJson {
    /// The project.
    pub project: String,
    /// Whether Ingestion Alert is installed.
    pub installed: bool,
    /// Whether it watches.
    pub enabled: bool,
    /// For how long no watched event is trouble.
    pub time_range: String,
    /// `any`, `heartbeats`, or names of events.
    pub watch: String,
    /// Each rule.
    pub rules: Vec<RuleJson>,
}

/// One rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RuleJson {
    /// Its name.
    pub rule: &'static str,
    /// Which incident kind its trouble belongs to.
    pub incident_kind: &'static str,
    /// Whether it holds at all.
    pub on: bool,
    /// Its limit; null where it has none of its own.
    pub limit: Option<String>,
    /// So many bad ones of so many last ones: `3 of 5`.
    pub open_after: String,
    /// So many good ones in a row.
    pub close_after: String,
    /// How grave it is.
    pub severity: &'static str,
    /// How long after opening, and after each other, reminders follow.
    pub reminders: Vec<String>,
}

impl RulesJson {
    /// Those of this project.
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
    /// This rule, as it is set.
    #[must_use]
    pub fn of(kind: RuleKind, rule: &Rule) -> Self {
        Self {
            rule: kind.name(),
            incident_kind: kind.incident_kind().name(),
            on: rule.on,
            limit: rule.limit.map(duration::show),
            open_after: format!("{} of {}", rule.damping.bad, rule.damping.of),
            close_after: rule.damping.good.to_string(),
            severity: rule.severity.name(),
            reminders: rule.reminders.iter().copied().map(duration::show).collect(),
        }
    }
}
