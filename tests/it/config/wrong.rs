//! Every setting, wrong in every way: one clear sentence each, with the field and the value, and never a secret.

use std::fmt::Write as _;

use super::File;

/// Stands in every secret field that is wrong here, and must not come out.
const SECRET: &str = "hunter2";

const WRONG_SERVICE: &[&str] = &[
    r#"database = "heartbeat.db""#,
    r#"database = "mysql://me:hunter2@db/x""#,
    r#"database = "sqlite:""#,
    r#"database = """#,
    r#"database = "postgres://me:hunter2@:port/x""#,
    "database = 5",
    r#"keep_beats = "14""#,
    r#"keep_beats = "1h""#,
    "keep_beats = 14",
    r#"keep_hours = "2d""#,
    r#"keep_evidence = "forever""#,
    r#"keep_event = "1d""#,
    r#"dead_man_url = "hc-ping.com/hunter2""#,
    r#"dead_man_url = "ftp://hc-ping.com/hunter2""#,
    r#"dead_man_url = ["https://hc-ping.com/hunter2"]"#,
    r#"dead_man_url_env = "hunter2""#,
    r#"dead_man_url_file = "no-such-file""#,
    r#"dead_man_method = "HEAD""#,
];

const WRONG_PROJECT: &[&str] = &[
    r#"name = """#,
    r#"name = "my shop""#,
    "name = 7",
    r#"host = """#,
    r#"host = "posthog.example.com""#,
    r#"host = "ftp://posthog.example.com""#,
    r#"host = "https://me:hunter2@posthog.example.com""#,
    r#"host = "http://""#,
    r#"host = "phc_abc""#,
    r#"host = "phx_hunter2""#,
    r#"host = ["us"]"#,
    r#"api_host = "e u""#,
    r#"token = "phx_hunter2""#,
    r#"token = "phs_hunter2""#,
    r#"token = """#,
    r#"token = "hunter2 hunter2""#,
    r#"token = "hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-""#,
    "token = 5",
    r#"project_api_key = "phx_hunter2""#,
    r#"token_env = "SHOP_TOKEN""#,
    r#"token_env = "hunter2""#,
    r#"token_file = "no-such-file""#,
    r#"personal_api_key = "phc_abc""#,
    r#"personal_api_key = "hunter2 hunter2""#,
    r#"personal_api_key = ["hunter2"]"#,
    r#"personal_api_key_env = "SHOP_KEY""#,
    r#"personal_api_key_env = "phx_hunter2""#,
    r#"personal_api_key_file = ".""#,
    r#"personal_api_key_file = "phx_hunter2""#,
    r#"personal_api_keyy = "hunter2""#,
    "project_id = 0",
    "project_id = -1",
    "project_id = 1.5",
    "project_id = 99999999999999999999",
    r#"late_after = "15m""#,
    r#"late_after = "2""#,
    r#"late_after = "0s""#,
    "late_after = 2",
    r#"lost_after = "13h""#,
    r#"lost_after = "1m""#,
    r#"readback_interval = "30s""#,
    r#"readback_interval = "2h""#,
    r#"timeout = "0s""#,
    r#"timeout = "21s""#,
    r#"hots = "us""#,
    r#"colour = "red""#,
];

const WRONG_HEARTBEAT: &[&str] = &[
    r#"enabled = "yes""#,
    "enabled = 1",
    r#"events = "heartbeat + heartbeet""#,
    r#"events = "heartbeat + heartbeat""#,
    r#"events = ["heartbeat"]"#,
    r#"host = "t.example.com""#,
    r#"project_api_key = "phc_other""#,
    r#"project_api_key = "phx_hunter2""#,
    "enable = true",
];

const WRONG_ROUTE: &[&str] = &[
    r#"name = "heartbeat_api""#,
    r#"name = "a b""#,
    r#"event = """#,
    r#"event = "$pageview""#,
    r#"event = "a\u0007b""#,
    r#"host = "t.example.com/ingest""#,
    r#"endpoint = "v2""#,
    "endpoint = 1",
    r#"distinct_id = "anonymous""#,
    r#"distinct_id = "{minute} x""#,
    "distinct_id = false",
    r#"evnt = "x""#,
];

