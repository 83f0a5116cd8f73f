//! Sample values for the tests of this module.

use crate::model::{
    AppKind, Diagnosis, DistinctId, Endpoint, HeartbeatApp, Host, Incident, IncidentId, IncidentKind, Minute, Place, Project, ProjectId,
    ProjectName, ProjectSpec, ProjectToken, Route, RouteId, RouteSpec, RuleKind, Severity, Switch, Tally, Timestamp,
};

/// 2026-06-20T00:00:00Z.
pub(super) const START: Minute = Minute::from_index(29_698_560);

pub(super) fn project(name: &str) -> Project {
    let begun = START.plus(-10 * 24 * 60).start();
    let spec = ProjectSpec {
        heartbeat: Some(HeartbeatApp::default()),
        ..ProjectSpec::new(
            ProjectName::parse(name).unwrap(),
            Host::parse("eu").unwrap(),
            ProjectToken::parse(&format!("phc_{name}")).unwrap(),
        )
    };
    let switches = vec![Switch { app: AppKind::Heartbeat, at: begun, on: true }];
    Project { id: ProjectId(1), spec, routes: vec![route(1, "heartbeat", begun)], switches }
}

pub(super) fn route(id: i64, name: &str, since: Timestamp) -> Route {
    let distinct_id = DistinctId::Fixed("PostHog Heartbeat Plugin".into());
    let spec = RouteSpec { name: name.into(), event: name.into(), host: None, endpoint: Endpoint::V0, distinct_id };
    Route { id: RouteId(id), spec, since }
}

pub(super) fn incident(project: &Project, incident_kind: IncidentKind, opened: Timestamp) -> Incident {
    Incident {
        id: Some(IncidentId(7)),
        project: project.id,
        project_name: project.spec.name.clone(),
        incident_kind,
        opened,
        closed: None,
        ended_because: None,
        rules: vec![RuleKind::Lost],
        judged_under: String::new(),
        severity: Severity::Critical,
        cause: Diagnosis::at(Place::Pipeline, "Events are accepted, and cannot be queried after 15m 00s"),
        first_bad: Some(opened.minute().plus(-15)),
        last_good: Some(opened.minute().plus(-16)),
        tally: Tally::default(),
        announced: Some(opened),
        reminders: 0,
        notified: Some(opened),
        acknowledged: None,
        snoozed_until: None,
    }
}
