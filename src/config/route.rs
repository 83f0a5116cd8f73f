//! Custom routes as settings of Heartbeat: `route.proxy.event`, `route.proxy.host` and so on. An empty `route.proxy` removes the route.

use super::problem::Problem;
use super::reader::Reader;
use super::rules;
use super::texts::Texts;
use super::value::{Group, ROUTE, Value};
use crate::model::{DistinctId, Endpoint, Field, HeartbeatApp, Invalid, RouteSpec, Takes};

/// Without the name, in the order in which users are asked for them.
pub const FIELDS: [Field; 4] = [
    Field::new("event", "Event", Takes::Text, "Name of the event in PostHog, for example `heartbeat_proxy`.").required(),
    Field::new("host", "Host", Takes::Host, "Where the event is sent, for example your reverse proxy.").or("the project's host"),
    Field::new(
        "endpoint",
        "Endpoint",
        Takes::OneOf(&["v0", "v1"]),
        "Every PostHog supports `v0`. Cloud and newer self-hosted versions also support `v1`, which reports a result for each event.",
    )
    .or("v0"),
    Field::new("distinct_id", "Distinct id", Takes::Text, "Distinct id of the event. One that ends in `{minute}` is new each minute.")
        .or(HeartbeatApp::DISTINCT_ID),
];

/// An empty text under this key removes all routes.
pub(super) const ALL: &str = "route";

pub(super) fn is_of_routes(key: &str) -> bool {
    key == ALL || key.starts_with(ROUTE)
}

/// The route and the field of a key; no field for the route itself.
fn parts(key: &str) -> Option<(&str, Option<&'static Field>)> {
    let rest = key.strip_prefix(ROUTE)?;
    let of_field = rest.rsplit_once('.').and_then(|(name, field)| Some((name, FIELDS.iter().find(|candidate| candidate.key == field)?)));
    Some(of_field.map_or((rest, None), |(name, field)| (name, Some(field))))
}

pub(super) fn set_all(routes: &mut Vec<RouteSpec>, texts: &Texts) -> Vec<Problem> {
    if texts.one(ALL).is_some_and(|text| text.trim().is_empty()) {
        routes.clear();
    }
    let mut names: Vec<&str> = Vec::new();
    let mut problems = Vec::new();
    for (key, text) in texts.iter() {
        match parts(key) {
            Some((name, Some(_))) if !names.contains(&name) => names.push(name),
            Some((name, None)) if text.trim().is_empty() => routes.retain(|route| route.name != name),
            Some((name, None)) => {
                let because = format!(
                    "has no value; set {ROUTE}{name}.event, .host, .endpoint or .distinct_id, or leave it empty to remove the route"
                );
                problems.push(Problem::of(key, Invalid::unquoted(because)));
            }
            _ => {}
        }
    }
    for name in names {
        let below = format!("{ROUTE}{name}.");
        let stored = routes.iter().position(|route| route.name == name);
        match over(name, &texts.below(&below), stored.map(|at| &routes[at])) {
            Ok(route) => match stored {
                Some(at) => routes[at] = route,
                None => routes.push(route),
            },
            Err(wrong) => problems.extend(wrong.into_iter().map(|problem| problem.below(&below))),
        }
    }
    problems
}

fn over(name: &str, texts: &Texts, stored: Option<&RouteSpec>) -> Result<RouteSpec, Vec<Problem>> {
    let mut reader = Reader::of(texts);
    let name = if stored.is_some() { Some(name.to_owned()) } else { reader.noted("name", rules::route_name(name)) };
    let event = "give the event a name, such as `heartbeat_proxy`";
    let event = reader.required("event", event, stored.map(|stored| &stored.event), rules::event_name);
    let host = reader.optional("host", stored.and_then(|stored| stored.host.as_ref()), rules::host);
    let endpoint = reader.or("endpoint", stored.map(|stored| &stored.endpoint), Endpoint::default(), Endpoint::parse);
    let usual = DistinctId::Fixed(HeartbeatApp::DISTINCT_ID.to_owned());
    let distinct_id = reader.or("distinct_id", stored.map(|stored| &stored.distinct_id), usual, DistinctId::parse);
    match (name, event, reader.is_right()) {
        (Some(name), Some(event), true) => Ok(RouteSpec { name, event, host, endpoint, distinct_id }),
        _ => Err(reader.into_problems()),
    }
}

#[must_use]
pub fn shown(route: &RouteSpec, key: &str) -> String {
    match key {
        "event" => route.event.clone(),
        "host" => route.host.as_ref().map(|host| host.written().to_owned()).unwrap_or_default(),
        "endpoint" => route.endpoint.to_string(),
        _ => route.distinct_id.to_string(),
    }
}

pub(super) fn values(route: &RouteSpec) -> impl Iterator<Item = Value> {
    FIELDS.into_iter().map(|field| {
        let held = Some(shown(route, field.key)).filter(|held| !held.is_empty());
        Value::of(Group::Route(route.name.clone()), field, held)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(routes: &mut Vec<RouteSpec>, given: &[(&str, &str)]) -> Vec<String> {
        set_all(routes, &given.iter().copied().collect()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn routes_come_change_and_go() {
        let mut routes = Vec::new();
        let given = [("route.proxy.event", "heartbeat_proxy"), ("route.proxy.host", "eu"), ("route.a.b.event", "ab")];
        assert_eq!(set(&mut routes, &given), [""; 0]);
        assert_eq!(routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>(), ["proxy", "a.b"]);
        assert_eq!(set(&mut routes, &[("route.proxy.endpoint", "v1"), ("route.proxy.host", "")]), [""; 0]);
        assert_eq!((routes[0].event.as_str(), routes[0].host.as_ref(), routes[0].endpoint), ("heartbeat_proxy", None, Endpoint::V1));
        assert_eq!(set(&mut routes, &[("route.a.b", "")]), [""; 0]);
        assert_eq!(routes.len(), 1);
        assert_eq!(set(&mut routes, &[("route", ""), ("route.c.event", "c")]), [""; 0]);
        assert_eq!(routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn what_is_wrong_with_a_route_is_told_with_its_name() {
        let wrong =
            set(&mut Vec::new(), &[("route.a b.event", "x"), ("route.c.host", "usa"), ("route.d", "x"), ("route.heartbeat.event", "$x")]);
        let says = [
            "route.d has no value",
            "route.a b.name `a b` may only contain letters",
            "route.c.event is missing",
            "route.c.host `usa` has no protocol",
            "route.heartbeat.name `heartbeat` is the name of one of Heartbeat's own routes",
            "route.heartbeat.event `$x` is reserved by PostHog",
        ];
        assert_eq!(wrong.len(), says.len(), "{wrong:?}");
        assert!(wrong.iter().zip(says).all(|(wrong, says)| wrong.starts_with(says)), "{wrong:?}");
    }
}
