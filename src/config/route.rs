//! Routes of the user's own, as settings of Heartbeat: `route.proxy.event`, `route.proxy.host` ...; `route.proxy` alone, with nothing, takes one away.

use super::problem::Problem;
use super::reader::Reader;
use super::rules;
use super::texts::Texts;
use super::value::{Group, Value};
use crate::model::{DistinctId, Endpoint, Field, HeartbeatApp, RouteSpec, Takes};

/// Its fields beside its name, in the order in which they are asked for.
pub const FIELDS: [Field; 4] = [
    Field::new("event", "Event", Takes::Text, "The event's name in PostHog, such as `heartbeat_proxy`.").required(),
    Field::new("host", "Host", Takes::Host, "Where it is sent, such as your own reverse proxy.").or("the project's host"),
    Field::new(
        "endpoint",
        "Endpoint",
        Takes::OneOf(&["v0", "v1"]),
        "`v0` is in every PostHog, `v1` in Cloud and newer self-hosted; it answers for each event.",
    )
    .or("v0"),
    Field::new("distinct_id", "Distinct id", Takes::Text, "Whose event it is; one that ends in `{minute}` is new each minute.")
        .or(HeartbeatApp::DISTINCT_ID),
];

/// Before the name of a route.
pub(super) const ROUTE: &str = "route.";

/// The text that takes all of them away.
pub(super) const ALL: &str = "route";

/// Whether a setting is of a route, and not of the app itself.
pub(super) fn is_of_routes(key: &str) -> bool {
    key == ALL || key.starts_with(ROUTE)
}

/// The route that a key names, and the field of it; no field where it is the route itself.
fn parts(key: &str) -> Option<(&str, Option<&'static Field>)> {
    let rest = key.strip_prefix(ROUTE)?;
    let of_field = rest.rsplit_once('.').and_then(|(name, field)| Some((name, FIELDS.iter().find(|known| known.key == field)?)));
    Some(of_field.map_or((rest, None), |(name, field)| (name, Some(field))))
}

/// Adds, changes and takes away routes, as these texts say. Gives everything that is wrong with them.
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
                let says =
                    format!("holds nothing itself; give {ROUTE}{name}.event, .host, .endpoint or .distinct_id, or nothing to remove it");
                problems.push(Problem::of(key, says));
            }
            _ => {}
        }
    }
    for name in names {
        let below = format!("{ROUTE}{name}.");
        let known = routes.iter().position(|route| route.name == name);
        match over(name, &texts.below(&below), known.map(|at| &routes[at])) {
            Ok(route) => match known {
                Some(at) => routes[at] = route,
                None => routes.push(route),
            },
            Err(wrong) => problems.extend(wrong.into_iter().map(|problem| problem.below(&below))),
        }
    }
    problems
}

fn over(name: &str, texts: &Texts, known: Option<&RouteSpec>) -> Result<RouteSpec, Vec<Problem>> {
    let mut reader = Reader::of(texts);
    let name = if known.is_some() { Some(name.to_owned()) } else { reader.noted("name", rules::route_name(name)) };
    let event = "give the event a name, such as `heartbeat_proxy`";
    let event = reader.required("event", event, known.map(|known| &known.event), rules::event_name);
    let host = reader.optional("host", known.and_then(|known| known.host.as_ref()), rules::host);
    let endpoint = reader.or("endpoint", known.map(|known| &known.endpoint), Endpoint::default(), Endpoint::parse);
    let usual = DistinctId::Fixed(HeartbeatApp::DISTINCT_ID.to_owned());
    let distinct_id = reader.or("distinct_id", known.map(|known| &known.distinct_id), usual, DistinctId::parse);
    match (name, event, reader.is_right()) {
        (Some(name), Some(event), true) => Ok(RouteSpec { name, event, host, endpoint, distinct_id }),
        _ => Err(reader.into_problems()),
    }
}

/// What a field holds, as it may be shown and given back; empty for nothing.
#[must_use]
pub fn shown(route: &RouteSpec, key: &str) -> String {
    match key {
        "event" => route.event.clone(),
        "host" => route.host.as_ref().map(|host| host.written().to_owned()).unwrap_or_default(),
        "endpoint" => route.endpoint.to_string(),
        _ => route.distinct_id.to_string(),
    }
}

/// Each of its fields with what it holds.
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
            "route.d holds nothing itself",
            "route.a b.name `a b` cannot be a name",
            "route.c.event is missing",
            "route.c.host `usa` has no protocol",
            "route.heartbeat.name `heartbeat` is the name of one of Heartbeat's own routes",
            "route.heartbeat.event `$x` is a name of PostHog's own",
        ];
        assert_eq!(wrong.len(), says.len(), "{wrong:?}");
        assert!(wrong.iter().zip(says).all(|(wrong, says)| wrong.starts_with(says)), "{wrong:?}");
    }
}
