//! What a personal API key may do. The one question that needs no scope.

use serde_json::Value;

use super::readback::get;
use crate::model::{KeyScopes, PersonalKey, ReadbackError, ReadbackErrorKind};
use crate::posthog::client::Client;

/// Asks what the key may do; none where PostHog does not say: an older one does not know the question.
///
/// # Errors
/// [`LookFailure`]: the key is wrong, or nobody answered.
pub async fn key_scopes(client: &Client, base: &str, key: &PersonalKey) -> Result<Option<KeyScopes>, ReadbackError> {
    match get(client, base, "/api/personal_api_keys/@current/", key).await {
        Ok((_, answer)) => Ok(read(&answer)),
        Err(failure) => match failure.trouble {
            // A wrong key and a network that is down are told alike wherever they are asked. `KeyNotReceived` is also what an older PostHog
            // says here, to which keys are no way to log in: the next question shows which.
            ReadbackErrorKind::KeyWrong
            | ReadbackErrorKind::Unreachable
            | ReadbackErrorKind::Throttled
            | ReadbackErrorKind::DatabaseUnavailable => Err(failure),
            _ => Ok(None),
        },
    }
}

/// Reads an answer; none when it is not one.
fn read(answer: &Value) -> Option<KeyScopes> {
    let scopes = match answer.get("scopes")? {
        // Keys from before there were scopes have every one.
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
