//! Ingestion Alert on a project: its settings, its secrets, its switch, and the pair of webhooks that it brings along.

use heartbeat::model::{
    AppKind, Channel, ChannelKind, ChannelSpec, Incident, IncidentKind, IngestionAlertApp, Notification, NotificationKind,
    NotificationState, ProjectSpec, Stopped,
};
use heartbeat::store::{ChannelNews, IncidentFilter, NotificationFilter, Store, StoreError};

use super::bed::{Bed, cipher};
use super::samples::{
    START, at, find, incident, name, notification, open_incident, pair_of, queues, set_up, set_up_channel, spec, webhook,
};

over_both!(
    every_setting_comes_back_as_it_was,
    each_app_has_a_switch_of_its_own,
    one_app_is_uninstalled_without_the_other,
    no_secret_stands_in_clear,
    another_key_does_not_open_the_secrets_of_the_app,
    damaged_settings_are_named,
    the_app_brings_its_pair_of_webhooks_along,
    the_pair_keeps_its_number_and_goes_with_the_settings,
    a_pair_that_is_put_as_it_was_does_not_deliver_again,
    the_webhooks_of_a_removed_project_send_what_is_left_and_go,
    a_project_that_is_set_up_anew_takes_its_pair_over,
    a_channel_may_be_called_like_a_project,
);

const TRIGGERED: &str = "https://hooks.example.com/triggered?key=never-in-clear";
const RESOLVED: &str = "https://hooks.example.com/resolved?key=never-in-clear";

fn alert(settings: &[(&str, &str)]) -> IngestionAlertApp {
    let mut app = IngestionAlertApp::default();
    for (key, text) in settings {
        app.set(key, text).unwrap();
    }
    app
}

fn alerting(text: &str, settings: &[(&str, &str)]) -> ProjectSpec {
    ProjectSpec { ingestion_alert: Some(alert(settings)), ..spec(text) }
}

fn with_pair(text: &str) -> ProjectSpec {
    alerting(text, &[("webHookUrlTriggered", TRIGGERED), ("webHookUrlResolved", RESOLVED)])
}

/// A value for each setting that is not its default.
fn another(key: &str) -> &'static str {
    match key {
        "timeRange" => "45",
        "due" => "mon-fri 08:00-20:00 Europe/Berlin",
        "webHookUrlTriggered" => TRIGGERED,
        "webHookUrlResolved" => RESOLVED,
        "posthogApiKey" => "phx_never-in-clear",
        "posthogHost" => "https://posthog.example.com",
        "watch" => "signup, \"pürchase\"",
        "quiet" => "on",
        "lag_above" | "blind" => "1m30s",
        "quota_above" => "75%",
        key if key.ends_with("_open_after") => "2 of 7",
        key if key.ends_with("_close_after") => "9",
        "quiet_severity" => "critical",
        key if key.ends_with("_severity") => "info",
        key if key.ends_with("_reminders") => "30m, 2h",
        _ => "off",
    }
}

async fn every_setting_comes_back_as_it_was(bed: Bed) {
    let store = bed.open().await;
    let keys: Vec<&str> = IngestionAlertApp::settings().iter().map(|setting| setting.key).collect();
    for key in &keys {
        let put = alerting("one", &[(key, another(key))]);
        assert_ne!(put.ingestion_alert, Some(IngestionAlertApp::default()), "{key}");
        assert_eq!(set_up(&store, put.clone()).await.spec, put, "{key}");
    }
    let all: Vec<(&str, &str)> = keys.iter().map(|key| (*key, another(key))).collect();
    let mut put = alerting("one", &all);
    put.ingestion_alert.as_mut().unwrap().enabled = false;
    assert_eq!(set_up(&store, put.clone()).await.spec, put);
    let put = ProjectSpec { heartbeat: None, ..alerting("one", &[]) };
    assert_eq!(set_up(&store, put.clone()).await.spec, put);
    let off = alerting("one", &[("lag_above", "90s"), ("lag_above", "off")]);
    assert_eq!(set_up(&store, off.clone()).await.spec, off, "the limit of a rule that is off is not kept");
}

