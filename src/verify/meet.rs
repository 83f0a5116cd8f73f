//! The first read-back of a project: checks PostHog's version and the key's scopes, and finds the project to query.

use std::time::Duration;

use super::Verify;
use crate::model::{Beat, Minute, PersonalKey, Project, ReadbackError, ReadbackErrorKind, Timestamp};
use crate::posthog::instance;
use crate::posthog::query::{self, FoundProject, MAX_BEATS_A_READBACK, ProjectPath, Question, Watched};

/// Age of beats that prove a project. Long enough to survive an outage.
const PROVES_FOR: Duration = Duration::from_hours(24);
/// Every beat of the last hour, before that one per so many minutes.
const ONE_IN: i64 = 10;

impl Verify {
    /// Rejects a PostHog that is too old; one that does not report its version is newer. Returns the project to query and the scopes.
    pub(super) async fn meet(&self, project: &Project, key: &PersonalKey, now: Timestamp) -> Result<FoundProject, ReadbackError> {
        let spec = &project.spec;
        let instance = instance::identify(&self.client, spec.api()).await;
        if let Some(version) = instance.ok().and_then(|instance| instance.too_old()) {
            let words = format!("this PostHog is {version}; Heartbeat needs {} or later", instance::OLDEST);
            return Err(ReadbackError::noted(ReadbackErrorKind::TooOld, words));
        }
        if let Some(number) = spec.posthog_id {
            let scopes = if key.is_of_project() { None } else { query::key_scopes(&self.client, spec.api(), key).await.ok().flatten() };
            return Ok(FoundProject { path: ProjectPath::Number(number), scopes });
        }
        let found = query::find_project(&self.client, spec.api(), key, &spec.token).await?;
        if found.path == ProjectPath::Current && !key.is_of_project() {
            self.prove_current(project, key, now).await?;
        }
        Ok(found)
    }

    /// Proves by one of our beats that the key owner's current project is this one.
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
            let note = "the key names no project, and the current project of its owner has no beat of this project (yet)";
            return Err(ReadbackError::noted(ReadbackErrorKind::WhichProject, note));
        }
        Ok(())
    }
}

fn proofs(project: &Project, now: Timestamp) -> Vec<Beat> {
    let (oldest, newest) = (now.minus(PROVES_FOR).minute(), now.minute());
    let asked = |minute: &Minute| newest.index() - minute.index() <= 60 || minute.index() % ONE_IN == 0;
    let minutes = oldest.until(newest.plus(1)).rev().filter(asked);
    let beats = minutes.flat_map(|minute| project.routes.iter().map(move |route| Beat::derive(&project.spec.token, &route.spec, minute)));
    beats.take(MAX_BEATS_A_READBACK).collect()
}
