//! Silence: capture says 200 to events that it drops or that get stuck behind it. When beats are accepted and stay away, PostHog is asked
//! for what it does not say by itself: whether it knows the token, whether the quota is used up, and which of its parts are down.

use std::time::Duration;

use super::Verify;
use super::questions::Asked;
use crate::judge;
use crate::model::{Host, Outcome, Parts, Project, RouteId, Settled, Timestamp, TokenWord};
use crate::posthog::instance::{self, Instance};
use crate::store::StoreError;

/// So long an answer about the token stands: a token does not come and go.
const STANDS_FOR: Duration = Duration::from_mins(10);
/// For so long an answer is waited for: the next look is due.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

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
    /// What is known of silence after a look at `looked`: nothing while beats arrive, what was `last` said of the token while that stands,
    /// and otherwise what PostHog says now.
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
        let down = self.parts_down(project).await;
        let stands = |word: &TokenWord| word.asked <= looked && looked.since(word.asked) < STANDS_FOR;
        if let Some(last) = last.filter(stands) {
            return Ok(Some(TokenWord { down, ..last }));
        }
        // Where it is plain why beats stay away, none is sent a second time to find out.
        let probe = beats.iter().rfind(|beat| beat.route == route.id && beat.outcome == Outcome::Awaiting && !down.carry_events());
        let standing = self.ask_standing(project, route, probe).await;
        Ok(Some(TokenWord { standing, asked: looked, down }))
    }

    /// Which parts are down, by the word of a self-hosted PostHog; Cloud does not tell.
    async fn parts_down(&self, project: &Project) -> Parts {
        if project.spec.hosts().any(|host| Host::region(host).is_some()) {
            return Parts::default();
        }
        match self.clock.timeout(PATIENCE, instance::identify(&self.client, project.spec.api())).await {
            Ok(Ok(Instance::SelfHosted { down, .. })) => down,
            _ => Parts::default(),
        }
    }
}