async fn each_app_has_a_switch_of_its_own(bed: Bed) {
    let store = bed.open().await;
    let turn = async |second: i64, heartbeat: Option<bool>, alerting: Option<bool>| {
        let mut put = spec("one");
        put.heartbeat = heartbeat.map(|enabled| heartbeat::model::HeartbeatApp { enabled, ..Default::default() });
        put.ingestion_alert = alerting.map(|enabled| {
            let mut app = alert(&[]);
            app.enabled = enabled;
            app
        });
        store.apply(&[put], &[], at(START, second * 1000)).await.unwrap();
    };
    turn(0, Some(true), None).await;
    turn(1, Some(true), Some(true)).await;
    turn(2, Some(false), Some(true)).await;
    turn(3, None, Some(false)).await;
    turn(4, Some(true), Some(false)).await;
    turn(5, Some(true), Some(true)).await;
    turn(6, Some(true), None).await;
    let project = find(&store, &name("one")).await;
    let of = |app: AppKind| -> Vec<(i64, bool)> {
        let turns = project.switches.iter().filter(|switch| switch.app == app);
        turns.map(|switch| ((switch.at.ms() - START.start().ms()) / 1000, switch.on)).collect()
    };
    assert_eq!(of(AppKind::Heartbeat), [(0, true), (2, false), (4, true)]);
    assert_eq!(of(AppKind::IngestionAlert), [(1, true), (3, false), (5, true), (6, false)]);
    assert_eq!((project.on_since(), project.alert_since()), (Some(at(START, 4000)), None));
}

async fn one_app_is_uninstalled_without_the_other(bed: Bed) {
    let store = bed.open().await;
    let both = set_up(&store, with_pair("one")).await;
    let without = ProjectSpec { ingestion_alert: None, ..both.spec.clone() };
    let project = set_up(&store, without.clone()).await;
    assert_eq!((&project.spec, &project.routes), (&without, &both.routes));
    let only = ProjectSpec { heartbeat: None, ..with_pair("one") };
    assert_eq!(set_up(&store, only.clone()).await.spec, only);
}

async fn no_secret_stands_in_clear(bed: Bed) {
    let store = bed.open().await;
    let all: Vec<(&str, &str)> = IngestionAlertApp::settings().iter().map(|setting| (setting.key, another(setting.key))).collect();
    set_up(&store, alerting("one", &all)).await;
    assert!(bed.holds("timeRange").await, "this reads what is stored");
    for text in ["never-in-clear", "hooks.example.com", "phx_"] {
        assert!(!bed.holds(text).await, "{text}");
    }
    let printed = format!("{:?} {:?}", store.projects().await.unwrap(), store.channels().await.unwrap());
    assert!(!printed.contains("never-in-clear"), "{printed}");
}

async fn another_key_does_not_open_the_secrets_of_the_app(bed: Bed) {
    let store = bed.open().await;
    let put = ProjectSpec { personal_key: None, ..with_pair("one") };
    let pair = pair_of(&store, set_up(&store, put.clone()).await.id).await.unwrap();
    let stranger = bed.try_open_with(cipher('B')).await.unwrap();
    let error = stranger.projects().await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(_)), "{error:?}");
    assert!(error.to_string().starts_with("the secret ingestion-alert settings of project one cannot be decrypted"), "{error}");
    let said = stranger.channels().await.unwrap_err().to_string();
    assert!(said.starts_with("the webhooks of project one cannot be decrypted"), "{said}");
    // Put again, it is encrypted with the new key.
    assert_eq!(set_up(&stranger, put.clone()).await.spec, put);
    assert_eq!(pair_of(&stranger, find(&stranger, &name("one")).await.id).await.unwrap().id, pair.id);
    // Removed, it takes a pair along that does not open.
    store.apply(&[], &[name("one")], START.start()).await.unwrap();
    assert_eq!(store.channels().await.unwrap(), []);
}