const WRONG_INGESTION_ALERT: &[&str] = &[
    r#"enabled = "on""#,
    "timeRange = 0",
    r#"timeRange = "30m""#,
    "timeRange = 1.5",
    "timerange = 30",
    r#"webHookUrlTriggered = "example.com/hunter2""#,
    r#"webHookUrlTriggered = "ftp://example.com/hunter2""#,
    r#"webHookUrlTriggered = ["https://example.com/hunter2"]"#,
    r#"webHookUrlTriggered_env = "hunter2""#,
    r#"webHookUrlTriggered_env = "HOOK""#,
    r#"webHookUrlResolved_file = "no-such-file""#,
    r#"webhookurlresolved = "https://example.com/hunter2""#,
    r#"posthogApiKey = "phc_abc""#,
    r#"posthogApiKey = "hunter2 hunter2""#,
    "posthogApiKey = true",
    r#"posthogHost = "posthog.example.com""#,
    r#"posthogHost = "https://me:hunter2@posthog.example.com""#,
    r#"watch = "signup,,purchase""#,
    r#"watch = ["signup"]"#,
    r#"no_event = "sometimes""#,
    r#"lost = "5m""#,
    "lost_open_after = 0",
    r#"lost_open_after = "6 of 5""#,
    "lost_close_after = 61",
    r#"lag_above = "soon""#,
    "lag_above = 90",
    r#"blind = "2d""#,
    r#"capture_severity = "grave""#,
    r#"quiet_reminders = "1m""#,
    r#"quite = "on""#,
    r#"lost_after = "1h""#,
];

const WRONG_CHANNEL: &[&str] = &[
    r#"name = "my channel""#,
    r#"kind = "slakc""#,
    r#"kind = "pigeon""#,
    r#"kind = """#,
    "kind = 1",
    r#"enabled = "yes""#,
    r#"projects = "shop""#,
    r#"projects = ["my shop"]"#,
    r#"projects = ["shop", "shop"]"#,
    "projects = [1]",
    r#"severity = "grave""#,
    "at_once = 0",
    "at_once = 70000",
    "title = 1",
    r#"url = "hooks.slack.com/services/hunter2""#,
    r#"url = "smtp://hunter2""#,
    r#"url = """#,
    r#"url = ["https://hooks.slack.com/hunter2"]"#,
    r#"url_env = "hunter2""#,
    r#"url_file = "no-such-file""#,
    r#"routing_key = "hunter2""#,
];

const WRONG_MAINTENANCE: &[&str] = &[
    r#"name = "every night""#,
    r#"projects = ["my shop"]"#,
    r#"from = "tomorrow""#,
    "from = 2026-12-01",
    "from = 2026-12-01T02:00:00",
    "from = 2027-01-01T00:00:00Z",
    "from = 5",
    r#"to = "2026-12-01""#,
    r#"timezone = "Europe/Berlin""#,
    r#"lasts = "2h""#,
    r#"untill = "x""#,
];

/// The smallest file that is right, with `line` in its place.
fn file_with(section: &str, line: &str) -> String {
    let key = line.split([' ', '=']).next().unwrap_or_default();
    let mut file = String::from("[service]\n");
    let mut put = |of: &str, needed: &[(&str, &str)]| {
        for (name, value) in needed.iter().filter(|(name, _)| of != section || *name != key) {
            let _ = writeln!(file, "{name} = {value}");
        }
        if of == section {
            let _ = writeln!(file, "{line}");
        }
        let next = match of {
            "service" => "[[project]]",
            "project" => "[project.heartbeat]",
            "heartbeat" => "[[project.heartbeat.route]]",
            "route" => "[project.ingestion_alert]",
            "ingestion_alert" => "[[channel]]",
            "channel" => "[[maintenance]]",
            _ => "",
        };
        let _ = writeln!(file, "{next}");
    };
    put("service", &[]);
    let is_token = key.starts_with("token") || key == "project_api_key" && section == "project";
    let token: &[(&str, &str)] = if is_token { &[] } else { &[("token", "\"phc_own\"")] };
    put("project", &[&[("name", "\"shop\""), ("host", "\"us\"")], token].concat());
    put("heartbeat", &[]);
    put("route", &[("name", "\"proxy\""), ("event", "\"heartbeat_proxy\"")]);
    put("ingestion_alert", &[]);
    put("channel", &[("name", "\"ops\""), ("kind", "\"slack\"")]);
    let times = [("from", "2026-12-01T02:00:00Z"), ("to", "2026-12-01T04:00:00Z")];
    put("maintenance", &[&[("name", "\"move\"")], &times[..]].concat());
    file
}

