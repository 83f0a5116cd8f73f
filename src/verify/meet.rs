//! The first read-back at a project: is its PostHog new enough, what may the key do, and which project is to be asked?

use std::time::Duration;

use super::Verify;
use crate::model::{Beat, Minute, PersonalKey, Project, ReadbackError, ReadbackErrorKind, Timestamp};
use crate::posthog::instance;
use crate::posthog::query::{self, FoundProject, MAX_BEATS_A_READBACK, ProjectPath, Question, Watched};

/// A beat of so long proves the project in which it is seen. Long enough that an outage does not make the project unknown.
const PROVES_FOR: Duration = Duration::from_hours(24);
/// Of the last hour every beat is asked for, before that one in so many minutes.
const ONE_IN: i64 = 10;

impl Verify {
    /// The first read-back at a PostHog: one that is too old is refused, one that does not tell its version is newer. Gives which project is to be asked,
    /// and what the key may do.
    pub(super) async fn meet(&self, project: &Project, key: &PersonalKey, now: Timestamp) -> Result<FoundProject, ReadbackError> {
        let spec = &project.spec;
        let instance = instance::identify(&self.client, spec.api()).await;
        if let Some(version) = instance.ok().and_then(|instance| instance.too_old()) {
            let words = format!("this PostHog is {version}, and Heartbeat needs {} or later", instance::OLDEST);
            return Err(ReadbackError::noted(ReadbackErrorKind::TooOld, words));
        }
        if let Some(given) = spec.posthog_id {
            // Whether the key is right the question itself will show.
            let scopes = if key.is_of_project() { None } else { query::key_scopes(&self.client, spec.api(), key).await.ok().flatten() };
            return Ok(FoundProject { path: ProjectPath::Number(given), scopes });
        }
        let found = query::find_project(&self.client, spec.api(), key, &spec.token).await?;
        if found.path == ProjectPath::Current && !key.is_of_project() {
            self.prove_current(project, key, now).await?;
        }
        Ok(found)
    }

    /// Proves that the project which the key's owner has open is this one: a beat of ours is there.
    async fn prove_current(&self, project: &Project, key: &PersonalKey, now: Timestamp) -> Result<(), ReadbackError> {
        let question = Question {
            base: project.spec.api(),
            key,
            posthog_id: ProjectPath::Current,
            events: project.routes.iter().map(|route| route.spec.event.as_str()).collect(),
            uuids: proofs(project, now).into_iter().map(|beat| beat.uuid).collect(),
            back_to: now.minus(PROVES_FOR),
            watched: Watched::default(),
            now,
        };
        if query::readback(&self.client, &question).await?.arrivals.is_empty() {
            let note =
                "the key does not say which project it is for, and no beat of this project is in the one that its owner has open (yet)";
            return Err(ReadbackError::noted(ReadbackErrorKind::WhichProject, note));
        }
        Ok(())
    }
}

/// Beats that may be there, the newest first.
fn proofs(project: &Project, now: Timestamp) -> Vec<Beat> {
    let (oldest, newest) = (now.minus(PROVES_FOR).minute(), now.minute());
    let asked = |minute: &Minute| newest.index() - minute.index() <= 60 || minute.index() % ONE_IN == 0;
    let minutes = oldest.until(newest.plus(1)).rev().filter(asked);
    let beats = minutes.flat_map(|minute| project.routes.iter().map(move |route| Beat::derive(&project.spec.token, &route.spec, minute)));
    beats.take(MAX_BEATS_A_READBACK).collect()
}