async fn damaged_settings_are_named(bed: Bed) {
    let store = bed.open().await;
    set_up(&store, with_pair("one")).await;
    for (damage, says) in [
        ("settings = '{'", "its ingestion-alert settings in the database cannot be read"),
        ("settings = '{\"timeRange\":30}'", "its ingestion-alert settings in the database cannot be read"),
        ("settings = '{\"timeRange\":\"soon\"}'", "its ingestion-alert setting timeRange in the database cannot be read: `soon` must be"),
        ("settings = '{\"colour\":\"red\"}'", "its ingestion-alert setting colour in the database cannot be read: is not a setting"),
        ("settings = '{}', secrets = ''", "the secret ingestion-alert settings of project one cannot be decrypted"),
    ] {
        bed.execute(&format!("UPDATE apps SET {damage} WHERE kind = 'ingestion-alert'")).await;
        let said = store.projects().await.unwrap_err().to_string();
        assert!(said.contains("project one") && said.contains(says), "{damage}: {said}");
    }
}

async fn the_app_brings_its_pair_of_webhooks_along(bed: Bed) {
    let store = bed.open().await;
    let without = set_up(&store, alerting("without", &[])).await;
    assert_eq!(pair_of(&store, without.id).await, None);
    for put in
        [with_pair("one"), alerting("one", &[("webHookUrlTriggered", TRIGGERED)]), alerting("one", &[("webHookUrlResolved", RESOLVED)])]
    {
        let project = set_up(&store, put).await;
        let app = project.spec.ingestion_alert.unwrap();
        let mut expected =
            ChannelSpec { projects: [name("one")].into_iter().collect(), ..ChannelSpec::new(name("one"), ChannelKind::GetPair) };
        expected.values.set("triggered", app.webhook_triggered.as_ref().map_or("", |url| url.expose()));
        expected.values.set("resolved", app.webhook_resolved.as_ref().map_or("", |url| url.expose()));
        assert_eq!(pair_of(&store, project.id).await.unwrap().spec, expected);
    }
    // Those of apps come last, by project, and nobody else puts or removes them.
    let second = set_up(&store, with_pair("a-second")).await.id;
    set_up_channel(&store, webhook("z")).await;
    store.apply_channels(&[], &[name("one")]).await.unwrap();
    let all = store.channels().await.unwrap();
    let one = find(&store, &name("one")).await.id;
    assert_eq!(all.iter().map(|channel| channel.of_app).collect::<Vec<_>>(), [None, Some(one), Some(second)]);
}

/// Owes the pair a notification, and stops it.
async fn stop(store: &Store, pair: &Channel) {
    let stopped = Stopped { at: START.start(), words: "410".into(), retried: false };
    store.mark(&[], &[ChannelNews::Stopped(pair.id, stopped)], &[]).await.unwrap();
}

async fn the_pair_keeps_its_number_and_goes_with_the_settings(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, with_pair("one")).await;
    let pair = pair_of(&store, project.id).await.unwrap();
    let open = incident(&project, IncidentKind::Ingestion, 0);
    store.write_incident(&open, &[], &queues(&[notification(pair.id, &open, NotificationKind::Opened, 0)])).await.unwrap();
    // 1. Changed: the same channel, and it delivers again.
    stop(&store, &pair).await;
    let mut changed = with_pair("one");
    changed.ingestion_alert.as_mut().unwrap().set("webHookUrlTriggered", "https://example.com/new").unwrap();
    set_up(&store, changed.clone()).await;
    let after = pair_of(&store, project.id).await.unwrap();
    assert_eq!((after.id, after.stopped), (pair.id, None));
    assert_eq!(after.spec.value("triggered"), "https://example.com/new");
    // 2. With the app off it stays, to send what is resolved.
    changed.ingestion_alert.as_mut().unwrap().enabled = false;
    set_up(&store, changed).await;
    assert!(pair_of(&store, project.id).await.unwrap().spec.enabled);
    // 3. Gone with both addresses, its notifications with it; and with the app, once nothing is queued for it.
    set_up(&store, alerting("one", &[])).await;
    assert_eq!(pair_of(&store, project.id).await, None);
    assert_eq!(store.notifications(&NotificationFilter::default()).await.unwrap(), []);
    set_up(&store, with_pair("one")).await;
    assert_ne!(pair_of(&store, project.id).await.unwrap().id, pair.id, "no number is used twice");
    set_up(&store, spec("one")).await;
    let drop_old = async || store.drop_old_incidents(START, START.start()).await.unwrap();
    assert_eq!(drop_old().await, 0, "an incident is open");
    let open = store.incidents(&IncidentFilter::default()).await.unwrap().remove(0);
    store.write_incident(&Incident { closed: Some(at(START, 5)), ..open }, &[], &queues(&[])).await.unwrap();
    assert_eq!(drop_old().await, 1);
    assert_eq!(store.channels().await.unwrap(), []);
}

