//! A beat's identity is derived from token, route and minute. Two projects that send the same event with the same token would send
//! identical beats: PostHog would keep one of the two, and one read-back would confirm both.

use std::collections::HashMap;

use crate::model::{HeartbeatApp, ProjectName, ProjectSpec};

/// Fails if `one` sends an event that one of `others` also sends with the same token. The error is a full sentence.
pub fn own_beats<'a>(one: &ProjectSpec, others: impl IntoIterator<Item = &'a ProjectSpec>) -> Result<(), String> {
    let events = events(one);
    let shared = |other: &'a ProjectSpec| {
        let same = other.name != one.name && other.token == one.token;
        same.then(|| self::events(other).into_iter().find(|event| events.contains(event))).flatten().map(|event| (other, event))
    };
    match others.into_iter().find_map(shared) {
        Some((other, event)) => Err(says(&one.name, &other.name, &event)),
        None => Ok(()),
    }
}

/// The name of the second project that shares a token and an event with another one, and a full sentence.
#[must_use]
pub fn sharing<'a>(specs: impl IntoIterator<Item = &'a ProjectSpec>) -> Option<(&'a ProjectName, String)> {
    let mut owners: HashMap<(&str, String), &ProjectName> = HashMap::new();
    for spec in specs {
        for event in events(spec) {
            let shared = event.clone();
            match owners.insert((spec.token.as_str(), event), &spec.name) {
                Some(other) if *other != spec.name => return Some((&spec.name, says(&spec.name, other, &shared))),
                _ => {}
            }
        }
    }
    None
}

fn events(spec: &ProjectSpec) -> Vec<String> {
    spec.heartbeat.iter().flat_map(HeartbeatApp::all_routes).map(|route| route.event).collect()
}

fn says(one: &ProjectName, other: &ProjectName, event: &str) -> String {
    format!(
        "the projects `{one}` and `{other}` send the same event `{event}` with the same token, so PostHog cannot tell their beats apart; to monitor \
         a second path into that PostHog project, give `{other}` a route of its own: [[project.heartbeat.route]] with name, host and event"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HeartbeatApp, Host, ProjectToken, Timing};

    fn project(name: &str, token: &str, beats: bool) -> ProjectSpec {
        ProjectSpec {
            name: ProjectName::parse(name).unwrap(),
            host: Host::parse("us").unwrap(),
            api_host: None,
            token: ProjectToken::parse(token).unwrap(),
            personal_key: None,
            posthog_id: None,
            timing: Timing::default(),
            heartbeat: beats.then(HeartbeatApp::default),
            ingestion_alert: None,
        }
    }

    #[test]
    fn two_projects_share_no_token_and_event() {
        let (shop, blog) = (project("shop", "phc_a", true), project("blog", "phc_a", true));
        let (silent, other) = (project("silent", "phc_a", false), project("other", "phc_b", true));
        let says = own_beats(&blog, [&shop, &other]).unwrap_err();
        assert!(
            says.starts_with("the projects `blog` and `shop` send the same event `heartbeat`") && says.contains("give `shop` a route"),
            "{says}"
        );
        assert_eq!(own_beats(&silent, [&shop]), Ok(()));
        assert_eq!(own_beats(&shop, [&shop, &silent, &other]), Ok(()), "itself is no other");
        assert_eq!(sharing([&shop, &other, &blog]).map(|(name, _)| name.as_str()), Some("blog"));
        assert_eq!(sharing([&shop, &silent, &other]), None);
    }
}
