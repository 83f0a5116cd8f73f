//! Completes the OpenAPI description that utoipa generates: enumerations, time formats and name patterns of texts, tags, path parameters, and error
//! responses.

use serde_json::{Map, Value, json};

use crate::judge::Health;
use crate::model::{
    AppKind, ChannelKind, EndedBecause, Endpoint, EntryKind, IncidentKind, NotificationKind, NotificationState, Outcome, Phase, RuleKind,
    Severity,
};
use crate::report::Level;
use crate::web::incidents::STANDS;

/// Texts with the format `date-time` (`date` for `day`), by property, or by schema and property.
const TIMES: [&str; 29] = [
    "acknowledged",
    "announced",
    "at",
    "closed",
    "complete_through",
    "created",
    "due",
    "ended",
    "first_bad",
    "from",
    "last_good",
    "last_login",
    "last_accepted",
    "last_used",
    "readbacks_from",
    "minute",
    "newest",
    "next_from",
    "open_until",
    "opened",
    "sent",
    "since",
    "slot",
    "snoozed_until",
    "start",
    "stopped_since",
    "to",
    "until",
    "DayJson.day",
];
/// Exceptions: durations, and times that can be written in several formats.
const NO_TIMES: [&str; 4] = ["ReplayRequest.since", "Snooze.until", "WindowFields.from", "WindowFields.to"];

/// Names that `ProjectName` accepts, by schema and property.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
const NAMES: [&str; 12] = [
    "Completeness.project",
    "IncidentJson.project",
    "InstalledAppJson.project",
    "NewTokenJson.name",
    "Project.name",
    "ReplayJson.project",
    "ReportJson.project",
    "RulesJson.project",
    "StatusPageView.name",
    "StoryJson.project",
    "TokenJson.name",
    "WindowJson.name",
];
/// Names that `UserName` accepts.
const USER: &str = "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$";
const USERS: [&str; 2] = ["UserJson.name", "InvitationJson.name"];

/// Enumerations, by schema and property, by property, or by operation and parameter (`operation?parameter`).
fn words() -> Vec<(&'static str, Vec<&'static str>)> {
    let severities = Severity::ALL.map(Severity::name).to_vec();
    let incident_kinds = IncidentKind::ALL.map(IncidentKind::name).to_vec();
    let outcomes = Outcome::ALL.map(Outcome::name).to_vec();
    let (kinds, apps) = (ChannelKind::ALL.map(ChannelKind::name).to_vec(), AppKind::ALL.map(AppKind::name).to_vec());
    let (notifications, states) =
        (NotificationKind::ALL.map(NotificationKind::name).to_vec(), NotificationState::ALL.map(NotificationState::name).to_vec());
    vec![
        ("outcome", outcomes.clone()),
        ("newest_outcome", outcomes.clone()),
        ("worst", outcomes),
        ("health", Health::ALL.map(Health::name).to_vec()),
        ("severity", severities),
        ("incident_kind", incident_kinds),
        ("endpoint", [Endpoint::V0, Endpoint::V1].map(Endpoint::name).to_vec()),
        ("ended_because", EndedBecause::ALL.map(EndedBecause::name).to_vec()),
        ("level", Level::ALL.map(Level::name).to_vec()),
        ("mark", vec!["ok", "note", "fail"]),
        ("result", vec!["found", "missing", "failed", "unknown"]),
        ("stored", vec!["complete", "aggregated", "missing"]),
        ("range", vec!["1h", "24h", "7d", "30d", "90d"]),
        ("phase", Phase::ALL.map(Phase::name).to_vec()),
        ("app", apps.clone()),
        ("ChannelJson.kind", kinds.clone()),
        ("ChannelJson.state", vec!["delivering", "not_delivering", "never_used", "disabled"]),
        ("ChannelChange.kind", kinds.clone()),
        ("ChannelKindJson.name", kinds),
        ("DeliveryJson.kind", vec!["opened", "reminder", "resolved"]),
        ("EntryJson.kind", EntryKind::ALL.map(EntryKind::name).to_vec()),
        ("EvidenceJson.of", vec!["rejected", "unreachable", "lost", "unverified"]),
        ("NotificationJson.kind", notifications),
        ("NotificationJson.state", states.clone()),
        ("AppKindJson.name", apps),
        ("Project.heartbeat", vec!["enabled", "disabled"]),
        ("Project.ingestion_alert", vec!["enabled", "disabled"]),
        ("RuleJson.rule", RuleKind::ALL.map(RuleKind::name).to_vec()),
        ("WindowJson.state", vec!["open", "scheduled", "ended"]),
        ("list_incidents?state", STANDS.to_vec()),
        ("list_notifications?state", states),
    ]
}

