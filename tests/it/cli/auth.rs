//! `heartbeat users` and `heartbeat tokens`.

use super::Home;

#[test]
fn a_user_is_invited_changed_and_removed() {
    let home = Home::with_two();
    assert!(home.run(&["users"]).shown().contains("There is no user yet"));
    let invited = home.run(&["users", "invite", "ann", "--json"]).json();
    assert_eq!((invited["name"].as_str(), invited["role"].as_str()), (Some("ann"), Some("editor")));
    assert!(invited["link"].as_str().unwrap().starts_with("http://127.0.0.1:8400/enter/"), "{invited}");
    let again = home.run(&["users", "invite", "ann", "--role", "viewer", "--json"]).json();
    assert_ne!(invited["link"], again["link"], "each link is another, and the one before is void");
    let list = home.run(&["users", "list", "--json"]).json();
    assert_eq!((list["items"][0]["role"].as_str(), list["items"][0]["has_password"].as_bool()), (Some("viewer"), Some(false)));
    assert!(home.run(&["users", "set", "ann", "--role", "editor"]).shown().contains("~ user ann: role viewer -> editor"));
    assert!(home.run(&["users", "set", "ann", "--role", "editor"]).shown().contains("Nothing to change."));
    assert_eq!(home.run(&["users", "invite", "bob", "--json"]).json()["role"], "viewer", "the first user is the editor");
    assert!(home.run(&["users", "remove", "ann"]).shown().contains("- user ann"));
    let told = home.run(&["audit-log", "--json"]).shown();
    for words in ["invited; role none -> editor", "invited; role editor -> viewer", "role viewer -> editor", "removed; role editor -> none"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn users_that_cannot_be_are_rejected() {
    let home = Home::with_two();
    home.run(&["users", "invite", "ann"]);
    for (arguments, says) in [
        (&["users", "invite", "an n"][..], "NAME `an n`"),
        (&["users", "invite", "bob", "--role", "admin"], "--role `admin` must be viewer or editor"),
        (&["users", "set", "ann", "--role", "edtor"], "--role `edtor` must be viewer or editor; did you mean `editor`?"),
        (&["users", "remove", ""], "NAME is missing"),
        (&["users", "set", "anne", "--role", "viewer"], "did you mean `ann`?"),
        (&["users", "remove", "zoe"], "there is no user `zoe`; there is only ann"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 2, "{}", ran.shown());
        assert!(ran.shown().contains(says), "{says}: {}", ran.shown());
    }
}

#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let home = Home::with_two();
    let made = home.run(&["tokens", "add", "dbt", "--for", "90d", "--json"]).json();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("hb_") && token.len() == 46, "{made}");
    let list = home.run(&["tokens", "--json"]);
    assert!(!list.shown().contains(token));
    assert_eq!(list.json()["items"][0]["role"], "viewer");
    for (arguments, says) in [
        (&["tokens", "add", "dbt"][..], "there is a token `dbt` already"),
        (&["tokens", "add", "a b"], "NAME `a b`"),
        (&["tokens", "add", "x", "--role", "all"], "--role `all`"),
        (&["tokens", "remove", "dbtt"], "did you mean `dbt`?"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 2, "{}", ran.shown());
        assert!(ran.shown().contains(says), "{says}: {}", ran.shown());
    }
    for arguments in [&["tokens", "add", "a b", "--role", "edtor", "--for", "-1h"][..], &["users", "invite", "an n", "--role", "edtor"]] {
        let ran = home.run(arguments);
        let says = ["NAME `", "--role `edtor` must be viewer or editor; did you mean `editor`?", "--for `-1h` is not a positive duration"];
        for says in &says[..if arguments.contains(&"--for") { 3 } else { 2 }] {
            assert!(ran.code == 2 && ran.err.contains(says), "{says}: {}", ran.shown());
        }
    }
    let slip = home.run(&["tokens", "remove", token]);
    assert!(slip.code == 2 && !slip.shown().contains(token), "a token in the place of a name is not told: {}", slip.shown());
    assert!(home.run(&["tokens", "remove", "dbt"]).shown().contains("- token dbt"));
    assert!(home.run(&["tokens"]).shown().contains("There is no token yet"));
}
