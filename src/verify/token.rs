//! Silent 200s. Capture takes any token, so when beats are accepted and stay away, other endpoints are asked whether the token is known.

use std::time::Duration;

use super::Verify;
use super::questions::Asked;
use crate::judge;
use crate::model::{Project, Route, RouteId, Settled, Standing, Timestamp, TokenWord};
use crate::posthog::instance::{TokenState, knows_token};
use crate::store::StoreError;

/// So long an answer stands: a token does not come and go.
const STANDS_FOR: Duration = Duration::from_mins(10);
/// For so long an answer is waited for: the next look is due.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether one of the beats that were asked for may be overdue: only then it is worth reading what came of those before it.
pub(super) fn may_be_overdue(project: &Project, asked: &[Asked], settled: &[Settled], looked: Timestamp) -> bool {
    let seen = |asked: &Asked| {
        let same = |settled: &&Settled| (settled.route, settled.minute) == (asked.recorded.route, asked.recorded.minute);
        settled.iter().find(same).is_some_and(|settled| settled.seen.is_some())
    };
    let late_after = project.spec.pace.late_after;
    asked.iter().any(|asked| asked.recorded.sent.is_some_and(|sent| sent.plus(late_after) < looked) && !seen(asked))
}

impl Verify {
    /// What is known of the token after a look at `looked`: nothing while beats arrive, `last` while it stands, and otherwise
    /// what PostHog says now.
    pub(super) async fn token_word(
        &self,
        project: &Project,
        last: Option<TokenWord>,
        looked: Timestamp,
    ) -> Result<Option<TokenWord>, StoreError> {
        let pace = &project.spec.pace;
        let ids: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        let beats = self.store.beats(&ids, looked.minus(pace.lost_after).minute().plus(-1), looked.minute().plus(1)).await?;
        let Some(route) = judge::silent_route(&project.routes, &beats, pace) else { return Ok(None) };
        let stands = |word: &TokenWord| word.asked <= looked && looked.since(word.asked) < STANDS_FOR;
        if last.as_ref().is_some_and(stands) {
            return Ok(last);
        }
        Ok(Some(TokenWord { standing: self.ask_standing(project, route).await, asked: looked }))
    }

    /// Asks where the silent route leads to; where a proxy lets nothing but capture through, PostHog's own address.
    async fn ask_standing(&self, project: &Project, route: &Route) -> Standing {
        let (front, home) = (route.spec.host.as_ref().unwrap_or(&project.spec.host).capture(), project.spec.api());
        for base in [Some(front), Some(home).filter(|home| *home != front)].into_iter().flatten() {
            let asking = knows_token(&self.client, base, &project.spec.token);
            match self.clock.timeout(PATIENCE, asking).await {
                Ok(TokenState::Known) => return Standing::Known,
                Ok(TokenState::Unknown) => return Standing::Unknown,
                Ok(TokenState::CannotTell(why)) => {
                    tracing::debug!(project = %project.spec.name, base, why, "nobody says whether the token is known");
                }
                Err(elapsed) => tracing::debug!(project = %project.spec.name, base, %elapsed, "nobody says whether the token is known"),
            }
        }
        Standing::Untold
    }
}
