//! Whether a token is known, where else it is, and whether its project is over the quota. Capture takes any token, so other endpoints are asked.

use super::Verify;
use super::silence::PATIENCE;
use crate::model::{Beat, Endpoint, Host, Project, Recorded, Region, RejectionReason, Reply, Route, Timestamp, TokenStatus};
use crate::posthog::capture;
use crate::posthog::instance::{TokenState, knows_token, reaches_capture, replaces_tokens};

impl Verify {
    /// Asks what becomes of events on the silent route; `probe` is one of its beats, which may be sent once more.
    pub(super) async fn ask_token_status(&self, project: &Project, route: &Route, probe: Option<&Recorded>) -> TokenStatus {
        match self.ask_token(project, route).await {
            TokenStatus::Unknown => match home(project, route).map(Region::other) {
                Some(other) => said_elsewhere(other, self.knows(project, other.host().capture()).await.0),
                None => TokenStatus::Unknown,
            },
            TokenStatus::Known => match probe {
                Some(beat) if self.is_over_quota(project, route, beat).await => TokenStatus::OverQuota,
                _ => TokenStatus::Known,
            },
            other => other,
        }
    }

    /// Asks where the silent route leads to, and PostHog's own address where that is another one: a token that is known there and not behind the
    /// proxy was changed on the way. Where a proxy lets nothing but capture through, PostHog's own word counts.
    async fn ask_token(&self, project: &Project, route: &Route) -> TokenStatus {
        let (front, home) = (project.spec.host_of(route).capture(), project.spec.api());
        let (through, is_contradicted) = self.knows(project, front).await;
        if front == home {
            return through.map_or(TokenStatus::Untold, |known| if known { TokenStatus::Known } else { TokenStatus::Unknown });
        }
        let (itself, _) = self.knows(project, home).await;
        match (through, itself) {
            (Some(false), Some(true)) => TokenStatus::Altered,
            (Some(true), Some(true)) if is_contradicted => TokenStatus::Altered,
            // Also a token that nobody has is known behind a proxy that puts its own in place; and to whatever takes everything in.
            (Some(true), Some(true)) if self.replaces_tokens(front).await && self.reaches_capture(project, front).await != Some(false) => {
                TokenStatus::Altered
            }
            (_, Some(true)) | (Some(true), None) => TokenStatus::Known,
            (_, Some(false)) | (Some(false), None) => TokenStatus::Unknown,
            (None, None) => TokenStatus::Untold,
        }
    }

    async fn replaces_tokens(&self, base: &str) -> bool {
        let asked = self.clock.timeout(PATIENCE, replaces_tokens(&self.client, base)).await;
        asked.ok().flatten() == Some(true)
    }

    /// Whether what is sent to this address gets to PostHog's capture; none where nobody says.
    pub(super) async fn reaches_capture(&self, project: &Project, base: &str) -> Option<bool> {
        self.clock.timeout(PATIENCE, reaches_capture(&self.client, base, &project.spec.token)).await.ok().flatten()
    }

    /// Whether the PostHog at this address knows the token; none when it does not say. One that does not get the token does not know it. And whether
    /// it was known by one way and not by another.
    async fn knows(&self, project: &Project, base: &str) -> (Option<bool>, bool) {
        match self.clock.timeout(PATIENCE, knows_token(&self.client, base, &project.spec.token)).await {
            Ok(TokenState::Known) => return (Some(true), false),
            Ok(TokenState::Contradicted) => return (Some(true), true),
            Ok(TokenState::Unknown | TokenState::Lost) => return (Some(false), false),
            Ok(TokenState::NotPostHog(excerpt)) => {
                tracing::debug!(project = %project.spec.name, base, status = excerpt.status, "something that is not PostHog is asked for the token");
            }
            Ok(TokenState::CannotTell(why)) => {
                tracing::debug!(project = %project.spec.name, base, why, "nobody says whether the token is known");
            }
            Err(elapsed) => tracing::debug!(project = %project.spec.name, base, %elapsed, "nobody says whether the token is known"),
        }
        (None, false)
    }

