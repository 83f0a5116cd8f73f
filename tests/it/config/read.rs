//! What is right is read as it is meant.

use std::path::PathBuf;
use std::time::Duration;

use heartbeat::config::Settings;
use heartbeat::model::{DistinctId, Endpoint, HeartbeatApp, IngestionAlertApp, ProjectSpec, Retention, Timing};

use super::{File, environment, example};

const LEAST: &str = "[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n";

fn read(text: &str) -> Settings {
    File::of(text).load(&environment()).unwrap()
}

fn only(settings: &Settings) -> &ProjectSpec {
    assert_eq!(settings.projects.len(), 1);
    &settings.projects[0].spec
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = read(LEAST);
    assert_eq!(settings.database.file(), Some(PathBuf::from("/nowhere/heartbeat.db")));
    assert_eq!(settings.retention, Retention::default());
    let spec = only(&settings);
    assert_eq!(spec.timing, Timing::default());
    assert_eq!((spec.heartbeat.as_ref(), spec.posthog_id, spec.personal_key.as_ref()), (None, None, None));

    let installed = read(&format!("{LEAST}[project.heartbeat]\n"));
    assert_eq!(only(&installed).heartbeat, Some(HeartbeatApp::default()));
}

#[test]
fn a_project_has_tags_and_whatever_chooses_projects_may_name_them() {
    let channel =
        "[[channel]]\nname = \"ops\"\nkind = \"slack\"\nurl = \"https://hooks.example.com/x\"\nprojects = [\"tag:eu\", \"shop\"]\n";
    let settings = read(&format!("{LEAST}tags = [\"checkout\", \"eu\"]\n{channel}"));
    assert_eq!(only(&settings).tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["checkout", "eu"]);
    assert_eq!(settings.channels[0].spec.projects.to_texts(), ["tag:eu", "shop"]);
    assert!(only(&read(LEAST)).tags.is_empty() && only(&read(&format!("{LEAST}tags = []\n"))).tags.is_empty());
    let wrong = |tags: &str| File::of(format!("{LEAST}tags = {tags}\n")).problems();
    for (tags, says) in [
        ("\"eu\"", "tags `\"eu\"` must be a list"),
        ("[\"eu\", \"eu\"]", "tags `eu` is given twice"),
        ("[\"e u\"]", "tags `e u` may only contain letters"),
        ("[\"tag:eu\"]", "tags `tag:eu` may only contain letters"),
        (&format!("{:?}", (0..21).map(|at| format!("t{at}")).collect::<Vec<_>>()), "tags names 21; at most 20 are allowed"),
    ] {
        assert!(wrong(tags).contains(says), "{tags}: {}", wrong(tags));
    }
}

#[test]
fn a_token_goes_by_both_its_names() {
    assert_eq!(read(&LEAST.replace("token", "project_api_key")).projects, read(LEAST).projects);
}

#[test]
fn every_setting_is_heard() {
    let settings = read(
        r#"
        [service]
        database = "postgres://me:hunter2@db/x"
        keep_beats = "7d"
        keep_hours = "30d"
        keep_evidence = "10d12h"
        [[project]]
        name = "shop"
        host = "https://t.example.com/ingest/"
        api_host = "eu"
        token = "phc_a"
        personal_api_key = "phx_b"
        project_id = 0x10
        late_after = "90s"
        lost_after = "12h"
        readback_interval = "1h"
        timeout = "5s"
        [project.heartbeat]
        enabled = false
        events = "heartbeat_api+heartbeat"
        host = "http://localhost:8000"
        project_api_key = "phc_a"
        [[project.heartbeat.route]]
        name = "one"
        event = "$heartbeat"
        [[project.heartbeat.route]]
        name = "two"
        event = "mine"
        host = "us"
        endpoint = "v1"
        distinct_id = "x {minute}"
        "#,
    );
    assert_eq!(settings.database.url(), "postgres://me:hunter2@db/x");
    let day = Duration::from_hours(24);
    assert_eq!(settings.retention, Retention { beats: 7 * day, hours: 30 * day, evidence: 10 * day + day / 2 });
    let spec = only(&settings);
    assert_eq!((spec.host.capture(), spec.api()), ("https://t.example.com/ingest", "https://eu.posthog.com"));
    assert_eq!((spec.token.as_str(), spec.personal_key.as_ref().unwrap().expose()), ("phc_a", "phx_b"));
    assert_eq!(spec.posthog_id, Some(16));
    let [late_after, lost_after, readback_interval] = [Duration::from_secs(90), Duration::from_hours(12), Duration::from_hours(1)];
    assert_eq!(spec.timing, Timing { late_after, lost_after, readback_interval, timeout: Duration::from_secs(5) });
    let app = spec.heartbeat.as_ref().unwrap();
    assert_eq!((app.enabled, app.events.to_string().as_str()), (false, "heartbeat + heartbeat_api"));
    assert_eq!(app.host.as_ref().unwrap().capture(), "http://localhost:8000");
    assert_eq!(app.project_api_key.as_ref(), Some(&spec.token));
    let [one, two] = app.routes.as_slice() else { panic!("two routes") };
    assert_eq!((one.name.as_str(), one.event.as_str(), one.host.as_ref(), one.endpoint), ("one", "$heartbeat", None, Endpoint::V0));
    assert_eq!(one.distinct_id, DistinctId::Fixed(HeartbeatApp::DISTINCT_ID.to_owned()));
    assert_eq!((two.endpoint, &two.distinct_id), (Endpoint::V1, &DistinctId::Fresh("x ".to_owned())));
}

