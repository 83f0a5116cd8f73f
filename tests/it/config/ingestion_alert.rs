//! `[project.ingestion_alert]`: every setting under its name, as text or plainly, and secrets left to the store.

use heartbeat::config::{Desired, Environment};
use heartbeat::model::{IngestionAlertApp, ProjectSpec, RuleKind};

use super::{File, environment};

fn file(lines: &str) -> String {
    format!("[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n[project.ingestion_alert]\n{lines}\n")
}

fn desired(lines: &str) -> Desired<ProjectSpec> {
    File::of(file(lines)).load(&environment()).unwrap_or_else(|problems| panic!("{lines}: {problems:?}")).projects.remove(0)
}

fn app(lines: &str) -> IngestionAlertApp {
    desired(lines).spec.ingestion_alert.unwrap()
}

#[test]
fn one_secret_in_two_places_is_reported() {
    let problems = File::of(file("posthogApiKey = \"phx_hunter2\"\nposthogApiKey_file = \"key\"")).problems();
    insta::assert_snapshot!(problems, @r#"
    heartbeat.toml:7: project "shop", ingestion alert: posthogApiKey_file cannot be combined with posthogApiKey; give one of them
    "#);
}

#[test]
fn a_secret_that_is_named_is_never_quoted() {
    let file = File::of(file("webHookUrlTriggered_env = \"HOOK\"\nwebHookUrlResolved_file = \"hook\""));
    file.beside("hook", "ftp://example.com/hunter2\n");
    let environment = Environment::of([("HOOK", "example.com/hunter2")]).with_data_directory("/nowhere");
    insta::assert_snapshot!(file.load(&environment).unwrap_err().join("\n"), @r#"
    heartbeat.toml:6: project "shop", ingestion alert: webHookUrlTriggered_env names a variable whose value has no protocol; begin it with `https://`
    heartbeat.toml:7: project "shop", ingestion alert: webHookUrlResolved_file names a file whose text is an address with `ftp`, but must be http or https
    "#);
}

#[test]
fn the_section_alone_installs_it_with_the_defaults() {
    assert_eq!(app(""), IngestionAlertApp::default());
    assert!(!app("enabled = false").enabled);
}

#[test]
fn every_setting_is_heard_as_text() {
    for setting in IngestionAlertApp::settings().iter().filter(|setting| !setting.default.starts_with("the project's")) {
        assert_eq!(app(&format!("{} = '{}'", setting.key, setting.default)), IngestionAlertApp::default(), "{}", setting.key);
    }
    let set =
        app("timeRange = \"45\"\nwatch = \"signup, purchase\"\nposthogHost = \"eu\"\nlag_above = \"90s\"\nlost_open_after = \"2 of 4\"");
    for (key, value) in
        [("timeRange", "45"), ("watch", "signup, purchase"), ("posthogHost", "eu"), ("lag_above", "1m30s"), ("lost_open_after", "2 of 4")]
    {
        assert_eq!(set.value(key).as_deref(), Some(value), "{key}");
    }
}

#[test]
fn numbers_and_switches_may_stand_plainly() {
    let set = app("timeRange = 0x2d\nlost_close_after = 7\nno_event = false\nquiet = true\nblind = false");
    assert_eq!(set.value("timeRange").as_deref(), Some("45"));
    assert_eq!(set.rule(RuleKind::Lost).damping.good, 7);
    assert_eq!([RuleKind::NoEvent, RuleKind::Quiet, RuleKind::Blind].map(|kind| set.rule(kind).on), [false, true, false]);
}

#[test]
fn a_secret_is_left_alone_set_or_removed() {
    let stored = [desired("posthogApiKey = \"phx_stored\"\nwebHookUrlTriggered = \"https://example.com/stored\"").spec];
    let read = |spec: &ProjectSpec, key: &str| spec.ingestion_alert.as_ref().unwrap().value(key);

    let left = desired("timeRange = 5").over(&stored).unwrap();
    assert_eq!(read(&left, "posthogApiKey").as_deref(), Some("phx_stored"));
    assert_eq!(read(&left, "webHookUrlTriggered").as_deref(), Some("https://example.com/stored"));
    assert_eq!((read(&left, "webHookUrlResolved"), read(&left, "timeRange").as_deref()), (None, Some("5")));

    let said = desired("posthogApiKey = \"phx_new\"\nwebHookUrlTriggered = \"\"").over(&stored).unwrap();
    assert_eq!((read(&said, "posthogApiKey").as_deref(), read(&said, "webHookUrlTriggered")), (Some("phx_new"), None));
    assert_eq!(read(&desired("").over(&[]).unwrap(), "posthogApiKey"), None);

    let bare = [ProjectSpec { ingestion_alert: None, ..stored[0].clone() }];
    assert_eq!(
        desired("").over(&bare).unwrap().ingestion_alert,
        Some(IngestionAlertApp::default()),
        "newly installed, with nothing stored"
    );
}
