//! A beat's identity is derived from token, route and minute. Two projects that send the same event with the same token would send
//! identical beats: PostHog would keep one of the two, and one read-back would confirm both.

use std::collections::HashMap;

use crate::model::{HeartbeatApp, ProjectName, ProjectSpec};

/// Two projects that send the same event with the same token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the projects `{one}` and `{other}` send the same event `{event}` with the same token, so PostHog cannot tell their beats apart; to monitor a \
     second path into that PostHog project, give `{other}` a route of its own: [[project.heartbeat.route]] with name, host and event"
)]
pub struct SharedBeats {
    pub one: ProjectName,
    other: ProjectName,
    event: String,
}

/// Fails if `one` sends an event that one of `others` also sends with the same token.
pub fn own_beats<'a>(one: &ProjectSpec, others: impl IntoIterator<Item = &'a ProjectSpec>) -> Result<(), SharedBeats> {
    let events = events(one);
    let shared = |other: &'a ProjectSpec| {
        let same = other.name != one.name && other.token == one.token;
        same.then(|| self::events(other).into_iter().find(|event| events.contains(event))).flatten().map(|event| (other, event))
    };
    match others.into_iter().find_map(shared) {
        Some((other, event)) => Err(SharedBeats { one: one.name.clone(), other: other.name.clone(), event }),
        None => Ok(()),
    }
}

/// The first project, as `one`, that shares a token and an event with an earlier one.
#[must_use]
pub fn sharing<'a>(specs: impl IntoIterator<Item = &'a ProjectSpec>) -> Option<SharedBeats> {
    let mut owners: HashMap<(&str, String), &ProjectName> = HashMap::new();
    for spec in specs {
        for event in events(spec) {
            let shared = event.clone();
            match owners.insert((spec.token.as_str(), event), &spec.name) {
                Some(other) if *other != spec.name => {
                    return Some(SharedBeats { one: spec.name.clone(), other: other.clone(), event: shared });
                }
                _ => {}
            }
        }
    }
    None
}

fn events(spec: &ProjectSpec) -> Vec<String> {
    spec.heartbeat.iter().flat_map(HeartbeatApp::all_routes).map(|route| route.event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HeartbeatApp, Host, ProjectToken};

    fn project(name: &str, token: &str, beats: bool) -> ProjectSpec {
        ProjectSpec {
            heartbeat: beats.then(HeartbeatApp::default),
            ..ProjectSpec::new(ProjectName::parse(name).unwrap(), Host::parse("us").unwrap(), ProjectToken::parse(token).unwrap())
        }
    }

    #[test]
    fn two_projects_share_no_token_and_event() {
        let (shop, blog) = (project("shop", "phc_a", true), project("blog", "phc_a", true));
        let (silent, other) = (project("silent", "phc_a", false), project("other", "phc_b", true));
        let says = own_beats(&blog, [&shop, &other]).unwrap_err().to_string();
        assert!(
            says.starts_with("the projects `blog` and `shop` send the same event `heartbeat`") && says.contains("give `shop` a route"),
            "{says}"
        );
        assert_eq!(own_beats(&silent, [&shop]), Ok(()));
        assert_eq!(own_beats(&shop, [&shop, &silent, &other]), Ok(()), "itself is no other");
        assert_eq!(sharing([&shop, &other, &blog]).map(|shared| shared.one.to_string()).as_deref(), Some("blog"));
        assert_eq!(sharing([&shop, &silent, &other]), None);
    }
}
