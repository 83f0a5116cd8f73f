//! Reads the scopes of a personal API key. This request needs no scope.

use serde_json::Value;

use super::readback::get;
use crate::model::{KeyScopes, PersonalKey, ReadbackError, ReadbackErrorKind};
use crate::posthog::client::Client;

/// None if PostHog does not report them: older versions have no such endpoint.
pub async fn key_scopes(client: &Client, base: &str, key: &PersonalKey) -> Result<Option<KeyScopes>, ReadbackError> {
    match get(client, base, "/api/personal_api_keys/@current/", key).await {
        Ok((_, answer)) => Ok(read(&answer)),
        Err(failure) => match failure.kind {
            // These mean the same for every request. An older PostHog answers `KeyNotReceived` here, because its keys do not log in to this
            // endpoint: the next request shows which it is.
            ReadbackErrorKind::KeyWrong
            | ReadbackErrorKind::Unreachable
            | ReadbackErrorKind::Throttled
            | ReadbackErrorKind::DatabaseUnavailable => Err(failure),
            _ => Ok(None),
        },
    }
}

fn read(answer: &Value) -> Option<KeyScopes> {
    let scopes = match answer.get("scopes")? {
        // Keys from before scopes existed have all of them.
        Value::Null => vec!["*".to_owned()],
        Value::Array(scopes) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    let projects = answer.get("scoped_teams").and_then(Value::as_array);
    Some(KeyScopes { scopes, projects: projects.into_iter().flatten().filter_map(Value::as_u64).collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_read_as_posthog_writes_it() {
        let read =
            |scopes: Value, teams: Value| read(&json!({"id": "x", "scopes": scopes, "scoped_teams": teams, "scoped_organizations": null}));
        let key = |scopes: &[&str], projects: &[u64]| {
            Some(KeyScopes { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), projects: projects.to_vec() })
        };
        assert_eq!(read(json!(["query:read"]), json!([42])), key(&["query:read"], &[42]));
        assert_eq!(read(json!(["*"]), Value::Null), key(&["*"], &[]));
        assert_eq!(read(Value::Null, json!([])), key(&["*"], &[]));
        assert_eq!(read(json!("query:read"), json!([])), None);
        assert_eq!(super::read(&json!({"detail": "no"})), None);
    }
}
