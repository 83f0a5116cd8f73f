//! The first minute: what is typed to set up a project is asked of the PostHog that it names, with faults and without.

use heartbeat::model::Role;
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::{Browser, TestSite};
use crate::sandbox::Running;
use crate::support::scripted::{Server, always, answer};

/// What is said of each field that was given: `name mark: says advice`.
async fn checked(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    let shown = browser.submit("/projects/new", "/projects/new/check", fields).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    told(&shown.text)
}

fn told(text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap();
    let word = |field: &Value, name: &str| field[name].as_str().unwrap_or_default().to_owned();
    let line = |field: &Value| {
        format!("{} {}: {} {}", word(field, "name"), word(field, "mark"), word(field, "says"), word(field, "advice")).trim_end().to_owned()
    };
    let lines: Vec<String> = answer["fields"].as_array().unwrap().iter().map(line).collect();
    lines.join("\n")
}

#[tokio::test]
async fn without_faults_every_field_is_fine() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut ann = site.writer().await;
    let given = [("name", "shop"), ("host", posthog.url.as_str()), ("token", TOKEN), ("personal_api_key", PERSONAL_KEY)];
    let fine = "name ok: This name is free.\n\
                host ok: A self-hosted PostHog.\n\
                token ok: Valid here.\n\
                personal_api_key ok: Can query project 1.\n\
                project_id ok: Found: 1.";
    assert_eq!(checked(&mut ann, &given).await, fine);
    let numbered = [&given[..], &[("project_id", "1")]].concat();
    assert_eq!(checked(&mut ann, &numbered).await, fine.replace("Found: 1.", "The token belongs to this project."));
    assert_eq!(posthog.events().await, Vec::<Value>::new(), "nothing is sent into a project by checking it");
    assert!(site.store.project_names().await.unwrap().is_empty(), "and nothing is remembered");
}

#[tokio::test]
async fn what_is_typed_so_far_is_reported_and_no_more() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut ann = site.writer().await;
    assert_eq!(checked(&mut ann, &[("name", ""), ("host", ""), ("token", "")]).await, "");
    let half = [("name", "my shop"), ("host", "posthog.example"), ("token", "phx_hunter2")];
    let wrong = checked(&mut ann, &half).await;
    assert!(wrong.starts_with("name fail: Name `my shop` may only contain letters"), "{wrong}");
    assert!(
        wrong.contains("host fail: PostHog host `posthog.example` has no protocol; did you mean `https://posthog.example`?"),
        "{wrong}"
    );
    assert!(wrong.contains("token fail: Project token is a personal API key (phx_...)"), "{wrong}");
    assert!(!wrong.contains("hunter2"), "{wrong}");
    let keyless = checked(&mut ann, &[("host", &posthog.url), ("token", TOKEN)]).await;
    assert!(keyless.contains("personal_api_key note: Not set"), "{keyless}");
    let tokenless = checked(&mut ann, &[("host", &posthog.url), ("personal_api_key", PERSONAL_KEY)]).await;
    assert!(tokenless.contains("personal_api_key note: Not checked: there is no token yet."), "{tokenless}");
}

#[tokio::test]
async fn with_faults_each_field_says_what_is_wrong_and_what_to_do() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut ann = site.writer().await;
    let right = [("host", posthog.url.as_str()), ("token", TOKEN), ("personal_api_key", PERSONAL_KEY)];
    let with = |name: &'static str, value: &'static str| {
        let others = right.iter().copied().filter(move |(known, _)| *known != name);
        others.chain([(name, value)]).collect::<Vec<_>>()
    };
    for (faults, fields, says) in [
        (
            json!({}),
            with("token", "phc_of_another"),
            "token fail: Not valid here: events with this token are answered with 200 and dropped. Copy the project token",
        ),
        (
            json!({}),
            with("token", "phc_of_another"),
            "personal_api_key fail: None of the 2 projects that the key sees has the token phc_of_another. The personal API key sees no project",
        ),
        (
            json!({}),
            with("personal_api_key", "phx_hunter2"),
            "personal_api_key fail: 401 `Personal API key found in request Authorization header is invalid.`. The personal API key is not valid",
        ),
        (
            json!({"query": {"status": 403}}),
            right.to_vec(),
            "personal_api_key fail: 403 `API key missing required scope 'query:read'`. The personal API key may not query this project; give it the scope query:read",
        ),
        (json!({"query": {"status": 429}}), right.to_vec(), "personal_api_key note: 429 `Request was throttled.`"),
        (
            json!({"query": {"status": 200, "body": "<html>log in</html>"}}),
            right.to_vec(),
            "personal_api_key fail: 200 `log in`. Something that is not PostHog answered in its place",
        ),
        (
            json!({}),
            with("project_id", "7"),
            "project_id fail: The key has no access to project 7: 404 `Project not found.`. The token belongs to project 1: give this id, or leave the field empty.",
        ),
        (json!({"instance": {"down": ["kafka"]}}), right.to_vec(), "host note: A self-hosted PostHog (kafka is down)."),
    ] {
        posthog.sandbox.clear_faults();
        posthog.faults(faults).await;
        let told = checked(&mut ann, &fields).await;
        assert!(told.contains(says), "{says}\n---\n{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let url = posthog.url.clone();
    posthog.stop().await;
    let nobody = checked(&mut ann, &[("host", url.as_str()), ("token", TOKEN), ("personal_api_key", PERSONAL_KEY)]).await;
    assert!(nobody.starts_with("host fail: Does not answer (connect): "), "{nobody}");
    assert!(nobody.contains("token note: Not checked: the host does not answer."), "{nobody}");
    assert!(nobody.contains("personal_api_key note: Not checked: the host does not answer."), "{nobody}");
}

#[tokio::test]
async fn a_key_is_shown_to_nothing_that_does_not_say_that_it_is_a_posthog() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    let page = || answer("200 OK", "content-type: text/html\r\n", "<!doctype html><title>Log in</title>");
    let moved = || answer("302 Found", "location: https://elsewhere.example/login\r\n", "");
    let other = || answer("200 OK", "content-type: application/json\r\n", "{\"hello\":\"world\"}");
    let servers: [(Server, &str); 3] = [
        (always(page).await, "host fail: The answer is not from PostHog: 200 `Log in`. Check the address"),
        (always(moved).await, "host fail: The answer is not from PostHog: 302"),
        (always(other).await, "host fail: The answer is not from PostHog: 200 `{\"hello\":\"world\"}`"),
    ];
    for (server, says) in &servers {
        let given = [("host", server.base()), ("token", "phc_a".into()), ("personal_api_key", "phx_hunter2".into())];
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let told = checked(&mut ann, &given).await;
        assert!(told.contains(says), "{says}\n---\n{told}");
        assert!(
            told.contains("personal_api_key note: Not checked: the key is only sent to a host that identifies itself as PostHog."),
            "{told}"
        );
        let heard = server.requests();
        assert!(!heard.is_empty() && heard.iter().all(|request| request.header("authorization").is_none()), "{}", heard.len());
    }
}