#[test]
fn a_personal_key_is_left_alone_set_or_removed() {
    let wish = |line: &str| read(&format!("{LEAST}{line}\n")).projects.remove(0);
    let stored = [wish("personal_api_key = \"phx_stored\"").spec];
    let key_of = |spec: ProjectSpec| spec.personal_key.map(|key| key.expose().to_owned());

    assert!(wish("").leaves("personal_api_key") && !wish("personal_api_key = \"\"").leaves("personal_api_key"));
    assert_eq!(key_of(wish("").over(&stored).unwrap()).as_deref(), Some("phx_stored"));
    assert_eq!(key_of(wish("").over(&[]).unwrap()), None);
    assert_eq!(key_of(wish("personal_api_key = \"phx_new\"").over(&stored).unwrap()).as_deref(), Some("phx_new"));
    assert_eq!(key_of(wish("personal_api_key = \"\"").over(&stored).unwrap()), None);
}

#[test]
fn the_example_is_right_and_says_what_holds_anyway() {
    let spec = read(&example());
    let spec = only(&spec);
    assert_eq!(spec.timing, Timing::default());
    let app = spec.heartbeat.as_ref().unwrap();
    assert_eq!(HeartbeatApp { routes: Vec::new(), ..app.clone() }, HeartbeatApp::default());
    assert_eq!(app.routes.len(), 1);
    assert_eq!(spec.ingestion_alert, Some(IngestionAlertApp::default()));
}

#[test]
fn a_placeholder_of_the_example_is_rejected_wherever_it_stands() {
    let uncovered =
        ["#personal_api_key = ", "#webHookUrlTriggered = ", "#webHookUrlResolved = ", "#posthogApiKey = ", "#public_url", "#oidc"];
    let uncover = |line: &str| if uncovered.iter().any(|key| line.starts_with(key)) { line[1..].to_owned() } else { line.to_owned() };
    let text = heartbeat::config::EXAMPLE.lines().map(uncover).collect::<Vec<_>>().join("\n").replace("enabled = false", "enabled = true");
    let problems = File::of(text).problems();
    let problems = problems.lines().filter_map(|line| line.split_once(": ")).map(|(_, says)| says).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(problems, @r#"
    web.oidc: client_secret is an example placeholder; give your own value
    project "shop": token is an example placeholder; give your own value
    project "shop": personal_api_key is an example placeholder; give your own value
    project "shop", ingestion alert: webHookUrlTriggered is an example placeholder; give your own value
    project "shop", ingestion alert: webHookUrlResolved is an example placeholder; give your own value
    project "shop", ingestion alert: posthogApiKey is an example placeholder; give your own value
    channel "ops": url is an example placeholder; give your own value
    channel "night-mail": url is an example placeholder; give your own value
    "#);
}

#[test]
fn every_line_that_the_example_shows_and_leaves_out_is_right_too() {
    let shown = |line: &&str| line.starts_with('#') && line.as_bytes().get(1).is_some_and(u8::is_ascii_lowercase);
    let example = example();
    let hidden = example.lines().filter(shown).collect::<Vec<_>>();
    assert!(hidden.len() >= 10, "{hidden:?}");
    for line in hidden {
        // One key stands in one place, and a window is open at one kind of times.
        let instead: &[&str] = match line {
            line if line.starts_with("#token") => &["token = "],
            line if line.starts_with("#url") => &["url = \"https://hooks"],
            line if ["#weekly", "#cron", "#lasts", "#timezone"].iter().any(|key| line.starts_with(key)) => &["from = 2026", "to = 2026"],
            _ => &[],
        };
        // What is nothing by itself.
        let beside = match line.split(' ').next() {
            Some("#cron") => "#lasts",
            Some("#lasts") => "#cron",
            Some("#timezone") => "#weekly",
            Some("#oidc") => "#public_url",
            _ => line,
        };
        let uncover = |text: &str| if text.starts_with(line) || text.starts_with(beside) { text[1..].to_owned() } else { text.to_owned() };
        let cover = |text: String| if instead.iter().any(|key| text.starts_with(key)) { format!("#{text}") } else { text };
        let file = File::of(example.lines().map(uncover).map(cover).collect::<Vec<_>>().join("\n"));
        file.beside("shop.token", "phc_a");
        file.beside("shop.key", "phx_a");
        for name in ["dead-man.url", "triggered.url", "resolved.url", "slack.url"] {
            file.beside(name, "https://example.com/hook");
        }
        let environment = heartbeat::config::Environment::of([
            ("SHOP_TOKEN", "phc_a"),
            ("SHOP_PERSONAL_API_KEY", "phx_a"),
            ("SHOP_DEAD_MAN", "https://example.com/ping"),
            ("SHOP_TRIGGERED", "https://example.com/triggered"),
            ("SHOP_RESOLVED", "https://example.com/resolved"),
            ("SHOP_SLACK", "https://example.com/slack"),
        ]);
        file.load(&environment.with_data_directory("/nowhere")).unwrap_or_else(|problems| panic!("{line}: {problems:?}"));
    }
}
