//! `[project.heartbeat]` and its `[[project.heartbeat.route]]`: the app, as a settings file asks for it.

use crate::model::{DistinctId, Endpoint, Events, HeartbeatApp, ProjectToken, RouteSpec};

use super::rules;
use super::section::Section;

/// Reads the app on a project. Nothing, when a problem was noted that leaves no app.
pub(super) fn read(section: Section<'_>, token: Option<&ProjectToken>) -> Option<HeartbeatApp> {
    let project = section.title().to_owned();
    let section = section.titled(format!("{project}, heartbeat"));
    let usual = HeartbeatApp::default();
    let app = HeartbeatApp {
        enabled: section.flag("enabled").unwrap_or(usual.enabled),
        events: section.read("events", Events::parse).unwrap_or(usual.events),
        host: section.read("host", rules::host),
        project_api_key: section.read("project_api_key", |text| rules::app_token(text, token)),
        routes: read_routes(&section, &project)?,
    };
    section.finish();
    Some(app)
}

/// All routes, or nothing when one of them is not whole.
fn read_routes(app: &Section<'_>, project: &str) -> Option<Vec<RouteSpec>> {
    let mut names = Vec::new();
    let mut routes = Vec::new();
    for (index, section) in app.sections("route", "project.heartbeat.route").into_iter().enumerate() {
        let section = section.numbered(&format!("{project}, "), "route", index);
        let name = section.required("name", "proxy", |text| rules::route_name(text, &names));
        names.extend(name.clone());
        routes.push(read_route(section, name));
    }
    routes.into_iter().collect()
}

fn read_route(section: Section<'_>, name: Option<String>) -> Option<RouteSpec> {
    let event = section.required("event", "heartbeat_proxy", rules::event_name);
    let host = section.read("host", rules::host);
    let endpoint = section.read("endpoint", Endpoint::parse).unwrap_or_default();
    let usual = DistinctId::Fixed(HeartbeatApp::DISTINCT_ID.to_owned());
    let distinct_id = if section.has("distinct_id") { section.read("distinct_id", DistinctId::parse) } else { Some(usual) };
    section.finish();
    Some(RouteSpec { name: name?, event: event?, host, endpoint, distinct_id: distinct_id? })
}
