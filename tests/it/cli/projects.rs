//! `heartbeat projects`: without a file.

use super::Home;

#[test]
fn a_project_comes_and_goes() {
    let home = Home::new();
    home.file("key", "phx_hunter2\n");
    let add = ["projects", "add", "shop", "--host", "us", "--token", "phc_a", "--personal-api-key-file", "key", "--no-check"];
    insta::assert_snapshot!(home.run(&add).shown(), @r"
    exit 0
    --- out
    + project shop
    --- err
    Next: heartbeat apps install heartbeat --project shop
    ");
    insta::assert_snapshot!(home.run(&add).shown(), @r"
    exit 2
    --- err
    error: the project `shop` already exists; change it with `projects set` or `apply`
    ");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r"
    exit 0
    --- out
    PROJECT  HOST  TOKEN  PERSONAL KEY  HEARTBEAT      TAGS
    shop     us    phc_a  set           not installed
    ");
    insta::assert_snapshot!(serde_json::to_string(&home.run(&["projects", "list", "--json"]).json()).unwrap(), @r#"
    {"items":[{"api_host":null,"has_personal_api_key":true,"heartbeat":null,"host":"us","ingestion_alert":null,"late_after":"2m","lost_after":"15m","name":"shop","project_id":null,"readback_interval":"1m","tags":[],"timeout":"20s","token":"phc_a"}],"next":null}
    "#);
    insta::assert_snapshot!(home.run(&["projects", "remove", "shop"]).shown(), @r"
    exit 0
    --- out
    - project shop
    ");
    insta::assert_snapshot!(home.run(&["projects", "remove", "shop"]).shown(), @r"
    exit 2
    --- err
    error: there is no project `shop`; add one with `heartbeat projects add` or `heartbeat apply`
    ");
    insta::assert_snapshot!(home.run(&["projects", "list"]).shown(), @r"
    exit 0
    --- err
    There is no project yet. Add one with `heartbeat projects add` or `heartbeat apply`.
    ");
}

#[test]
fn projects_are_chosen_by_their_tags() {
    let home = Home::new();
    let add = |name: &str, tags: &[&str]| {
        let token = format!("phc_{name}");
        let add = ["projects", "add", name, "--host", "us", "--token", &token, "--no-check", "-q"];
        home.run(&[&add[..], tags].concat())
    };
    assert_eq!(add("shop", &["--tag", "checkout", "--tag", "eu"]).code, 0);
    assert_eq!(add("blog", &[]).code, 0);
    insta::assert_snapshot!(home.run(&["projects", "set", "blog", "--set", "tags=eu, eu, docs"]).shown(), @r"
    exit 0
    --- out
    ~ project blog: tags none -> eu, docs
    ");
    insta::assert_snapshot!(home.run(&["projects"]).shown(), @r"
    exit 0
    --- out
    PROJECT  HOST  TOKEN     PERSONAL KEY  HEARTBEAT      TAGS
    blog     us    phc_blog  none          not installed  eu, docs
    shop     us    phc_shop  none          not installed  checkout, eu
    ");
    insta::assert_snapshot!(home.run(&["projects", "set", "blog", "--tag", "us", "--tag", "docs"]).shown(), @r"
    exit 0
    --- out
    ~ project blog: tags eu, docs -> us, docs
    ");
    insta::assert_snapshot!(home.run(&["projects", "set", "blog", "--tag", "a b"]).shown(), @r"
    exit 2
    --- err
    error: --tag `a b` may only contain letters (a-z, A-Z), digits, `-`, `_` and `.`
    ");
    assert_eq!(home.run(&["projects", "set", "blog", "--tag", "eu,docs"]).code, 0);
    let listed = |arguments: &[&str]| {
        let list = home.run(&[&["projects", "list", "--json"], arguments].concat()).json();
        list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--tag", "eu"]), ["blog", "shop"]);
    assert_eq!(listed(&["--tag", "checkout"]), ["shop"]);
    assert_eq!(listed(&["--tag", "docs, checkout"]), ["blog", "shop"]);
    let no_tag = home.run(&["projects", "--tag", "docs,shop"]);
    assert!(no_tag.code == 2 && no_tag.err.contains("there is no tag `shop`"), "{no_tag:?}");
    assert_eq!(listed(&["--project", "tag:docs,shop"]), ["blog", "shop"]);
    assert!(home.run(&["export", "--project", "tag:docs"]).out.contains("tags = [\"eu\", \"docs\"]"));
    insta::assert_snapshot!(home.run(&["projects", "--tag", "checkuot"]).shown(), @r"
    exit 2
    --- err
    error: there is no tag `checkuot`; did you mean `checkout`?
    ");
    insta::assert_snapshot!(home.run(&["status", "--tag", "a b"]).shown(), @r"
    exit 2
    --- err
    error: --tag `a b` may only contain letters (a-z, A-Z), digits, `-`, `_` and `.`
    ");
    let channel = ["channels", "add", "ops", "--kind", "slack", "--set", "url=https://hooks.slack.com/services/a", "--project", "tag:us"];
    insta::assert_snapshot!(home.run(&channel).shown(), @r"
    exit 2
    --- err
    error: there is no tag `us`; there are checkout, docs, eu
    ");
}

#[test]
fn keys_may_stand_in_the_environment() {
    let home =
        Home::new().with("POSTHOG_HOST", "eu").with("POSTHOG_PROJECT_API_KEY", "phc_a").with("POSTHOG_PERSONAL_API_KEY", "phx_hunter2");
    assert_eq!(home.run(&["projects", "add", "shop", "-q", "--no-check"]).shown(), "exit 0\n--- out\n+ project shop\n");
    let export = home.run(&["export", "--with-secrets"]).out;
    assert!(export.contains("host = \"eu\"") && export.contains("phc_a") && export.contains("phx_hunter2"));
}

#[test]
fn a_key_is_changed_and_removed() {
    let home = Home::with_two();
    insta::assert_snapshot!(home.run(&["projects", "set-key", "shop", "--personal-api-key", "phx_hunter3"]).shown(), @r"
    exit 0
    --- out
    ~ project shop: personal_api_key changed
    ");
    assert!(home.run(&["export", "--with-secrets"]).out.contains("phx_hunter3"));
    insta::assert_snapshot!(home.run(&["projects", "set-key", "shop"]).shown(), @r"
    exit 2
    --- err
    error: no key is given; use --no-personal-api-key to remove the stored key
    ");
    insta::assert_snapshot!(home.run(&["projects", "set-key", "shop", "--no-personal-api-key"]).shown(), @r"
    exit 0
    --- out
    ~ project shop: personal_api_key phx_*** -> none
    ");
}

#[test]
fn wrong_flags_are_reported_and_make_no_database() {
    let home = Home::new();
    let add = |name: &str, arguments: &[&str]| home.run(&[&["projects", "add", name, "--no-check"], arguments].concat()).shown();
    insta::assert_snapshot!(add("my shop", &["--host", "us", "--token", "phc_a"]), @r"
    exit 2
    --- err
    error: NAME `my shop` may only contain letters (a-z, A-Z), digits, `-`, `_` and `.`
    ");
    insta::assert_snapshot!(add("shop", &[]), @r"
    exit 2
    --- err
    error: --host is missing; give `us`, `eu`, or the address of a PostHog
    ");
    insta::assert_snapshot!(add("shop", &["--host", "us"]), @r"
    exit 2
    --- err
    error: --token is missing; give it or set POSTHOG_PROJECT_API_KEY
    ");
    insta::assert_snapshot!(add("shop", &["--host", "usa", "--token", "phc_a"]), @r"
    exit 2
    --- err
    error: --host `usa` has no protocol; did you mean `https://usa`?
    ");
    insta::assert_snapshot!(add("shop", &["--host", "us", "--token", "phx_hunter2"]), @r"
    exit 2
    --- err
    error: --token is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    ");
    insta::assert_snapshot!(add("shop", &["--host", "us", "--token", "phc_a", "--personal-api-key", "phc_a"]), @r"
    exit 2
    --- err
    error: --personal-api-key is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    ");
    insta::assert_snapshot!(add("shop", &["--host", "us", "--token", "phc_a", "--personal-api-key-file", "none"]), @r"
    exit 2
    --- err
    error: --personal-api-key-file `none` cannot be read: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(add("shop", &["--host", "us", "--token", "phc_a", "--project-id", "0"]), @r"
    exit 2
    --- err
    error: --project-id `0` must be a whole number from 1
    ");
    assert!(!home.path("data").exists());
}

#[test]
fn two_projects_do_not_send_the_same_event_with_the_same_token() {
    let home = Home::new();
    let add =
        |name: &str| home.run(&["projects", "add", name, "--host", "us", "--token", "phc_a", "--no-personal-api-key", "--no-check", "-q"]);
    let install = |name: &str, more: &[&str]| home.run(&[&["apps", "install", "heartbeat", "--project", name, "-q"], more].concat());
    assert_eq!((add("shop").code, add("proxy").code), (0, 0), "without the app nothing is sent");
    assert_eq!(install("shop", &[]).code, 0);
    let rejected = install("proxy", &[]);
    assert_eq!(rejected.code, 2);
    let said = rejected.shown();
    assert!(
        said.contains("`proxy` and `shop` send the same event `heartbeat` with the same token") && said.contains("give `shop` a route"),
        "{said}"
    );
    assert_eq!(install("proxy", &["--set", "events=heartbeat_api"]).code, 0, "another event is told apart");

    home.file(
        "two.toml",
        "[[project]]\nname = \"a\"\nhost = \"us\"\ntoken = \"phc_b\"\n[project.heartbeat]\n\
         [[project]]\nname = \"b\"\nhost = \"eu\"\ntoken = \"phc_b\"\n[project.heartbeat]\n",
    );
    for command in [&["config", "check", "two.toml"][..], &["apply", "two.toml"]] {
        let rejected = home.run(command);
        assert!(rejected.code == 2 && rejected.shown().contains("`b` and `a` send the same event"), "{}", rejected.shown());
    }
    // What the file does not name counts as well.
    home.file("one.toml", "[[project]]\nname = \"c\"\nhost = \"us\"\ntoken = \"phc_a\"\n[project.heartbeat]\n");
    let rejected = home.run(&["apply", "one.toml"]);
    assert!(rejected.code == 2 && rejected.shown().contains("`c` and `shop` send the same event"), "{}", rejected.shown());
}
