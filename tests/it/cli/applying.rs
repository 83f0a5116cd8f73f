//! `heartbeat apply`: idempotent, shown, all or nothing.

use heartbeat::store::SecretCipher;

use super::{Home, TWO};

#[test]
fn a_file_is_put_into_the_store_once() {
    let home = Home::new();
    home.file("two.toml", TWO);
    insta::assert_snapshot!(home.run(&["apply", "two.toml"]).shown(), @r"
    exit 0
    --- out
    + project shop
    + project blog
    ");
    insta::assert_snapshot!(home.run(&["apply", "two.toml"]).shown(), @r"
    exit 0
    --- err
    Nothing to change.
    ");
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let home = Home::with_two();
    let directory = home.path("data/posthog-heartbeat");
    let cipher = SecretCipher::from_key_file(&directory.join("heartbeat.key")).unwrap();
    let store = heartbeat::store::open(&format!("sqlite:{}", directory.join("heartbeat.db").display()), cipher).await.unwrap();
    let revision = store.revision().await.unwrap();
    home.run(&["apply", "two.toml"]);
    home.run(&["apply", "two.toml", "--prune"]);
    home.run(&["apps", "enable", "heartbeat", "--project", "shop"]);
    assert_eq!(store.revision().await.unwrap(), revision);
    home.run(&["apps", "disable", "heartbeat", "--project", "shop"]);
    assert_eq!(store.revision().await.unwrap(), revision + 1);
}

#[test]
fn what_changed_is_shown_field_by_field() {
    let home = Home::with_two();
    home.file("two.toml", &TWO.replace("token = \"phc_blog\"", "token = \"phc_blog\"\nlate_after = \"5m\"").replace("hunter2", "hunter3"));
    insta::assert_snapshot!(home.run(&["apply", "two.toml"]).shown(), @r"
    exit 0
    --- out
    ~ project shop: personal_api_key changed
    ~ project blog: late_after 2m -> 5m
    ");
}

#[test]
fn a_dry_run_shows_the_same_and_changes_nothing() {
    let home = Home::with_two();
    let before = home.stored();
    home.file("other.toml", &TWO.replace("\"us\"", "\"eu\"").replace("blog", "news"));
    let dry = home.run(&["apply", "other.toml", "--prune", "--dry-run"]);
    assert_eq!(home.stored(), before);
    assert_eq!(dry.out, home.run(&["apply", "other.toml", "--prune"]).out);
    insta::assert_snapshot!(dry.shown(), @r"
    exit 0
    --- out
    ~ project shop: host us -> eu
    + project news
    - project blog
    --- err
    Dry run: nothing was changed.
    ");
}

#[test]
fn a_project_that_is_not_in_the_file_stays_unless_pruned() {
    let home = Home::with_two();
    home.file("one.toml", "[[project]]\nname = \"blog\"\nhost = \"eu\"\ntoken = \"phc_blog\"\n");
    insta::assert_snapshot!(home.run(&["apply", "one.toml"]).shown(), @r"
    exit 0
    --- err
    = project shop is not in the file and is kept (--prune removes it)
    Nothing to change.
    ");
    assert!(home.stored().contains("shop"));
    insta::assert_snapshot!(home.run(&["apply", "one.toml", "--prune"]).shown(), @r"
    exit 0
    --- out
    - project shop
    ");
    assert!(!home.stored().contains("shop"));
}

#[test]
fn one_wrong_project_keeps_all_of_them_out() {
    let home = Home::new();
    home.file("bad.toml", &TWO.replace("host = \"eu\"", "host = \"europe\""));
    insta::assert_snapshot!(home.run(&["apply", "bad.toml"]).shown(), @r#"
    exit 2
    --- err
    error: bad.toml:17: project "blog": host `europe` has no protocol; did you mean `https://europe`?
    "#);
    assert!(!home.path("data").exists(), "not even a database was made");
}

#[test]
fn a_file_without_projects_prunes_nothing() {
    let home = Home::with_two();
    home.file("none.toml", "[service]\n");
    insta::assert_snapshot!(home.run(&["apply", "none.toml", "--prune"]).shown(), @r"
    exit 2
    --- err
    error: none.toml defines no project; see `heartbeat config example`
    ");
    assert!(home.stored().contains("shop"));
}

#[test]
fn a_file_comes_through_a_pipe_as_well() {
    let home = Home::new();
    assert_eq!(home.run_with_input(&["apply", "-"], TWO).code, 0);
    assert!(home.stored().contains("shop"));
    insta::assert_snapshot!(home.run_with_input(&["apply", "-"], "[[project]]").shown(), @r"
    exit 2
    --- err
    error: the settings have 3 problems:
      standard input:1: project number 1: name is missing; give it a name, such as `shop`
      standard input:1: project number 1: host is missing; give `us`, `eu`, or the address of a PostHog
      standard input:1: project number 1: token is missing; give the project token (phc_...), from Settings > Project > General
    ");
}

#[test]
fn a_program_gets_json() {
    let home = Home::with_two();
    home.file("next.toml", &TWO.replace("phx_hunter2", "phx_hunter3").replace("\"eu\"", "\"us\"").replace("\"blog\"", "\"news\""));
    let ran = home.run(&["apply", "next.toml", "--prune", "--json"]);
    insta::assert_snapshot!(serde_json::to_string(&ran.json()).unwrap(), @r#"
    {"changes":[{"change":"changed","field":"personal_api_key","kind":"project","name":"shop","new":"phx_***","old":"phx_***","project":"shop"},{"change":"added","field":null,"kind":"project","name":"news","new":null,"old":null,"project":"news"},{"change":"removed","field":null,"kind":"project","name":"blog","new":null,"old":null,"project":"blog"}],"dry_run":false}
    "#);
}

#[test]
fn an_absent_key_keeps_the_stored_one_and_an_empty_one_removes_it() {
    let home = Home::with_two();
    home.file("left-out.toml", &TWO.replace("personal_api_key = \"phx_hunter2\"\n", ""));
    assert_eq!(home.run(&["apply", "left-out.toml"]).err, "Nothing to change.\n");
    home.file("removed.toml", &TWO.replace("phx_hunter2", ""));
    assert_eq!(home.run(&["apply", "removed.toml"]).out, "~ project shop: personal_api_key phx_*** -> none\n");
}

#[test]
fn the_service_of_the_file_names_the_database() {
    let home = Home::new();
    home.file("here.toml", &format!("[service]\ndatabase = \"sqlite:place/here.db\"\n{TWO}"));
    assert_eq!(home.run(&["apply", "here.toml"]).code, 0);
    assert!(home.path("place/here.db").exists() && home.path("place/here.key").exists());
    assert!(!home.path("data").exists());
    assert!(home.run(&["projects", "list", "--config", "here.toml"]).out.contains("shop"));
}
