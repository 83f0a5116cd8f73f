//! Finds out why an accepted event is missing: each cause is silent at capture and has its own endpoint. Each request can fail alone.

use serde_json::Value;

use super::ProjectPath;
use super::answer::{rows, text};
use super::failure::{WORDS, printed};
use super::readback::{ask_query, get};
use crate::model::{Filter, FilterKind, KeyScope, KeyScopes, PersonalKey, QuotaLimit, ReadbackError, ReadbackErrorKind, Timestamp};
use crate::posthog::client::Client;

/// Range and number of the ingestion warnings that are read, newest first. PostHog repeats each at most once an hour.
const WARNED_WITHIN_MINUTES: u64 = 120;
const WARNINGS: usize = 200;

#[derive(Debug, Clone)]
pub struct Missed {
    pub event: String,
    pub distinct_id: String,
    pub uuid: String,
}

#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    pub base: &'a str,
    pub key: &'a PersonalKey,
    /// Unknown scopes are assumed to be granted.
    pub scopes: Option<&'a KeyScopes>,
    pub project: ProjectPath,
    pub now: Timestamp,
}

impl Inquiry<'_> {
    fn allows(&self, scope: KeyScope) -> bool {
        self.scopes.is_none_or(|scopes| scopes.allows(scope))
    }

    async fn get(&self, client: &Client, what: &str) -> Result<Value, ReadbackError> {
        get(client, self.base, &format!("/api/projects/{}/{what}/", self.project), self.key).await.map(|(_, answer)| answer)
    }
}

/// None if the key lacks the scope or PostHog does not report it (404 except on Cloud).
pub async fn quota(client: &Client, inquiry: &Inquiry<'_>) -> Option<QuotaLimit> {
    if !inquiry.allows(KeyScope::ProjectRead) {
        return None;
    }
    let answer = or_log(inquiry.get(client, "quota_limits").await)?;
    let events = answer.get("limited")?.get("events")?;
    let number = |names: [&str; 2]| names.iter().find_map(|name| events.get(*name)).and_then(Value::as_u64);
    let limited = events.as_bool().or_else(|| events.get("limited").and_then(Value::as_bool))?;
    Some(QuotaLimit { asked_ms: inquiry.now.ms(), used: number(["usage", "used"]), limit: number(["limit", "quota"]), limited })
}

pub async fn what_drops(client: &Client, inquiry: &Inquiry<'_>, missed: &[Missed]) -> Option<Filter> {
    if inquiry.allows(KeyScope::EventFilterRead)
        && let Some(answer) = or_log(inquiry.get(client, "event_filter").await)
        && let Some(filter) = event_filter(&answer, missed)
    {
        return Some(filter);
    }
    if inquiry.allows(KeyScope::ProjectRead)
        && let Some(answer) = or_log(inquiry.get(client, "event_ingestion_restrictions").await)
        && let Some(filter) = restriction(&answer, missed)
    {
        return Some(filter);
    }
    warning(&warnings(client, inquiry).await, missed)
}

fn or_log<T>(answer: Result<T, ReadbackError>) -> Option<T> {
    answer.inspect_err(|failure| tracing::debug!(%failure, "cannot read what drops events")).ok()
}

fn event_filter(answer: &Value, missed: &[Missed]) -> Option<Filter> {
    if answer.get("mode").and_then(Value::as_str) != Some("live") {
        return None;
    }
    let tree = answer.get("filter_tree")?;
    let dropped = |sure| move |missed: &&Missed| matches(tree, missed) == sure;
    let says = match missed.iter().find(dropped(Some(true))) {
        Some(missed) => format!("the project's event filter is live and drops the event {}", missed.event),
        // An unknown condition may match.
        None if missed.iter().any(|missed| dropped(None)(&missed)) => {
            "the project's event filter is live, and may be what drops the event".to_owned()
        }
        None => return None,
    };
    Some(Filter { kind: FilterKind::EventFilter, says, excerpt: printed(&tree.to_string(), WORDS) })
}