    /// v0 says 200 over the quota as well, and v1 refuses: a beat that v0 accepted is sent there once more. It is the same event, which
    /// PostHog keeps once.
    async fn is_over_quota(&self, project: &Project, route: &Route, beat: &Recorded) -> bool {
        if route.spec.endpoint == Endpoint::V1 {
            // It would have been said when the beat was sent.
            return false;
        }
        let again = Beat::derive(&project.spec.token, &route.spec, beat.minute);
        let last = Timestamp::from_ms(beat.minute.end().ms() - 1);
        let event = capture::Event {
            base: project.spec.host_of(route).capture(),
            endpoint: Endpoint::V1,
            token: &project.spec.token,
            name: &route.spec.event,
            beat: &again,
            timestamp: beat.counted_from().clamp(beat.minute.start(), last),
        };
        let sending = capture::send(&self.client, &event, self.clock.now());
        match self.clock.timeout(PATIENCE, sending).await.map(|capture_result| capture_result.reply) {
            Ok(Reply::Rejected { why: RejectionReason::OverQuota, .. }) => true,
            other => {
                tracing::debug!(project = %project.spec.name, reply = ?other, "nobody says that the project is over its quota");
                false
            }
        }
    }
}

/// The region of Cloud in which the project is taken to be: where its beats go to, or where it is read when they go through a proxy.
fn home(project: &Project, route: &Route) -> Option<Region> {
    let spec = &project.spec;
    [Some(spec.host_of(route)), Some(&spec.host), spec.api_host.as_ref()].into_iter().flatten().find_map(Host::region)
}

/// What it means that the other region does or does not know a token that is not known here.
const fn said_elsewhere(other: Region, knows: Option<bool>) -> TokenStatus {
    match knows {
        Some(true) => TokenStatus::Elsewhere(other),
        Some(false) | None => TokenStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DistinctId, ProjectId, ProjectName, ProjectSpec, ProjectToken, RouteId, RouteSpec, Timing};

    #[test]
    fn the_region_to_ask_instead_is_the_other_one_of_where_beats_go() {
        let (proxy, us, eu) = ("https://proxy.example.com", "us", "https://eu.i.posthog.com");
        for (route_host, host, api_host, found) in [
            (None, us, None, Some(Region::Us)),
            (None, eu, None, Some(Region::Eu)),
            (Some(eu), us, None, Some(Region::Eu)),
            (Some(proxy), us, None, Some(Region::Us)),
            (Some(proxy), proxy, Some(eu), Some(Region::Eu)),
            (None, proxy, None, None),
        ] {
            let parse = |text: &str| Host::parse(text).unwrap();
            let spec = ProjectSpec {
                name: ProjectName::parse("shop").unwrap(),
                host: parse(host),
                api_host: api_host.map(parse),
                token: ProjectToken::parse("phc_a").unwrap(),
                personal_key: None,
                posthog_id: None,
                timing: Timing::default(),
                heartbeat: None,
                ingestion_alert: None,
            };
            let distinct_id = DistinctId::Fixed("x".into());
            let route = RouteSpec { name: "r".into(), event: "e".into(), host: route_host.map(parse), endpoint: Endpoint::V0, distinct_id };
            let route = Route { id: RouteId(1), spec: route, since: Timestamp::from_ms(0) };
            let project = Project { id: ProjectId(1), spec, routes: vec![route.clone()], switches: Vec::new() };
            assert_eq!(home(&project, &route), found, "{route_host:?} {host} {api_host:?}");
        }
    }

    #[test]
    fn a_token_is_elsewhere_only_when_the_other_region_says_so() {
        assert_eq!(said_elsewhere(Region::Eu, Some(true)), TokenStatus::Elsewhere(Region::Eu));
        assert_eq!(said_elsewhere(Region::Us, Some(false)), TokenStatus::Unknown);
        assert_eq!(said_elsewhere(Region::Us, None), TokenStatus::Unknown);
    }
}
