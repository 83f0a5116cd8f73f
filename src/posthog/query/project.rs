//! From a key and a token to PostHog's number of the project.
//!
//! A key that is limited to one project says it. One that is limited to several, or to none, is asked for the projects' tokens, as far as its scopes
//! go. Where nothing says it, the project that the key's owner has open is left, which an event of ours proves.

use std::fmt;

use serde_json::Value;

use super::failure::failure;
use super::key::key_scopes;
use super::readback::get;
use crate::model::{KeyScope, KeyScopes, PersonalKey, ProjectToken, ReadbackError, ReadbackErrorKind};
use crate::posthog::client::Client;
use crate::posthog::excerpt::printable;

/// Of 100 projects each. An API that turned in a circle would otherwise be asked for ever.
const PAGES: usize = 100;
/// So many of the projects that a key is limited to are asked for their token.
const SEVERAL: usize = 20;

/// A project in the private API's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectPath {
    /// By PostHog's number.
    Number(u64),
    /// That which the key's owner has open, or that a key of a project belongs to.
    Current,
}

impl ProjectPath {
    /// PostHog's number, where it is known.
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

/// Which project it is, as far as it could be told without an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProject {
    /// Where to ask. [`ProjectPath::Current`] is a guess, until an event of ours is seen there.
    pub path: ProjectPath,
    /// What the key may do, where PostHog says so.
    pub scopes: Option<KeyScopes>,
}

/// Finds out which project is to be asked: the one that this token belongs to.
///
/// # Errors
/// [`LookFailure`]: the key is wrong or may not query, none of its projects has the token, or nothing could be read.
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
        return Err(ReadbackError::noted(
            ReadbackErrorKind::KeyForbidden,
            format!("the key's scopes are {has}, and query:read is not among them"),
        ));
    }
    let may_read_projects = scopes.allows(KeyScope::ProjectRead);
    let path = match scopes.projects.as_slice() {
        [only] => ProjectPath::Number(*only),
        [] if may_read_projects => match listed(client, base, key, token).await {
            Ok(number) => ProjectPath::Number(number),
            // A key that is limited to an organization may be refused the list.
            Err(failure) if failure.trouble == ReadbackErrorKind::WhichProject => ProjectPath::Current,
            Err(failure) => return Err(failure),
        },
        [] => ProjectPath::Current,
        several if may_read_projects => ProjectPath::Number(among(client, base, key, token, several).await?),
        several => {
            let note = format!("the key is limited to {} projects, and may not read which of them the token belongs to", several.len());
            return Err(ReadbackError::noted(ReadbackErrorKind::WhichProject, note));
        }
    };
    Ok(FoundProject { path, scopes: Some(scopes) })
}

/// Whether the project of this number has the token. Takes the scope `project:read`.
///
/// # Errors
/// [`LookFailure`]: it could not be read.
pub async fn has_token(client: &Client, base: &str, key: &PersonalKey, number: u64, token: &ProjectToken) -> Result<bool, ReadbackError> {
    get(client, base, &format!("/api/projects/{number}/"), key).await.map(|(_, project)| is_of(&project, token))
}

/// The one of these projects that has the token.
async fn among(client: &Client, base: &str, key: &PersonalKey, token: &ProjectToken, several: &[u64]) -> Result<u64, ReadbackError> {
    let mut failed = None;
    for number in several.iter().take(SEVERAL) {
        match get(client, base, &format!("/api/projects/{number}/"), key).await {
            Ok((_, project)) if is_of(&project, token) => return Ok(*number),
            Ok(_) => {}
            // One that was deleted says nothing about the others.
            Err(failure) => failed = Some(failure),
        }
    }
    let note = format!("none of the {} projects that the key is limited to has the token {token}", several.len());
    Err(failed.unwrap_or_else(|| ReadbackError::noted(ReadbackErrorKind::NoSuchProject, note)))
}

/// The one of all projects that has the token: the key lists those that it may see.
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

/// Only the query of `next` is taken: the key goes to no address that an answer names, and behind a proxy PostHog does not know its own.
fn next_query(next: &str) -> Option<String> {
    next.split_once('?').map(|(_, query)| query.to_owned())
}

/// A key may query a project and not list any.
fn unlisted(mut failed: ReadbackError) -> ReadbackError {
    if failed.trouble == ReadbackErrorKind::KeyForbidden {
        failed.trouble = ReadbackErrorKind::WhichProject;
        failed.note = Some("the key may not list projects, which takes the scope project:read and no limit to chosen projects".into());
    }
    failed
}