/// Status, description, and whether it applies to an operation.
type RejectionReason = (&'static str, &'static str, fn(&Operation<'_>) -> bool);

const REJECTIONS: [RejectionReason; 9] = [
    ("400", "The request cannot be parsed, or has unknown query parameters, which `errors` lists", |_| true),
    ("401", "The API token is missing, unknown or expired", |_| true),
    ("403", "The token has the role viewer, which cannot change anything", |of| of.writes()),
    ("404", "Not found", |of| of.names_something()),
    ("409", "Conflict with the current state", |of| of.writes()),
    ("412", "Changed by someone else since it was read (`If-Match`)", |of| of.takes_a_tag()),
    ("422", "Invalid input; `errors` lists the invalid fields", |of| of.takes_text()),
    ("429", "Too many requests; `Retry-After` says when to try again", |_| true),
    ("503", "The store is unavailable, or the server is busy", |_| true),
];

struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    described: &'d Value,
}

impl Operation<'_> {
    fn writes(&self) -> bool {
        self.method != "get"
    }

    fn names_something(&self) -> bool {
        self.path.contains('{') || self.described.get("parameters").is_some()
    }

    fn takes_a_tag(&self) -> bool {
        let mut parameters = self.described["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["name"] == "If-Match")
    }

    fn takes_text(&self) -> bool {
        self.names_something() || self.described.get("requestBody").is_some()
    }
}

/// In the order of the documentation.
const TAGS: [(&str, &str); 11] = [
    ("projects", "Monitored PostHog projects"),
    ("apps", "Apps of a project: Heartbeat and Ingestion Alert"),
    ("figures", "State of a project: verdict, days, lags and routes"),
    ("beats", "Single beats and their outcomes"),
    ("rules", "When Ingestion Alert opens an incident"),
    ("incidents", "Incidents: list, acknowledge and snooze"),
    ("channels", "Notification channels, and the notifications sent to them"),
    ("maintenance", "Maintenance windows: incidents are recorded, but their opening is not notified"),
    ("status pages", "Status pages for the public"),
    ("access", "Users and API tokens"),
    ("audit log", "Changes to settings, users and tokens, and who made them"),
];

pub(super) fn complete(description: &mut Value) {
    description["tags"] = TAGS.iter().map(|(name, says)| json!({ "name": name, "description": says })).collect();
    description["servers"] = json!([{ "url": "/", "description": "This server" }]);
    let words = words();
    for (path, operations) in description["paths"].as_object_mut().into_iter().flatten() {
        for (method, described) in operations.as_object_mut().into_iter().flatten() {
            parameters(path, described, &words);
            refusals(&Operation { path, method, described: &described.clone() }, described);
        }
    }
    let Some(schemas) = description["components"]["schemas"].as_object_mut() else { return };
    let known: Vec<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas {
        // A list refers to the schema of its items; utoipa repeats it inline.
        if let Some(item) = name.strip_prefix("List_").filter(|item| known.iter().any(|name| name == item)) {
            schema["properties"]["items"]["items"] = json!({ "$ref": format!("#/components/schemas/{item}") });
        }
        properties(name, schema, &words);
    }
}

fn refusals(operation: &Operation<'_>, described: &mut Value) {
    let Some(responses) = described["responses"].as_object_mut() else { return };
    let problem = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let reasons = REJECTIONS.into_iter().filter(|(_, _, may_be)| may_be(operation)).map(|(status, says, _)| (status, says));
    for (status, says) in reasons.chain([("default", "Any other error")]) {
        responses.entry(status).or_insert_with(|| json!({ "description": says }))["content"] = problem.clone();
    }
    for (status, response) in responses {
        if response.get("description").is_none() {
            let says = match status.as_str() {
                "201" => "Created",
                "204" => "Deleted",
                _ => "OK",
            };
            response["description"] = json!(says);
        }
    }
}

/// Path parameters: the beginning of the paths, the name of the parameter, its description unless it has one, and its pattern.
const IN_PATHS: [(&str, &str, &str, Option<&str>); 10] = [
    ("/api/v1/users", "name", "User name", Some(USER)),
    ("/api/v1/tokens", "name", "Token name", Some(NAME)),
    // The webhooks of an app are named `webhooks of PROJECT`.
    ("/api/v1/channels", "name", "Channel name", None),
    ("/api/v1/maintenance", "name", "Name of the maintenance window", Some(NAME)),
    ("/api/v1/status-pages", "name", "Name of the status page", Some(NAME)),
    ("/api/v1/projects", "name", "Project name", Some(NAME)),
    ("/api/v1/projects", "app", "App name: `heartbeat` or `ingestion-alert`", None),
    ("/api/v1/projects", "route", "Route name", None),
    ("/api/v1/projects", "minute", "Minute, for example `2026-11-23T15:10Z`", None),
    ("/api/v1/incidents", "id", "Incident number", None),
];

fn parameters(path: &str, described: &mut Value, words: &[(&str, Vec<&str>)]) {
    let of = described["operationId"].as_str().unwrap_or_default().to_owned();
    let Some(parameters) = described.get_mut("parameters").and_then(Value::as_array_mut) else { return };
    parameters.sort_by_key(|parameter| parameter["in"] != "path");
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let in_path = IN_PATHS.iter().find(|(start, known, ..)| parameter["in"] == "path" && path.starts_with(start) && *known == name);
        if let Some((_, _, says, _)) = in_path.filter(|_| parameter.get("description").is_none()) {
            parameter["description"] = json!(says);
        }
        let Some(schema) = parameter["schema"].as_object_mut() else { continue };
        if let Some((_, may_be)) = words.iter().find(|(key, _)| *key == name || *key == format!("{of}?{name}")) {
            limit_to(schema, may_be);
        }
        if let Some((.., Some(pattern))) = in_path {
            schema.insert("pattern".to_owned(), json!(pattern));
        }
        if name == "at_least" {
            schema.insert("format".to_owned(), json!("date-time"));
        }
    }
}

