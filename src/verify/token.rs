//! Checks the token and the quota of a silent route. Capture accepts any token, so other endpoints are asked.

use super::Verify;
use super::silence::PATIENCE;
use crate::model::{Beat, Endpoint, Host, Project, Recorded, Region, RejectionReason, Reply, Route, Timestamp, TokenStatus};
use crate::posthog::capture;
use crate::posthog::instance::{TokenState, knows_token, reaches_capture, replaces_tokens};

impl Verify {
    /// The token's status on the silent route; `probe` is one of its beats, which may be sent again.
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

    /// Asks at the route's host, and at PostHog's own host if different: a token that is known only at PostHog's was changed by the
    /// proxy. If a proxy only forwards capture, PostHog's own answer counts.
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
            // A proxy that replaces tokens also accepts a token of no project; so does anything that accepts everything.
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

    pub(super) async fn reaches_capture(&self, project: &Project, base: &str) -> Option<bool> {
        self.clock.timeout(PATIENCE, reaches_capture(&self.client, base, &project.spec.token)).await.ok().flatten()
    }

    /// Whether the PostHog at this base URL knows the token (none if unknown; a token that did not arrive is unknown), and whether two
    /// endpoints contradict each other.
    async fn knows(&self, project: &Project, base: &str) -> (Option<bool>, bool) {
        match self.clock.timeout(PATIENCE, knows_token(&self.client, base, &project.spec.token)).await {
            Ok(TokenState::Known) => return (Some(true), false),
            Ok(TokenState::Contradicted) => return (Some(true), true),
            Ok(TokenState::Unknown | TokenState::Lost) => return (Some(false), false),
            Ok(TokenState::NotPostHog(excerpt)) => {
                tracing::debug!(project = %project.spec.name, base, status = excerpt.status, "something other than PostHog answers about the token");
            }
            Ok(TokenState::CannotTell(why)) => {
                tracing::debug!(project = %project.spec.name, base, why, "cannot tell whether the token is known");
            }
            Err(elapsed) => tracing::debug!(project = %project.spec.name, base, %elapsed, "cannot tell whether the token is known"),
        }
        (None, false)
    }

    /// v0 answers 200 even over the quota, v1 rejects: an accepted beat is sent to v1 again. It is the same event, which
    /// PostHog deduplicates.
    async fn is_over_quota(&self, project: &Project, route: &Route, beat: &Recorded) -> bool {
        if route.spec.endpoint == Endpoint::V1 {
            // The beat's own result would have shown it.
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
                tracing::debug!(project = %project.spec.name, reply = ?other, "cannot tell whether the project exceeded its quota");
                false
            }
        }
    }
}

/// The project's Cloud region: of the host that gets its beats, or of the API host behind a proxy.
fn home(project: &Project, route: &Route) -> Option<Region> {
    let spec = &project.spec;
    [Some(spec.host_of(route)), Some(&spec.host), spec.api_host.as_ref()].into_iter().flatten().find_map(Host::region)
}

const fn said_elsewhere(other: Region, knows: Option<bool>) -> TokenStatus {
    match knows {
        Some(true) => TokenStatus::Elsewhere(other),
        Some(false) | None => TokenStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DistinctId, ProjectId, ProjectName, ProjectSpec, ProjectToken, RouteId, RouteSpec};

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
                api_host: api_host.map(parse),
                ..ProjectSpec::new(ProjectName::parse("shop").unwrap(), parse(host), ProjectToken::parse("phc_a").unwrap())
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
