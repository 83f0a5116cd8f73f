//! Which PostHog this is, and whether it knows a token.

use heartbeat::model::{Part, Phase, ProjectToken, Region};
use heartbeat::posthog::instance::{Instance, TokenState, Unidentified, Version, identify, knows_token};

use super::client;
use crate::support::scripted::{Server, always, answer};

const JSON: &str = "content-type: application/json\r\n";

async fn identified(body: &'static str) -> Result<Instance, Unidentified> {
    let server = always(move || answer("200 OK", JSON, body)).await;
    let found = identify(&client(), &format!("{}/ph", server.base())).await;
    assert_eq!(server.requests()[0].line(), "GET /ph/_preflight HTTP/1.1");
    found
}

fn hosted(version: Option<(u32, u32, u32)>, down: &[Part]) -> Instance {
    let version = version.map(|(major, minor, patch)| Version { major, minor, patch });
    Instance::SelfHosted { version, down: down.iter().copied().collect() }
}

#[tokio::test]
async fn every_kind_of_posthog_is_known_by_its_preflight() {
    for (body, instance) in [
        (r#"{"cloud":true,"realm":"cloud","region":"US"}"#, Instance::Cloud(Region::Us)),
        (r#"{"cloud":true,"realm":"cloud","region":"EU"}"#, Instance::Cloud(Region::Eu)),
        (r#"{"cloud":true,"realm":"cloud","region":null}"#, Instance::OtherCloud(String::new())),
        (r#"{"cloud":true,"realm":"cloud","region":"MARS"}"#, Instance::OtherCloud("MARS".into())),
        (r#"{"cloud":false,"realm":"demo"}"#, Instance::Demo),
        (r#"{"cloud":false,"realm":"hosted-clickhouse","kafka":true}"#, hosted(None, &[])),
        (r#"{"cloud":false,"realm":"hosted-clickhouse","posthog_version":"1.43.0"}"#, hosted(Some((1, 43, 0)), &[])),
        (r#"{"cloud":false,"realm":"hosted","plugins":false,"kafka":false,"db":true}"#, hosted(None, &[Part::Kafka, Part::Plugins])),
    ] {
        assert_eq!(identified(body).await, Ok(instance), "{body}");
    }
}

#[tokio::test]
async fn only_a_version_that_is_said_and_is_older_is_too_old() {
    for (body, too_old) in [
        (r#"{"cloud":false,"realm":"hosted","posthog_version":"1.29.9"}"#, Some("1.29.9")),
        (r#"{"cloud":false,"realm":"hosted","posthog_version":"1.30.0"}"#, None),
        (r#"{"cloud":false,"realm":"hosted","posthog_version":"1.100.0"}"#, None),
        (r#"{"cloud":false,"realm":"hosted"}"#, None),
        (r#"{"cloud":true,"region":"US","posthog_version":"1.0.0"}"#, None),
    ] {
        let found = identified(body).await.unwrap().too_old().map(|version| version.to_string());
        assert_eq!(found.as_deref(), too_old, "{body}");
    }
}

#[tokio::test]
async fn what_is_no_preflight_is_quoted() {
    for (status, head, body, words) in [
        ("200 OK", "", "<html>Log in", "200 `Log in`"),
        ("200 OK", JSON, "{}", "200 `{}`"),
        ("200 OK", JSON, "[1]", "200 `[1]`"),
        ("404 Not Found", "", "nothing here", "404 `nothing here`"),
        ("301 Moved", "location: https://example.com/_preflight\r\n", "", ": 301"),
    ] {
        let server = always(move || answer(status, head, body)).await;
        let unidentified = identify(&client(), &server.base()).await.unwrap_err();
        assert!(matches!(unidentified, Unidentified::Strange(_)));
        assert!(unidentified.to_string().contains(words), "{unidentified}");
    }
    let nobody = identify(&client(), "http://posthog.invalid").await.unwrap_err();
    assert!(matches!(nobody, Unidentified::NoAnswer { at: Phase::Dns, .. }), "{nobody}");
}

/// What the three endpoints answer, and what comes of it.
async fn asked(flags: &'static str, decide: &'static str, config: &'static str) -> (TokenState, usize) {
    let server = Server::start(move |_, request| {
        let status = match request.line() {
            "POST /flags/?v=2 HTTP/1.1" => flags,
            "POST /decide/?v=3 HTTP/1.1" => decide,
            "GET /array/phc_sample/config.js HTTP/1.1" => config,
            other => panic!("asked for {other}"),
        };
        if let Some(status) = status.strip_prefix("page ") {
            return answer(status, "content-type: text/html\r\n", "<html>");
        }
        let body = match (request.line(), &status[..3]) {
            ("GET /array/phc_sample/config.js HTTP/1.1", "200") => "window.x = {'phc_sample': {}}",
            (_, "200") => r#"{"flags":{}}"#,
            (_, "401") => r#"{"type":"authentication_error","code":"invalid_api_key","detail":"Project API key invalid.","attr":null}"#,
            _ => "",
        };
        answer(status, "", body)
    })
    .await;
    let state = knows_token(&client(), &server.base(), &ProjectToken::parse("phc_sample").unwrap()).await;
    let requests = server.requests();
    assert_eq!(requests[0].json()["token"], "phc_sample");
    (state, requests.len())
}

#[tokio::test]
async fn a_token_is_recognized_by_the_endpoints_that_serve_browsers() {
    use TokenState::{Contradicted, Known, Unknown};
    for (flags, decide, config, state, count) in [
        ("200 OK", "", "", Known, 1),
        ("401 No", "", "404 Not Found", Unknown, 2),
        // The one reads it from the body, the other from the address.
        ("401 No", "", "200 OK", Contradicted, 2),
        ("404 Not Found", "200 OK", "", Known, 2),
        ("404 Not Found", "401 No", "404 Not Found", Unknown, 3),
        ("404 Not Found", "404 Not Found", "200 OK", Known, 3),
        ("503 Busy", "", "200 OK", Known, 2),
        ("503 Busy", "", "404 Not Found", Unknown, 2),
        ("page 403 Forbidden", "", "200 OK", Known, 2),
    ] {
        assert_eq!(asked(flags, decide, config).await, (state, count), "{flags} {decide} {config}");
    }
}

#[tokio::test]
async fn where_nobody_says_a_token_is_not_called_unknown() {
    for (flags, decide, config, words) in [
        // A reverse proxy that passes capture alone.
        ("404 Not Found", "404 Not Found", "404 Not Found", "/decide/?v=3 answers 404"),
        ("503 Busy", "", "503 Busy", "/flags/?v=2 answers 503"),
        ("page 200 OK", "", "page 200 OK", "200"),
        ("page 401 No", "", "page 404 No", "401"),
        ("302 Found", "", "302 Found", "302"),
    ] {
        match asked(flags, decide, config).await.0 {
            TokenState::CannotTell(said) => assert!(said.contains(words), "{said}"),
            TokenState::NotPostHog(excerpt) => assert_eq!(excerpt.status.to_string(), words),
            other => panic!("{flags} {decide} {config}: {other:?}"),
        }
    }
    let token = ProjectToken::parse("phc_sample").unwrap();
    match knows_token(&client(), "http://posthog.invalid", &token).await {
        TokenState::CannotTell(words) => assert!(words.contains("no answer (dns)"), "{words}"),
        other => panic!("{other:?}"),
    }
}
