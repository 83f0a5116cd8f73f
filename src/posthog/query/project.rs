//! From a token to PostHog's number of its project: the key lists the projects that it may see.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::look::{converse, failure, headers, unreachable};
use crate::model::{LookFailure, LookTrouble, PersonalKey, ProjectToken, Quote};
use crate::posthog::client::Client;
use crate::posthog::wire::Ask;

const LIMIT: Duration = Duration::from_secs(20);
const MOST: usize = 8 * 1024 * 1024;
/// Of 100 projects each. An API that turned in a circle would otherwise be asked for ever.
const PAGES: usize = 100;

/// Finds PostHog's number of the project that this token belongs to.
///
/// # Errors
/// [`LookFailure`]: none of the key's projects has the token, or the list could not be read.
pub async fn find_project(client: &Client, base: &str, key: &PersonalKey, token: &ProjectToken) -> Result<u64, LookFailure> {
    let place = client.place(base).map_err(|cut| unreachable(&cut))?;
    let mut query = "limit=100".to_owned();
    let mut seen = 0;
    for _ in 0..PAGES {
        let path = place.path(&format!("/api/projects/?{query}")).map_err(|cut| unreachable(&cut))?;
        let ask = Ask { method: Method::GET, path, headers: headers(key), body: Bytes::new(), cold: false, limit: LIMIT, most: MOST };
        let (heard, page) = converse(client, &place, &ask, key).await.map_err(explain)?;
        let Some(projects) = page.get("results").and_then(Value::as_array) else {
            return Err(failure(LookTrouble::NotPostHog, &heard, key, b"a list of projects without `results`"));
        };
        let ours = projects.iter().find(|project| project.get("api_token").and_then(Value::as_str) == Some(token.as_str()));
        if let Some(id) = ours.and_then(|project| project.get("id")).and_then(Value::as_u64) {
            return Ok(id);
        }
        seen += projects.len();
        match page.get("next").and_then(Value::as_str).and_then(next_query) {
            Some(next) if next != query => query = next,
            _ => break,
        }
    }
    let words = format!("none of the {seen} projects that the key sees has the token {token}");
    Err(LookFailure { trouble: LookTrouble::NoSuchProject, quote: Quote { words, ..Quote::default() }, retry_after: None })
}

/// Only the query of `next` is taken: the key goes to no address that an answer names, and behind a proxy PostHog does not know its own.
fn next_query(next: &str) -> Option<String> {
    next.split_once('?').map(|(_, query)| query.to_owned())
}

/// A key for queries alone may not list projects; a person who knows the number can give it.
fn explain(mut failed: LookFailure) -> LookFailure {
    if failed.trouble == LookTrouble::KeyForbidden {
        failed.quote.words.push_str(" (finding the project by its token takes the scope project:read; or give the project id)");
    }
    failed
}
