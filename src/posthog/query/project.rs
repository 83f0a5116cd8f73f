//! Finds PostHog's project number for a key and a token.
//! A key limited to one project names it. Otherwise the tokens of its projects are compared, as far as its scopes allow. If that fails, the
//! current project of the key's owner is assumed, until one of our events is read back there.

use std::fmt;

use serde_json::Value;

use super::failure::failure;
use super::key::key_scopes;
use super::readback::get;
use crate::model::{KeyScope, KeyScopes, PersonalKey, ProjectToken, ReadbackError, ReadbackErrorKind};
use crate::posthog::client::Client;
use crate::posthog::printable::printable;

/// Pages of 100 projects. Ends a list that never ends.
const PAGES: usize = 100;
/// How many of a key's projects are asked for their token.
const SEVERAL: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectPath {
    Number(u64),
    /// The current project of the key's owner, or the project of a project key.
    Current,
}

impl ProjectPath {
    #[must_use]
    pub const fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Current => None,
        }
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Current => f.write_str("@current"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProject {
    /// [`ProjectPath::Current`] is a guess until one of our events is read back there.
    pub path: ProjectPath,
    pub scopes: Option<KeyScopes>,
}

pub async fn find_project(client: &Client, base: &str, key: &PersonalKey, token: &ProjectToken) -> Result<FoundProject, ReadbackError> {
    if key.is_of_project() {
        return Ok(FoundProject { path: ProjectPath::Current, scopes: None });
    }
    let Some(scopes) = key_scopes(client, base, key).await? else {
        let number = listed(client, base, key, token).await?;
        return Ok(FoundProject { path: ProjectPath::Number(number), scopes: None });
    };
    if !scopes.allows(KeyScope::QueryRead) {
        let has = if scopes.scopes.is_empty() { "none".to_owned() } else { printable(scopes.scopes.join(", ").as_bytes(), 200, Some(key)) };
        return Err(ReadbackError::noted(ReadbackErrorKind::KeyForbidden, format!("the key has the scopes {has}, but not query:read")));
    }
    let may_read_projects = scopes.allows(KeyScope::ProjectRead);
    let path = match scopes.projects.as_slice() {
        [only] => ProjectPath::Number(*only),
        [] if may_read_projects => match listed(client, base, key, token).await {
            Ok(number) => ProjectPath::Number(number),
            // A key limited to an organization may get no list.
            Err(failure) if failure.kind == ReadbackErrorKind::WhichProject => ProjectPath::Current,
            Err(failure) => return Err(failure),
        },
        [] => ProjectPath::Current,
        several if may_read_projects => ProjectPath::Number(among(client, base, key, token, several).await?),
        several => {
            let note = format!("the key is limited to {} projects and may not read their tokens", several.len());
            return Err(ReadbackError::noted(ReadbackErrorKind::WhichProject, note));
        }
    };
    Ok(FoundProject { path, scopes: Some(scopes) })
}

pub async fn has_token(client: &Client, base: &str, key: &PersonalKey, number: u64, token: &ProjectToken) -> Result<bool, ReadbackError> {
    get(client, base, &format!("/api/projects/{number}/"), key).await.map(|(_, project)| is_of(&project, token))
}

async fn among(client: &Client, base: &str, key: &PersonalKey, token: &ProjectToken, several: &[u64]) -> Result<u64, ReadbackError> {
    let mut failed = None;
    for number in several.iter().take(SEVERAL) {
        match get(client, base, &format!("/api/projects/{number}/"), key).await {
            Ok((_, project)) if is_of(&project, token) => return Ok(*number),
            Ok(_) => {}
            // A deleted project says nothing about the others.
            Err(failure) => failed = Some(failure),
        }
    }
    let note = format!("none of the {} projects that the key is limited to has the token {token}", several.len());
    Err(failed.unwrap_or_else(|| ReadbackError::noted(ReadbackErrorKind::NoSuchProject, note)))
}

async fn listed(client: &Client, base: &str, key: &PersonalKey, token: &ProjectToken) -> Result<u64, ReadbackError> {
    let mut query = "limit=100".to_owned();
    let mut seen = 0;
    for _ in 0..PAGES {
        let (heard, page) = get(client, base, &format!("/api/projects/?{query}"), key).await.map_err(unlisted)?;
        let Some(projects) = page.get("results").and_then(Value::as_array) else {
            let failed = failure(ReadbackErrorKind::NotPostHog, &heard, key, None);
            return Err(ReadbackError { note: Some("a list of projects without `results`".into()), ..failed });
        };
        let ours = projects.iter().find(|project| is_of(project, token));
        if let Some(id) = ours.and_then(|project| project.get("id")).and_then(Value::as_u64) {
            return Ok(id);
        }
        seen += projects.len();
        match page.get("next").and_then(Value::as_str).and_then(next_query) {
            Some(next) if next != query => query = next,
            _ => break,
        }
    }
    let note = format!("none of the {seen} projects that the key sees has the token {token}");
    Err(ReadbackError::noted(ReadbackErrorKind::NoSuchProject, note))
}

fn is_of(project: &Value, token: &ProjectToken) -> bool {
    project.get("api_token").and_then(Value::as_str) == Some(token.as_str())
}

/// Uses only the query of `next`: the key must not go to a host named by an answer, and behind a proxy PostHog does not know its own URL.
fn next_query(next: &str) -> Option<String> {
    next.split_once('?').map(|(_, query)| query.to_owned())
}

/// A key may query a project without listing any.
fn unlisted(mut failed: ReadbackError) -> ReadbackError {
    if failed.kind == ReadbackErrorKind::KeyForbidden {
        failed.kind = ReadbackErrorKind::WhichProject;
        failed.note = Some("the key may not list projects: that needs the scope project:read and no limit to certain projects".into());
    }
    failed
}