#[test]
fn the_file_that_all_others_differ_from_is_right() {
    File::of(file_with("", "")).load(&super::environment()).unwrap();
}

#[test]
fn each_wrong_setting_is_one_sentence() {
    let mut told = String::new();
    let long_event = format!("event = \"{}\"", "x".repeat(201));
    let table = [
        ("service", WRONG_SERVICE),
        ("project", WRONG_PROJECT),
        ("heartbeat", WRONG_HEARTBEAT),
        ("route", WRONG_ROUTE),
        ("ingestion_alert", WRONG_INGESTION_ALERT),
        ("channel", WRONG_CHANNEL),
        ("maintenance", WRONG_MAINTENANCE),
    ];
    let lines = table.iter().flat_map(|(section, lines)| lines.iter().map(move |line| (*section, *line)));
    for (section, line) in lines.chain([("route", long_event.as_str())]) {
        let problems = File::of(file_with(section, line)).problems();
        let field = line.split([' ', '=']).next().unwrap();
        assert_eq!(problems.lines().count(), 1, "{line}: {problems}");
        assert!(problems.contains(field), "{line}: {problems}");
        assert!(!problems.contains(SECRET), "{line}: {problems}");
        let _ = writeln!(told, "[{section}] {line}\n    {problems}");
    }
    insta::assert_snapshot!("wrong settings", told);
}

#[test]
fn what_must_be_there_is_missed_and_the_rest_is_read_on() {
    let problems = File::of("[[project]]\nlate_after = \"2\"\n[[project.heartbeat.route]]\nendpoint = \"v0\"\n").problems();
    insta::assert_snapshot!(problems, @r"
    heartbeat.toml:1: project number 1: name is missing; give it a name, such as `shop`
    heartbeat.toml:1: project number 1: host is missing; give `us`, `eu`, or the address of a PostHog
    heartbeat.toml:1: project number 1: token is missing; give the project token (phc_...), from Settings > Project > General
    heartbeat.toml:2: project number 1: late_after `2` is not a duration; write it like `90s`, `2m`, `1h30m` or `14d`
    heartbeat.toml:3: project number 1, route number 1: name is missing; give it a name, such as `proxy`
    heartbeat.toml:3: project number 1, route number 1: event is missing; give the event a name, such as `heartbeat_proxy`
    ");
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let file = r#"[service]
keep_beats = "14"

[[project]]
name = "shop"
host = "posthog.example.com"
token = "phx_hunter2"
personal_api_key = "phc_public"
late_after = "20m"

[project.heartbeat]
events = "heartbeat_bufer"

[[project]]
name = "shop"
host = "us"
token = "phc_b"
token_file = "x"

[project.heartbeat]

[[project.heartbeat.route]]
name = "proxy"
event = "a"

[[project.heartbeat.route]]
name = "proxy"
event = "b"

[projekt]
name = "x"
"#;
    let problems = File::of(file).problems();
    insta::assert_snapshot!(problems, @r#"
    heartbeat.toml:2: service: keep_beats `14` is not a duration; write it like `90s`, `2m`, `1h30m` or `14d`
    heartbeat.toml:6: project "shop": host `posthog.example.com` has no protocol; did you mean `https://posthog.example.com`?
    heartbeat.toml:7: project "shop": token is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    heartbeat.toml:8: project "shop": personal_api_key is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    heartbeat.toml:12: project "shop", heartbeat: events `heartbeat_bufer` must be one or more of heartbeat, heartbeat_buffer, heartbeat_api, joined by ` + `
    heartbeat.toml:15: project "shop": name `shop` is used twice; each project needs its own name
    heartbeat.toml:18: project "shop": token_file cannot be combined with token; give one of them
    heartbeat.toml:27: project "shop", route "proxy": name `proxy` is used twice; each route of a project needs its own name
    heartbeat.toml:30: `projekt` is not a setting here; did you mean `project`?
    "#);
    assert!(!problems.contains(SECRET));
}

#[test]
fn a_single_bracket_is_distinguished_from_two() {
    let problems = File::of("[project]\nname = \"a\"\nhost = \"nowhere\"\ntoken = \"phc_a\"\n").problems();
    insta::assert_snapshot!(problems, @r#"
    heartbeat.toml:1: [project] must be written [[project]]: there may be more than one
    heartbeat.toml:3: project "a": host `nowhere` has no protocol; did you mean `https://nowhere`?
    "#);
}
