//! `heartbeat config`: settings checked without a store.

use super::{Home, TWO};

#[test]
fn what_is_right_is_counted() {
    let home = Home::new();
    home.file("two.toml", TWO);
    insta::assert_snapshot!(home.run(&["config", "check", "two.toml"]).shown(), @r"
    exit 0
    --- out
    ok two.toml: 2 projects; 3 routes: 4,320 events a day, 129,600 in 30 days
    --- err
    project blog: Heartbeat is not installed; add a section [project.heartbeat] to install it
    project blog: has no personal API key; unless the store has one, arrival is not checked
    ");
    assert!(!home.path("data").exists(), "a check makes no database");
}

#[test]
fn what_is_wrong_is_all_reported() {
    let home = Home::new();
    home.file("bad.toml", "[[project]]\nname = \"shop\"\nhots = \"us\"\ntoken = \"phx_hunter2\"\n");
    insta::assert_snapshot!(home.run(&["config", "check", "bad.toml"]).shown(), @r#"
    exit 2
    --- err
    error: the settings have 3 problems:
      bad.toml:1: project "shop": host is missing; give `us`, `eu`, or the address of a PostHog
      bad.toml:3: project "shop": `hots` is not a setting here; did you mean `host`?
      bad.toml:4: project "shop": token is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    "#);
    insta::assert_snapshot!(home.run(&["config", "check", "bad.toml", "--json"]).shown(), @r#"
    exit 2
    --- out
    {
      "ok": false,
      "projects": [],
      "channels": [],
      "maintenance": [],
      "status_pages": [],
      "problems": [
        "bad.toml:1: project \"shop\": host is missing; give `us`, `eu`, or the address of a PostHog",
        "bad.toml:3: project \"shop\": `hots` is not a setting here; did you mean `host`?",
        "bad.toml:4: project \"shop\": token is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General"
      ]
    }
    "#);
}

#[test]
fn the_example_passes_its_own_check_once_its_token_is_a_real_one() {
    let home = Home::new();
    let example = home.run(&["config", "example"]).out;
    assert_eq!(example, heartbeat::config::EXAMPLE);
    let ran = home.run_with_input(&["config", "check", "-"], &example);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("token is an example placeholder; give your own value"), "{ran:?}");
    let ran = home.run_with_input(&["config", "check", "-"], &example.replace("phc_your_project_token", "phc_a"));
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_environment_is_checked_where_there_is_no_file() {
    let home = Home::new().with("POSTHOG_HOST", "us").with("POSTHOG_PROJECT_API_KEY", "phc_a").with("POSTHOG_PERSONAL_API_KEY", "phx_b");
    insta::assert_snapshot!(home.run(&["config", "check"]).shown(), @r"
    exit 0
    --- out
    ok the environment: 1 project; 1 route: 1,440 events a day, 43,200 in 30 days
    ");
    let home = home.with("POSTHOG_PROJECT_API_KEY", "phx_hunter2");
    insta::assert_snapshot!(home.run(&["config", "check"]).shown(), @r"
    exit 2
    --- err
    error: environment: POSTHOG_PROJECT_API_KEY is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    ");
}

#[test]
fn the_file_may_be_named_once_for_all_commands() {
    let home = Home::new().with("HEARTBEAT_CONFIG", "two.toml");
    home.file("two.toml", TWO);
    assert!(home.run(&["config", "check"]).out.contains("two.toml: 2 projects"));
}

/// What is in the environment, what stands in the file, and words of the problem.
type Row = (&'static [(&'static str, &'static str)], &'static str, &'static str);

/// What keeps `run` from starting is a problem for `config check` as well, whichever way it comes in.
const KEEPS_FROM_STARTING: [Row; 17] = [
    (&[("HEARTBEAT_KEY", "short")], "[service]", "HEARTBEAT_KEY cannot be used"),
    (&[("HEARTBEAT_KEY_FILE", "two.toml")], "[service]", "encryption key"),
    (&[("HEARTBEAT_KEY_FILE", "two.toml/key")], "[service]", "is not a directory"),
    (&[("HEARTBEAT_KEY_FILE", ".")], "[service]", "is a directory"),
    (&[("DATABASE_URL", "sqlite:.")], "[service]", "directory"),
    (&[("DATABASE_URL", "sqlite:two.toml/x.db")], "[service]", "directory"),
    (&[("DATABASE_URL", "postgres://db/x?target_session_attrs=primary&no_such=1")], "[service]", "no_such"),
    (&[("DATABASE_URL", "mysql://db/x")], "[service]", "mysql"),
    (&[("HTTPS_PROXY", "ftp://proxy:1")], "[service]", "HTTPS_PROXY"),
    (&[("HEARTBEAT_LISTEN", "nowhere")], "[service]", "nowhere"),
    (&[("HEARTBEAT_PUBLIC_URL", "beat")], "[service]", "beat"),
    (&[("HEARTBEAT_DEAD_MAN_URL", "hc-ping")], "[service]", "DEAD_MAN"),
    (&[("HEARTBEAT_LOG", "=,=")], "[service]", "HEARTBEAT_LOG"),
    (&[], "[web]\nlisten = \"nowhere\"", "nowhere"),
    (&[], "[service]\ndatabase = \"sqlite:.\"", "directory"),
    (&[], "[[channel]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://example.com/x\"\ntitle = \"{{ open\"", "title"),
    (&[], "[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_your_project_token\"", "token"),
];

#[test]
fn what_keeps_run_from_starting_is_a_problem() {
    for (variables, text, words) in KEEPS_FROM_STARTING {
        let home = variables.iter().fold(Home::new(), |home, (name, value)| home.with(name, value));
        home.file("two.toml", text);
        std::fs::set_permissions(home.path("two.toml"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let (checks, runs) = (home.run(&["config", "check", "two.toml"]), home.run(&["run", "--config", "two.toml"]));
        assert!(runs.code != 0 && runs.err.contains(words), "{variables:?} {text}: {runs:?}");
        assert!(checks.code == 2 && checks.err.contains(words), "{variables:?} {text}: {checks:?}");
        let told = home.run(&["config", "check", "two.toml", "--json"]);
        // Where even the logs cannot be set up, there is nobody to write JSON.
        if told.code != 2 || !told.err.contains("HEARTBEAT_LOG") {
            let told = (told.code, told.json());
            assert!(
                told.0 == 2 && told.1["ok"] == false && told.1["problems"].to_string().contains(words),
                "{variables:?} {text}: {told:?}"
            );
        }
        assert!(!home.path("data").exists() && !home.path("heartbeat.db").exists(), "nothing is made: {variables:?} {text}");
    }
}

#[test]
fn what_may_not_be_as_it_was_meant_is_a_remark() {
    let home = Home::new().with("SSL_CERT_FILE", "/nowhere/ca.pem");
    let many = (0..2000).map(|at| format!("\"p{at}\"")).collect::<Vec<_>>().join(", ");
    let check = |names: &str| {
        home.file("two.toml", &format!("{TWO}\n[web]\nmetrics_projects = [{names}]\n"));
        home.run(&["config", "check", "two.toml"])
    };
    let ran = check("\"shpo\", \"blog\"");
    assert!(ran.code == 0 && ran.err.contains("SSL_CERT_FILE names `/nowhere/ca.pem`, which does not exist"), "{ran:?}");
    let says = "metrics_projects in [web] names `shpo`, and there is no such project in this file; did you mean `shop`?";
    assert!(ran.err.contains(says) && !ran.err.contains("`blog`"), "{ran:?}");
    let ran = check(&many);
    assert!(ran.code == 2 && ran.err.len() < 500 && ran.err.contains("at most 1000 are allowed"), "{ran:?}");
    let some = many.split(", ").take(900).collect::<Vec<_>>().join(", ");
    let ran = check(&some);
    assert!(ran.code == 0 && ran.err.contains("metrics_projects in [web]: ... and 890 more") && ran.err.len() < 3000, "{ran:?}");
}