fn properties(of: &str, schema: &mut Value, words: &[(&str, Vec<&str>)]) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        properties(of, part, words);
    }
    for (name, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(property) = property.as_object_mut().filter(|property| is_text(property)) else { continue };
        let whole = format!("{of}.{name}");
        let is = |keys: &[&str]| keys.contains(&name.as_str()) || keys.contains(&whole.as_str());
        if is(&TIMES) && !is(&NO_TIMES) {
            property.insert("format".to_owned(), json!(if name == "day" { "date" } else { "date-time" }));
        } else if let Some((_, may_be)) = words.iter().find(|(key, _)| is(&[key])) {
            limit_to(property, may_be);
        } else if is(&NAMES) || is(&USERS) {
            property.insert("pattern".to_owned(), json!(if is(&NAMES) { NAME } else { USER }));
        }
    }
}

fn is_text(property: &Map<String, Value>) -> bool {
    match &property.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.contains(&json!("string")),
        _ => false,
    }
}

fn limit_to(schema: &mut Map<String, Value>, words: &[&str]) {
    let mut may_be: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    if schema.get("type").is_some_and(Value::is_array) {
        may_be.push(Value::Null);
    }
    schema.insert("enum".to_owned(), Value::Array(may_be));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProjectName, UserName};

    #[test]
    fn whatever_is_said_is_of_something_that_there_is() {
        let description: Value = serde_json::from_str(&crate::web::description()).unwrap();
        let mut known: Vec<String> = Vec::new();
        for (of, schema) in description["components"]["schemas"].as_object().unwrap() {
            let parts = [schema].into_iter().chain(schema.get("allOf").and_then(Value::as_array).into_iter().flatten());
            let properties = parts.filter_map(|part| part.get("properties")?.as_object()).flatten();
            known.extend(properties.filter(|(_, one)| one.as_object().is_some_and(is_text)).map(|(name, _)| format!("{of}.{name}")));
        }
        for (_, operations) in description["paths"].as_object().unwrap() {
            for (_, operation) in operations.as_object().unwrap() {
                let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
                let id = operation["operationId"].as_str().unwrap();
                known.extend(parameters.map(|parameter| format!("{id}?{}", parameter["name"].as_str().unwrap())));
            }
        }
        let is_known = |key: &str| known.iter().any(|one| one == key || one.rsplit(['.', '?']).next() == Some(key));
        let words = words();
        let keys = TIMES.iter().chain(&NO_TIMES).chain(&NAMES).chain(&USERS).chain(words.iter().map(|(key, _)| key));
        let stale: Vec<_> = keys.filter(|key| !is_known(key)).collect();
        assert!(stale.is_empty(), "{stale:?}");
    }

    #[test]
    fn every_tag_is_described_and_used() {
        let description: Value = serde_json::from_str(&crate::web::description()).unwrap();
        let operations = description["paths"].as_object().unwrap().values().flat_map(|of| of.as_object().unwrap().values());
        let used = operations.flat_map(|of| of["tags"].as_array().unwrap()).map(|tag| tag.as_str().unwrap());
        assert_eq!(used.collect::<std::collections::BTreeSet<_>>(), TAGS.iter().map(|(name, _)| *name).collect());
    }

    #[test]
    fn whatever_is_put_changed_or_removed_can_be_so_as_it_was_read() {
        let description: Value = serde_json::from_str(&crate::web::description()).unwrap();
        for (path, operations) in description["paths"].as_object().unwrap() {
            for (method, described) in operations.as_object().unwrap() {
                let operation = Operation { path, method, described };
                let changes = ["put", "patch", "delete"].contains(&method.as_str());
                assert_eq!(operation.takes_a_tag(), changes, "{method} {path}");
                assert_eq!(described["responses"].get("412").is_some(), changes, "{method} {path}");
            }
        }
    }

    #[test]
    fn patterns_are_those_of_the_names() {
        let letters = |kind: &str| -> String { (' '..='~').filter(|letter| kind.contains(*letter)).collect() };
        let inside = |pattern: &str| pattern.rsplit_once('[').unwrap().1.split_once(']').unwrap().0.replace("A-Za-z0-9", "");
        for letter in ' '..='~' {
            let is_plain = letter.is_ascii_alphanumeric();
            let name = format!("a{letter}");
            assert_eq!(ProjectName::parse(&name).is_ok(), is_plain || letters(&inside(NAME)).contains(letter), "{name}");
            assert_eq!(UserName::parse(&name).is_ok(), is_plain || letters(&inside(USER)).contains(letter), "{name}");
            assert_eq!(ProjectName::parse(&letter.to_string()).is_ok(), is_plain);
        }
    }
}