async fn a_pair_that_is_put_as_it_was_does_not_deliver_again(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, with_pair("one")).await;
    stop(&store, &pair_of(&store, project.id).await.unwrap()).await;
    set_up(&store, ProjectSpec { posthog_id: Some(7), ..with_pair("one") }).await;
    assert!(pair_of(&store, project.id).await.unwrap().stopped.is_some());
}

async fn the_webhooks_of_a_removed_project_send_what_is_left_and_go(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, with_pair("one")).await;
    let stays = set_up(&store, with_pair("stays")).await;
    let pair = pair_of(&store, project.id).await.unwrap();
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    store.apply(&[], &[name("one")], START.start()).await.unwrap();
    let drop_old = async || store.drop_old_incidents(START, START.start()).await.unwrap();
    // 1. Its incident is still to be resolved.
    assert_eq!(drop_old().await, 0);
    let over = Incident { closed: Some(at(START, 5)), ..open };
    store.write_incident(&over, &[], &queues(&[notification(pair.id, &over, NotificationKind::Resolved, 0)])).await.unwrap();
    // 2. That is still to be sent.
    assert_eq!(drop_old().await, 0);
    let leased = store.lease(START.start(), at(START, 9), 9).await.unwrap();
    assert_eq!((leased.len(), leased[0].channel), (1, pair.id));
    store.mark(&[Notification { state: NotificationState::Sent, ended: Some(at(START, 6)), ..leased[0].clone() }], &[], &[]).await.unwrap();
    // 3. Nothing is left to send.
    let revision = store.revision().await.unwrap();
    assert_eq!(drop_old().await, 0, "what it was notified of stays on record, and its name with it");
    assert_eq!(store.revision().await.unwrap(), revision + 1, "the loops are to forget it");
    assert_eq!(store.channels().await.unwrap(), [pair_of(&store, stays.id).await.unwrap()]);
    assert_eq!((drop_old().await, store.revision().await.unwrap()), (0, revision + 1));
}

async fn a_project_that_is_set_up_anew_takes_its_pair_over(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, with_pair("one")).await;
    let pair = pair_of(&store, project.id).await.unwrap();
    let open = incident(&project, IncidentKind::Ingestion, 0);
    store.write_incident(&open, &[], &queues(&[notification(pair.id, &open, NotificationKind::Opened, 0)])).await.unwrap();
    store.apply(&[], &[name("one")], START.start()).await.unwrap();
    let anew = set_up(&store, with_pair("one")).await;
    assert_ne!(anew.id, project.id);
    assert_eq!(store.channels().await.unwrap(), [Channel { of_app: Some(anew.id), ..pair.clone() }], "one, not two that both tell");
    assert_eq!(store.lease(START.start(), at(START, 9), 9).await.unwrap().len(), 1);
    // In one step as well.
    store.apply(&[with_pair("one")], &[name("one")], START.start()).await.unwrap();
    let of_app = Some(find(&store, &name("one")).await.id);
    assert_eq!(store.channels().await.unwrap(), [Channel { of_app, ..pair }]);
    // Without addresses there is nobody to notify.
    store.apply(&[alerting("one", &[])], &[name("one")], START.start()).await.unwrap();
    assert_eq!(store.channels().await.unwrap(), []);
}

async fn a_channel_may_be_called_like_a_project(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, with_pair("one")).await;
    let channel = set_up_channel(&store, webhook("one")).await;
    let pair = pair_of(&store, project.id).await.unwrap();
    assert_ne!(channel.id, pair.id);
    assert_eq!(store.channels().await.unwrap(), [channel.clone(), pair]);
    set_up(&store, alerting("one", &[])).await;
    assert_eq!(store.channels().await.unwrap(), [channel]);
}
