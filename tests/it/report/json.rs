//! What is shown, for programs: what the schema says is what is there.

use std::collections::BTreeSet;

use heartbeat::model::{EntryKind, IncidentKind, NotificationKind};
use heartbeat::report::json::{BeatJson, EntryJson, IncidentJson, IncidentStoryJson, NotificationJson, ReportJson};
use heartbeat::report::report;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::world::{START, World, after};
use crate::store::samples::{entry, incident, notification, set_up_channel, spec, webhook};

/// Every field that a schema names, those of the schemas that it is put together from with them.
fn described<T: ToSchema>() -> BTreeSet<String> {
    let mut all: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> = Vec::new();
    T::schemas(&mut all);
    let parts: Vec<(String, Value)> = all.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap())).collect();
    let mut fields = BTreeSet::new();
    collect(&serde_json::to_value(T::schema()).unwrap(), &parts, &mut fields);
    fields
}

fn collect(schema: &Value, parts: &[(String, Value)], fields: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        fields.extend(properties.keys().cloned());
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        match part["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            Some(name) => parts.iter().filter(|(part, _)| part == name).for_each(|(_, schema)| collect(schema, parts, fields)),
            None => collect(part, parts, fields),
        }
    }
}

fn compare<T: ToSchema + Serialize>(value: &T) {
    let value = serde_json::to_value(value).unwrap();
    let there: BTreeSet<String> = value.as_object().unwrap().keys().cloned().collect();
    assert_eq!(there, described::<T>(), "{}", T::name());
}

#[tokio::test]
async fn every_field_is_described_and_none_that_is_not_there() {
    let world = World::new().await;
    world.store.apply(&[spec("shop")], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    world.record(project.routes[0].id, START, "AA").await;
    let now = after(START.plus(2), 0);
    let whole = report(&world.store, project.clone(), None, now).await.unwrap();
    compare(&ReportJson::of(&whole));
    compare(&ReportJson::of(&whole).today);
    compare(&BeatJson::of(&project, whole.newest_seen.as_ref().unwrap(), &[]));
    let incident = incident(&project, IncidentKind::Ingestion, 0);
    let channel = set_up_channel(&world.store, webhook("ops")).await;
    let story = IncidentStoryJson {
        incident: IncidentJson::of(&incident, now, None),
        timeline: vec![EntryJson::of(&entry(EntryKind::Opened, "it began"))],
        notifications: vec![NotificationJson::of(&notification(channel.id, &incident, NotificationKind::Opened, 0), &[channel])],
    };
    compare(&story.incident);
    compare(&story.timeline[0]);
    compare(&story.notifications[0]);
    compare(&story);
}
