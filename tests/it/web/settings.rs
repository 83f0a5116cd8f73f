//! Users, API tokens and one's own password, on the page and by the API.

use heartbeat::model::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::{Browser, PASSWORD, Shown, TestSite};

async fn call(program: &mut Browser, token: &str, method: Method, path: &str, body: Option<Value>) -> Shown {
    let request = program.request(method, path).header("authorization", format!("Bearer {token}"));
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    program.send(request).await
}

#[tokio::test]
async fn a_user_is_invited_and_the_link_is_shown_once() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let wrong = ann.submit("/settings", "/settings/users", &[("name", "no such name"), ("role", "viewer")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("value=\"no such name\"") && wrong.text.contains("href=\"#user-name\""), "{}", wrong.text);
    let chosen = |text: &str| text.matches("<option selected>editor").count();
    let wrong = ann.submit("/settings", "/settings/users", &[("name", "no such name"), ("role", "editor")]).await;
    let users = wrong.text.split_once("id=\"token-role\"").map(|(users, _)| chosen(users));
    assert_eq!((users, chosen(&wrong.text)), (Some(1), 1), "the role stays in the form of the error only: {}", wrong.text);
    let invited = ann.submit("/settings", "/settings/users", &[("name", "bob"), ("role", "viewer")]).await;
    let link = invited.page().split_once("aria-label=\"Shown once\">").unwrap().1.split_once('<').unwrap().0.to_owned();
    let place = link.strip_prefix(&ann.base).unwrap();
    assert!(!ann.get("/settings").await.page().contains(place), "it is not shown again");
    let mut bob = site.stranger();
    assert!(bob.get(place).await.page().contains("Your name is <strong>bob</strong>"));
    let entered = bob.post(place, &[("name", "ann"), ("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "whatever name is sent, the invitation's own counts");
    let users = site.store.users().await.unwrap();
    let bob = users.iter().find(|user| user.name.as_str() == "bob").unwrap();
    assert_eq!((bob.role, bob.has_password), (Role::Viewer, true));
    assert!(!users.iter().find(|user| user.name.as_str() == "ann").unwrap().has_password);
}

/// What is wrong in each field of a form, by the field's id.
fn wrong_fields(page: &str) -> Vec<(String, String)> {
    let checks = page.split("<output class=\"check\" id=\"").skip(1);
    let fields = checks.filter_map(|check| {
        let (id, rest) = check.split_once("-check\"")?;
        let (_, says) = rest.split_once('>')?.1.split_once("</output>")?.0.split_once("</b> ")?;
        Some((id.to_owned(), says.to_owned()))
    });
    fields.collect()
}

#[tokio::test]
async fn everything_that_is_wrong_is_shown_under_its_field_with_what_was_typed() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let wrong = ann.submit("/settings", "/settings/tokens", &[("name", "a b"), ("role", "edtor"), ("lasts", "soon")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let [(name, _), (role, of_role), (lasts, of_lasts)] = &wrong_fields(&wrong.text)[..] else { panic!("{}", wrong.text) };
    assert_eq!([name, role, lasts].map(String::as_str), ["token-name", "token-role", "token-lasts"]);
    assert!(of_role.contains("must be viewer or editor; did you mean") && of_lasts.contains("is not a duration"), "{}", wrong.text);
    for typed in ["value=\"a b\"", "<option selected>edtor", "value=\"soon\""] {
        assert_eq!(wrong.text.matches(typed).count(), 1, "{typed}: {}", wrong.text);
    }
    let wrong = ann.submit("/settings", "/settings/users", &[("name", "bo b"), ("role", "boss")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let ids: Vec<String> = wrong_fields(&wrong.text).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["user-name", "user-role"], "{}", wrong.text);
    let wrong = ann.submit("/settings", "/settings/users/ann", &[("role", "boss")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text.contains("must be viewer or editor"), "{}", wrong.text);
    assert_eq!((site.store.users().await.unwrap().len(), site.store.tokens().await.unwrap().len()), (1, 0));
}

#[tokio::test]
async fn who_may_only_read_sees_who_there_is_and_changes_nothing() {
    let site = TestSite::start().await;
    let mut rob = site.reader().await;
    let page = rob.get("/settings").await;
    assert!(page.page().contains("rob") && !page.text.contains("New user") && !page.text.contains("/remove"), "{}", page.text);
    for (path, fields) in [
        ("/settings/users", vec![("name", "eve"), ("role", "editor")]),
        ("/settings/users/rob", vec![("role", "editor")]),
        ("/settings/users/rob/remove", vec![]),
        ("/settings/tokens", vec![("name", "mine"), ("role", "editor")]),
    ] {
        let rejected = rob.submit("/settings", path, &fields).await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(rob.get("/settings/users/rob/remove").await.status, StatusCode::FORBIDDEN);
    assert_eq!((site.store.users().await.unwrap().len(), site.store.tokens().await.unwrap().len()), (1, 0));
}

#[tokio::test]
async fn an_editor_always_remains() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let rejected = ann.submit("/settings", "/settings/users/ann", &[("role", "viewer")]).await;
    assert_eq!(rejected.status, StatusCode::CONFLICT);
    assert!(rejected.text.contains("is the only editor"), "{}", rejected.text);
    assert_eq!(ann.submit("/settings", "/settings/users/ann/remove", &[]).await.status, StatusCode::CONFLICT);
    ann.submit("/settings", "/settings/users", &[("name", "eve"), ("role", "editor")]).await;
    let rejected = ann.submit("/settings", "/settings/users/ann/remove", &[]).await;
    assert_eq!(rejected.status, StatusCode::CONFLICT, "whoever was invited has not come");
    site.user("bea", Role::Editor).await;
    assert_eq!(ann.submit("/settings", "/settings/users/ann/remove", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ann.get("/").await.location(), "/login", "whoever is removed is logged out");
}

#[tokio::test]
async fn a_password_is_changed_by_a_user_who_knows_it() {
    let site = TestSite::start().await;
    site.with_password("ann", Role::Editor).await;
    let (mut here, mut elsewhere) = (site.stranger(), site.stranger());
    for browser in [&mut here, &mut elsewhere] {
        browser.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    }
    let new = "some other words";
    let wrong = here.submit("/settings/account", "/settings/account", &[("before", "guessed"), ("password", new), ("again", new)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("this is not your current password") && !wrong.text.contains(new), "{}", wrong.text);
    let short = here.submit("/settings/account", "/settings/account", &[("before", PASSWORD), ("password", "x"), ("again", "y")]).await;
    assert!(short.text.contains("password is too short"), "{}", short.text);
    let done = here.submit("/settings/account", "/settings/account", &[("before", PASSWORD), ("password", new), ("again", new)]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/settings"));
    here.get("/settings").await.page();
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER, "the old password's sessions are over");
    assert_eq!(elsewhere.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_are_shown_once_and_open_what_they_may() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let wrong = ann.submit("/settings", "/settings/tokens", &[("name", "hb_x"), ("role", "viewer"), ("lasts", "soon")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("must not begin with hb_") && wrong.text.contains("is not a duration"), "{}", wrong.text);
    let made = ann.submit("/settings", "/settings/tokens", &[("name", "dbt"), ("role", "editor"), ("lasts", "1d")]).await;
    let token = made.page().split_once("hb_").map(|(_, rest)| format!("hb_{}", &rest[..43])).unwrap();
    assert!(!ann.get("/settings").await.page().contains(&token));
    let again = ann.submit("/settings", "/settings/tokens", &[("name", "dbt"), ("role", "viewer")]).await;
    assert!(again.text.contains("there is a token <code>dbt</code> already"), "{}", again.text);
    let mut program = site.stranger();
    let who = call(&mut program, &token, Method::GET, "/api/v1/who", None).await;
    assert_eq!(serde_json::from_str::<Value>(&who.text).unwrap(), json!({"who": "token dbt", "role": "editor"}));
    site.hand.advance(std::time::Duration::from_hours(25));
    assert_eq!(call(&mut program, &token, Method::GET, "/api/v1/who", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ann.submit("/settings", "/settings/tokens/dbt/remove", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(site.store.tokens().await.unwrap().is_empty());
}

#[tokio::test]
async fn programs_do_the_same_and_hear_of_every_field() {
    let site = TestSite::start().await;
    site.writer().await;
    let token = site.token(Role::Editor).await;
    let mut program = site.stranger();
    for (method, path, body, wrong) in [
        (
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "a b", "role": "edtor", "lasts": "soon"}),
            &[("name", "unusable"), ("role", "unknown_choice"), ("lasts", "malformed")][..],
        ),
        (Method::POST, "/api/v1/tokens", json!({"role": null}), &[("name", "missing")]),
        (Method::POST, "/api/v1/users", json!({"name": "bo b", "role": "admin"}), &[("name", "unusable"), ("role", "unknown_choice")]),
        (Method::PATCH, "/api/v1/users/ann", json!({"role": "admin"}), &[("role", "unknown_choice")]),
    ] {
        let rejected = call(&mut program, &token, method, path, Some(body)).await;
        let told: Value = serde_json::from_str(&rejected.text).unwrap();
        let errors = told["errors"].as_array().into_iter().flatten();
        let errors: Vec<_> = errors.map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
        assert_eq!((rejected.status, &errors[..]), (StatusCode::UNPROCESSABLE_ENTITY, wrong), "{told}");
    }
    for lasts in ["99999999d", "1ms", "0s"] {
        let wish = json!({"name": "x", "role": "viewer", "lasts": lasts});
        let wrong = call(&mut program, &token, Method::POST, "/api/v1/tokens", Some(wish)).await;
        assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text.contains("must be between 1m and 3660d"), "{}", wrong.text);
    }
    for (body, says) in [
        ("{", "the JSON is invalid"),
        ("[]", "invalid"),
        (r#"{"name": "x", "role": 1}"#, "role must be a text"),
        (r#"{"nme": "x"}"#, "nme"),
    ] {
        let request = program.request(Method::POST, "/api/v1/tokens").header("authorization", format!("Bearer {token}"));
        let told = program.send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(told.text.contains(says), "{body}: {}", told.text);
    }
    let invited = call(&mut program, &token, Method::POST, "/api/v1/users", Some(json!({"name": "bob", "role": "viewer"}))).await;
    assert_eq!(invited.status, StatusCode::CREATED);
    assert!(invited.text.contains("/enter/"));
    let changed = call(&mut program, &token, Method::PATCH, "/api/v1/users/bob", Some(json!({"role": "editor"}))).await;
    assert!(changed.page().contains("\"role\":\"editor\""));
    let again = call(&mut program, &token, Method::POST, "/api/v1/users", Some(json!({"name": "bob"}))).await;
    assert!(again.status == StatusCode::CREATED && again.text.contains("\"role\":\"editor\""), "the role stays: {}", again.text);
    let same = call(&mut program, &token, Method::PATCH, "/api/v1/users/bob", Some(json!({}))).await;
    assert!(same.page().contains("\"role\":\"editor\""), "{}", same.text);
    let removed = call(&mut program, &token, Method::DELETE, "/api/v1/users/bob", None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let gone = call(&mut program, &token, Method::DELETE, "/api/v1/users/bob", None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let audit_entries = site.store.audit_entries(&heartbeat::store::AuditFilter { at_most: 50, ..Default::default() }).await.unwrap();
    let by_token: Vec<String> = audit_entries
        .iter()
        .filter(|audit_entry| audit_entry.who == "token test")
        .map(|audit_entry| format!("{} {}", audit_entry.subject, audit_entry.words))
        .collect();
    assert_eq!(
        by_token,
        ["user bob removed; role editor -> none", "user bob role viewer -> editor", "user bob invited; role none -> viewer"]
    );
}

#[tokio::test]
async fn a_program_changes_users_and_tokens_as_it_read_them() {
    let site = TestSite::start().await;
    site.writer().await;
    let (token, mut program) = (site.token(Role::Editor).await, site.stranger());
    call(&mut program, &token, Method::POST, "/api/v1/users", Some(json!({"name": "bob", "role": "viewer"}))).await;
    call(&mut program, &token, Method::POST, "/api/v1/tokens", Some(json!({"name": "spare", "role": "viewer"}))).await;
    for path in ["/api/v1/users/nobody", "/api/v1/tokens/nothing"] {
        assert_eq!(call(&mut program, &token, Method::GET, path, None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let (user, spare) = ("/api/v1/users/bob", "/api/v1/tokens/spare");
    let read = call(&mut program, &token, Method::GET, user, None).await;
    let tag = read.header("etag").to_owned();
    let with_tag =
        |method: Method, path: &str, tag: &str| site.stranger().request(method, path).bearer_auth(&token).header("if-match", tag);
    let change = with_tag(Method::PATCH, user, &tag).header("content-type", "application/json").body("{\"role\":\"editor\"}");
    program.send(change).await.page();
    for stale in [
        with_tag(Method::PATCH, user, &tag).header("content-type", "application/json").body("{\"role\":\"viewer\"}"),
        with_tag(Method::DELETE, user, &tag),
        with_tag(Method::DELETE, spare, "\"another\""),
    ] {
        let stale = program.send(stale).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text);
    }
    // That a token was used changes nothing of it.
    let tag = call(&mut program, &token, Method::GET, "/api/v1/tokens/test", None).await.header("etag").to_owned();
    site.hand.advance(std::time::Duration::from_mins(5));
    let after = call(&mut program, &token, Method::GET, "/api/v1/tokens/test", None).await.header("etag").to_owned();
    assert_ne!(tag, after);
    let gone = with_tag(Method::PUT, "/api/v1/maintenance/night", "*")
        .header("content-type", "application/json")
        .body("{\"now\":true,\"lasts\":\"1h\"}");
    assert_eq!(
        program.send(gone).await.status,
        StatusCode::PRECONDITION_FAILED,
        "what is not there is made anew by nobody who has read it"
    );
    for path in [user, spare] {
        let tag = call(&mut program, &token, Method::GET, path, None).await.header("etag").to_owned();
        assert_eq!(program.send(with_tag(Method::DELETE, path, &tag)).await.status, StatusCode::NO_CONTENT, "{path}");
    }
    let changes = call(&mut program, &token, Method::GET, "/api/v1/audit-log", None).await;
    assert_eq!(program.send(with_tag(Method::DELETE, "/api/v1/tokens/test", &tag)).await.status, StatusCode::NO_CONTENT);
    for says in ["invited; role none -> viewer", "role viewer -> editor", "removed; role editor -> none", "removed; role viewer -> none"] {
        assert!(changes.page().contains(says), "{says}: {}", changes.text);
    }
}

/// A body that nests deeper than a stack costs its own request.
#[tokio::test]
async fn a_body_that_nests_deeply_is_rejected() {
    let site = TestSite::start().await;
    let (token, mut program) = (site.token(Role::Editor).await, site.stranger());
    for (method, path) in [
        (Method::POST, "/api/v1/tokens"),
        (Method::POST, "/api/v1/projects"),
        (Method::PUT, "/api/v1/channels/ops"),
        (Method::PUT, "/api/v1/maintenance/night"),
        (Method::PUT, "/api/v1/status-pages/data"),
    ] {
        for (open, close) in [("[", "]"), ("{\"name\":", "}"), ("{\"projects\":[", "]}")] {
            let body = format!("{}1{}", open.repeat(12_000), close.repeat(12_000));
            let request = program.request(method.clone(), path).bearer_auth(&token).header("content-type", "application/json").body(body);
            let rejected = program.send(request).await;
            assert_eq!(rejected.status, StatusCode::BAD_REQUEST, "{path}: {}", rejected.text);
        }
    }
    assert_eq!(site.stranger().get("/healthz").await.status, StatusCode::OK);
}