#[tokio::test]
async fn a_reverse_proxy_is_asked_for_the_token_and_its_posthog_for_the_rest() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut ann = site.writer().await;
    // A proxy that passes flags on, and nothing else that we ask.
    let proxy = Server::start(|_, request| {
        if request.line().starts_with("POST /flags") {
            answer("200 OK", "content-type: application/json\r\n", r#"{"flags":{},"errorsWhileComputingFlags":false}"#)
        } else {
            answer("404 Not Found", "", "nothing here")
        }
    })
    .await;
    let host = proxy.base();
    let alone = checked(&mut ann, &[("host", &host), ("token", TOKEN), ("personal_api_key", PERSONAL_KEY)]).await;
    assert!(
        alone.contains(
            "host note: Validates tokens like PostHog, but does not identify itself: 404 `nothing here`. If this is a reverse proxy, give"
        ),
        "{alone}"
    );
    let both =
        checked(&mut ann, &[("host", &host), ("api_host", &posthog.url), ("token", TOKEN), ("personal_api_key", PERSONAL_KEY)]).await;
    assert_eq!(
        both,
        "host ok: Answers like PostHog.\n\
         token ok: Valid here.\n\
         personal_api_key ok: Can query project 1.\n\
         project_id ok: Found: 1.\n\
         api_host ok: A self-hosted PostHog."
    );
}

#[tokio::test]
async fn without_script_a_button_checks_and_what_was_typed_stays() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut ann = site.writer().await;
    let given = [
        ("name", "shop"),
        ("host", posthog.url.as_str()),
        ("token", "phc_of_another"),
        ("personal_api_key", "phx_hunter2"),
        ("heartbeat", "on"),
        ("check", "on"),
    ];
    let shown = ann.submit("/projects/new", "/projects/new", &given).await;
    let page = shown.page();
    assert!(page.contains("<b>Wrong.</b> Not valid here") && page.contains("<b>Fine.</b> A self-hosted PostHog."), "{page}");
    assert!(page.contains("value=\"phc_of_another\"") && page.contains(&format!("value=\"{}\"", posthog.url)), "{page}");
    assert!(page.contains("Type it again: secrets are never shown"), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    let boxes: Vec<bool> =
        page.match_indices("type=\"checkbox\"").map(|(at, _)| page[at..].split('>').next().unwrap().contains("checked")).collect();
    assert_eq!(boxes, [true, false], "what was not ticked stays so");
    assert!(site.store.project_names().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_program_checks_in_the_same_words_and_must_be_allowed_to_write() {
    let site = TestSite::start().await;
    let posthog = Running::start(site.clock.clone()).await;
    let mut program = site.stranger();
    let ask = |role: String, body: Value| program.request(Method::POST, "/api/v1/projects/check").bearer_auth(role).json(&body);
    let body = json!({"host": posthog.url, "token": TOKEN, "personal_api_key": PERSONAL_KEY});
    let (write, read) = (site.token(Role::Editor).await, site.token(Role::Viewer).await);
    let requests = [ask(write.clone(), body.clone()), ask(read, body), ask(write, json!({"hots": "us"}))];
    let [fine, forbidden, strange] = requests;
    let fine = program.send(fine).await;
    assert_eq!(
        told(&fine.text),
        "host ok: A self-hosted PostHog.\ntoken ok: Valid here.\npersonal_api_key ok: Can query project 1.\nproject_id ok: Found: 1."
    );
    assert_eq!(program.send(forbidden).await.status, StatusCode::FORBIDDEN);
    let strange = program.send(strange).await;
    assert!(strange.status == StatusCode::BAD_REQUEST && strange.text.contains("hots"), "{}", strange.text);
}

#[tokio::test]
async fn nobody_who_may_only_read_makes_us_ask_anybody() {
    let site = TestSite::start().await;
    let posthog = always(|| answer("200 OK", "", "")).await;
    let mut rob = site.reader().await;
    let rejected = rob.submit("/", "/projects/new/check", &[("host", &posthog.base())]).await;
    assert_eq!(rejected.status, StatusCode::FORBIDDEN);
    let mut ann = site.writer().await;
    let forged = ann.post("/projects/new/check", &[("host", &posthog.base()), ("csrf", "guessed.guess")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(posthog.connections(), 0);
}