/// Whether a filter matches; none if it has an unknown condition that decides.
fn matches(tree: &Value, missed: &Missed) -> Option<bool> {
    // No, unknown, yes.
    let certainty = |holds: &Option<bool>| holds.map_or(1, |holds| u8::from(holds) * 2);
    let word = |name: &str| tree.get(name).and_then(Value::as_str);
    let children = || tree.get("children").and_then(Value::as_array).into_iter().flatten().map(|child| matches(child, missed));
    match word("type")? {
        "condition" => {
            let value = match word("field")? {
                "event_name" => missed.event.as_str(),
                "distinct_id" => missed.distinct_id.as_str(),
                _ => return None,
            };
            let desired = word("value")?;
            match word("operator")? {
                "exact" => Some(value == desired),
                "contains" => Some(value.contains(desired)),
                _ => None,
            }
        }
        "not" => matches(tree.get("child").or_else(|| tree.get("children")?.get(0))?, missed).map(|holds| !holds),
        // Without children, neither drops anything.
        "and" => children().min_by_key(certainty).unwrap_or(Some(false)),
        "or" => children().max_by_key(certainty).unwrap_or(Some(false)),
        _ => None,
    }
}

/// A restriction of the project's token by PostHog's staff.
fn restriction(answer: &Value, missed: &[Missed]) -> Option<Filter> {
    let list = answer.as_array().or_else(|| answer.get("results")?.as_array())?;
    let found = list.iter().find(|one| {
        let drops = one.get("restriction_type").and_then(Value::as_str).is_some_and(|kind| kind.contains("drop"));
        let ids = one.get("distinct_ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
        drops && ids.is_none_or(|ids| missed.iter().any(|missed| ids.iter().any(|id| id == &missed.distinct_id)))
    })?;
    let says = "PostHog has restricted the project: its events are dropped before they are ingested".to_owned();
    Some(Filter { kind: FilterKind::Restriction, says, excerpt: printed(&found.to_string(), WORDS) })
}

type Warning = (String, String);

async fn warnings(client: &Client, inquiry: &Inquiry<'_>) -> Vec<Warning> {
    let asked = ask_query(client, inquiry.base, inquiry.project, inquiry.key, &statement(inquiry.now)).await;
    match asked {
        Ok((_, answer)) => rows(&answer).map(|rows| rows.iter().filter_map(row).collect()).unwrap_or_default(),
        // An older PostHog has no such table.
        Err(failure) if failure.kind == ReadbackErrorKind::QueryRejected && inquiry.allows(KeyScope::IngestionWarningRead) => {
            or_log(inquiry.get(client, "ingestion_warnings_v2").await).map(|answer| listed(&answer)).unwrap_or_default()
        }
        Err(failure) => or_log(Err(failure)).unwrap_or_default(),
    }
}

/// The literal time makes each query text unique: PostHog caches the failure of a text for hours.
fn statement(now: Timestamp) -> String {
    let seconds = now.ms().div_euclid(1000);
    format!(
        "SELECT source, type, details, timestamp FROM system.ingestion_warnings WHERE timestamp >= now() - INTERVAL {WARNED_WITHIN_MINUTES} MINUTE \
         AND {seconds} > 0 ORDER BY timestamp DESC LIMIT {WARNINGS}"
    )
}

fn row(row: &Value) -> Option<Warning> {
    match row.as_array()?.as_slice() {
        [_, kind, details, ..] => Some((kind.as_str()?.to_owned(), text(details))),
        _ => None,
    }
}

fn listed(answer: &Value) -> Vec<Warning> {
    let list = answer.as_array().or_else(|| answer.get("results")?.as_array());
    let mut found = Vec::new();
    for one in list.into_iter().flatten() {
        let Some(kind) = one.get("type").and_then(Value::as_str) else { continue };
        let samples = ["warnings", "samples"].iter().find_map(|name| one.get(*name)?.as_array());
        match samples {
            Some(samples) => found.extend(samples.iter().map(|sample| (kind.to_owned(), text(sample.get("details").unwrap_or(sample))))),
            None => found.extend(one.get("details").map(|details| (kind.to_owned(), text(details)))),
        }
    }
    found
}

/// A warning about one of our events. Other events have warnings all the time.
fn warning(warnings: &[Warning], missed: &[Missed]) -> Option<Filter> {
    let ours =
        |details: &str| missed.iter().any(|missed| [&missed.uuid, &missed.distinct_id].iter().any(|id| details.contains(id.as_str())));
    let (kind, details) = warnings.iter().find(|(_, details)| ours(details))?;
    let (of, says) = if kind == "event_dropped_by_transformation" {
        (FilterKind::Transformation, "a transformation of the project drops the event".to_owned())
    } else {
        (FilterKind::Warning, format!("PostHog's ingestion warns of the event: {}", kind.replace('_', " ")))
    };
    Some(Filter { kind: of, says, excerpt: printed(details, WORDS) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn missed() -> Vec<Missed> {
        vec![Missed { event: "heartbeat".into(), distinct_id: "PostHog Heartbeat Plugin".into(), uuid: "0195189a-5b3c".into() }]
    }

    fn condition(field: &str, operator: &str, value: &str) -> Value {
        json!({"type": "condition", "field": field, "operator": operator, "value": value})
    }

    #[test]
    fn an_event_filter_drops_what_its_tree_matches() {
        let (ours, other) = (condition("event_name", "exact", "heartbeat"), condition("event_name", "exact", "$pageview"));
        let strange = json!({"type": "later"});
        for (tree, holds) in [
            (ours.clone(), Some(true)),
            (other.clone(), Some(false)),
            (condition("distinct_id", "contains", "Heartbeat"), Some(true)),
            (condition("event_name", "regex", "h"), None),
            // An allow-list: everything except what is named.
            (json!({"type": "not", "child": {"type": "or", "children": [other.clone()]}}), Some(true)),
            (json!({"type": "not", "child": {"type": "or", "children": [other.clone(), ours.clone()]}}), Some(false)),
            (json!({"type": "and", "children": [ours.clone(), strange.clone()]}), None),
            (json!({"type": "and", "children": [other, strange.clone()]}), Some(false)),
            (json!({"type": "or", "children": [strange.clone(), ours]}), Some(true)),
            (json!({"type": "or", "children": []}), Some(false)),
            (strange, None),
        ] {
            assert_eq!(matches(&tree, &missed()[0]), holds, "{tree}");
            let filter = |mode: &str| event_filter(&json!({"mode": mode, "filter_tree": tree}), &missed());
            assert_eq!(filter("live").is_some(), holds != Some(false), "{tree}");
            assert_eq!(filter("dry_run"), None);
        }
    }

    #[test]
    fn a_restriction_counts_when_it_drops_and_is_about_us() {
        let restricted =
            |kind: &str, ids: Value| restriction(&json!([{"restriction_type": kind, "distinct_ids": ids}]), &missed()).is_some();
        assert!(restricted("drop_event_from_ingestion", Value::Null) && restricted("drop_event_from_ingestion", json!([])));
        assert!(restricted("drop_event_from_ingestion", json!(["PostHog Heartbeat Plugin"])));
        assert!(!restricted("drop_event_from_ingestion", json!(["somebody"])) && !restricted("skip_person_processing", Value::Null));
    }

    #[test]
    fn a_warning_counts_when_it_is_about_one_of_our_events() {
        let of = |kind: &str, details: &str| warning(&[(kind.into(), details.into())], &missed());
        assert_eq!(of("event_dropped_by_transformation", r#"{"eventUuid": "another"}"#), None);
        let found = of("event_dropped_by_transformation", r#"{"eventUuid": "0195189a-5b3c"}"#).unwrap();
        assert_eq!(found.kind, FilterKind::Transformation);
        let found = of("message_size_too_large", r#"{"distinctId": "PostHog Heartbeat Plugin"}"#).unwrap();
        assert_eq!(
            (found.kind, found.says.as_str()),
            (FilterKind::Warning, "PostHog's ingestion warns of the event: message size too large")
        );
    }

    #[test]
    fn warnings_are_read_from_both_of_their_forms() {
        assert_eq!(row(&json!(["plugin-server", "t", "{}", "2026"])), Some(("t".into(), "{}".into())));
        let v2 = json!({"results": [{"type": "t", "warnings": [{"details": {"a": 1}}]}, {"type": "u", "details": "x"}, {"no": 1}]});
        assert_eq!(listed(&v2), [("t".to_owned(), r#"{"a":1}"#.to_owned()), ("u".to_owned(), "x".to_owned())]);
    }
}
