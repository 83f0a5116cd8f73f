//! Looking: the question as it is asked, and every answer to it.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{Arrival, LookFailure, LookTrouble, ProjectToken, Timestamp, Traffic};
use heartbeat::posthog::query::{Answer, Question, Watched, find_project, look};
use heartbeat::posthog::{Client, Settings};
use serde_json::json;
use uuid::Uuid;

use super::{client, key};
use crate::support::scripted::{Act, Server, always, answer, eventually};

const NOW: Timestamp = Timestamp::from_ms(1_740_000_000_000);
const SEEN: &str = "0195189a-5b3c-7000-8000-000000000001";
const JSON: &str = "content-type: application/json\r\n";

async fn ask(client: &Client, base: &str) -> Result<Answer, LookFailure> {
    let key = key();
    let uuids = vec![SEEN.parse::<Uuid>().unwrap()];
    let watched = Watched::default();
    let question = Question { base, key: &key, posthog_id: 42, events: vec!["heartbeat"], uuids, back_to: NOW, watched, now: NOW };
    look(client, &question).await
}

async fn answered(status: &'static str, headers: &'static str, body: impl Into<String>) -> Result<Answer, LookFailure> {
    let body = body.into();
    let server = always(move || answer(status, headers, &body)).await;
    ask(&client(), &server.base()).await
}

#[tokio::test]
async fn the_question_is_asked_as_the_facts_say() {
    let server = always(|| answer("200 OK", JSON, r#"{"results":[["traffic","",0,0],["watched","",0,0]]}"#)).await;
    ask(&client(), &server.base()).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.line(), "POST /api/projects/42/query/ HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer phx_this_is_secret"));
    let body = request.json();
    assert_eq!((&body["refresh"], &body["name"]), (&json!("force_blocking"), &json!("heartbeat")));
    assert_eq!(body["query"]["kind"], "HogQLQuery");
    assert!(body["query"]["query"].as_str().unwrap().contains(SEEN));
}

#[tokio::test]
async fn arrivals_and_traffic_are_read() {
    let uuid = SEEN.parse().unwrap();
    for (rows, arrivals, traffic) in [
        (
            json!([
                ["beat", SEEN, 1_740_000_001_234_i64, 2],
                ["traffic", "", 1_740_000_000_500_i64, 17],
                ["watched", "", 1_740_000_000_900_i64, 19]
            ]),
            vec![Arrival { uuid, ingested: Timestamp::from_ms(1_740_000_001_234), copies: 2 }],
            Traffic {
                others: 17,
                newest: Some(Timestamp::from_ms(1_740_000_000_500)),
                watched: 19,
                watched_newest: Some(Timestamp::from_ms(1_740_000_000_900)),
            },
        ),
        (json!([["traffic", "", 0, 0], ["watched", "", 0, 0]]), vec![], Traffic::default()),
        (json!([["watched", "", null, 0], ["traffic", "", null, 0]]), vec![], Traffic::default()),
        (
            json!([["traffic", "", "5", "1"], ["watched", "", "0", "0"], ["beat", SEEN, "1740000001234", "1"]]),
            vec![Arrival { uuid, ingested: Timestamp::from_ms(1_740_000_001_234), copies: 1 }],
            Traffic { others: 1, newest: Some(Timestamp::from_ms(5)), ..Traffic::default() },
        ),
    ] {
        let body = json!({"columns": ["kind", "id", "ingested", "copies"], "results": rows, "error": null, "hasMore": false});
        let answer = answered("200 OK", JSON, body.to_string()).await.unwrap();
        assert_eq!((answer.arrivals, answer.traffic, answer.server_ahead), (arrivals, traffic, None));
    }
}

#[tokio::test]
async fn an_answer_in_chunks_is_whole_and_leaves_its_connection_usable() {
    let (one, two) = (r#"{"results":[["traf"#, r#"fic","",0,0],["watched","",0,0]]}"#);
    let body = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    let server = always(move || Act::Answer(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"))).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(ask(&client, &server.base()).await.unwrap().traffic, Traffic::default());
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_answer_over_its_bound_is_not_read_on() {
    let failure = answered("200 OK", JSON, "x".repeat(9 * 1024 * 1024)).await.unwrap_err();
    assert_eq!((failure.trouble, failure.quote.words.as_str()), (LookTrouble::NotPostHog, "an answer of over 8 MiB"));
}

#[tokio::test]
async fn every_failure_of_a_look_has_its_name_and_words() {
    for (status, headers, body, trouble, words) in [
        ("400 Bad Request", JSON, r#"{"detail":"Unknown function foo"}"#, LookTrouble::QuestionRefused, "Unknown function foo"),
        ("401 Unauthorized", JSON, r#"{"detail":"Personal API key is invalid."}"#, LookTrouble::KeyWrong, "Personal API key is invalid."),
        ("403 Forbidden", JSON, r#"{"detail":"missing required scope 'query:read'"}"#, LookTrouble::KeyForbidden, "query:read"),
        ("404 Not Found", JSON, r#"{"detail":"Project not found."}"#, LookTrouble::NoSuchProject, "Project not found."),
        ("429 Too Many Requests", JSON, r#"{"detail":"Request was throttled."}"#, LookTrouble::Throttled, "throttled"),
        ("500 Oops", JSON, r#"{"detail":"ClickHouse error while executing query."}"#, LookTrouble::Broken, "ClickHouse error"),
        ("502 Bad Gateway", "", "<html>nginx", LookTrouble::Broken, "<html>nginx"),
        ("504 Timeout", "", "", LookTrouble::Broken, ""),
        ("200 OK", JSON, r#"{"error":"Code: 241. Memory limit","results":[]}"#, LookTrouble::Broken, "Memory limit"),
        ("200 OK", JSON, r#"{"is_cached":true,"results":[["traffic","",0,0],["watched","",0,0]]}"#, LookTrouble::Broken, "cache"),
        ("200 OK", "content-type: text/html\r\n", "<title>Log in", LookTrouble::NotPostHog, "<title>Log in"),
        ("403 Forbidden", "", "<html>cloudflare", LookTrouble::NotPostHog, "cloudflare"),
        ("404 Not Found", "", "<h1>nginx", LookTrouble::NotPostHog, "nginx"),
        ("302 Found", "location: /login\r\n", "", LookTrouble::NotPostHog, "answers 302 to"),
        ("418 Teapot", JSON, "{}", LookTrouble::NotPostHog, "{}"),
        ("200 OK", JSON, "welcome", LookTrouble::NotPostHog, "not JSON: welcome"),
        ("200 OK", JSON, "", LookTrouble::NotPostHog, "not JSON"),
        ("200 OK", JSON, "[]", LookTrouble::NotPostHog, "without `results`"),
        ("200 OK", JSON, r#"{"results":{}}"#, LookTrouble::NotPostHog, "without `results`"),
        ("200 OK", JSON, r#"{"results":[]}"#, LookTrouble::NotPostHog, "without its last rows"),
        ("200 OK", JSON, r#"{"results":[["traffic","",0,0]]}"#, LookTrouble::NotPostHog, "without its last rows"),
        ("200 OK", JSON, r#"{"results":[["watched","",0,0]]}"#, LookTrouble::NotPostHog, "without its last rows"),
        ("200 OK", JSON, r#"{"results":[["watched","","x",1],["traffic","",0,0]]}"#, LookTrouble::NotPostHog, "no count"),
        ("200 OK", JSON, r#"{"results":[["watched","",0],["traffic","",0,0]]}"#, LookTrouble::NotPostHog, "not asked for"),
        ("200 OK", JSON, r#"{"results":[["beat","nobody",1,1],["traffic","",0,0]]}"#, LookTrouble::NotPostHog, "no beat"),
        ("200 OK", JSON, r#"{"results":[["beat",null,1,1]]}"#, LookTrouble::NotPostHog, "no beat"),
        ("200 OK", JSON, r#"{"results":[["traffic","",0,-1]]}"#, LookTrouble::NotPostHog, "no count"),
        ("200 OK", JSON, r#"{"results":[["traffic","",1e99,1]]}"#, LookTrouble::NotPostHog, "no count"),
        ("200 OK", JSON, r#"{"results":[["other","",1,1]]}"#, LookTrouble::NotPostHog, "not asked for"),
        ("200 OK", JSON, r#"{"results":[[],7]}"#, LookTrouble::NotPostHog, "not asked for"),
    ] {
        let failure = answered(status, headers, body).await.unwrap_err();
        assert_eq!(failure.trouble, trouble, "{status} {body}");
        assert!(failure.quote.words.contains(words), "{status} {body}: {}", failure.quote.words);
        assert!(status.starts_with(&failure.quote.status.to_string()));
        assert_eq!(failure.retry_after, None);
    }
}

#[tokio::test]
async fn the_wait_asked_for_is_read_in_both_forms() {
    for (headers, seconds) in [
        ("retry-after: 30\r\n", Some(30)),
        ("retry-after: Wed, 19 Feb 2025 21:21:00 GMT\r\n", Some(60)),
        ("retry-after: Wed, 19 Feb 2025 21:19:00 GMT\r\n", Some(0)),
        ("retry-after: soon\r\n", None),
        ("retry-after: -5\r\n", None),
        ("", None),
    ] {
        let server = always(move || answer("429 Slow down", headers, r#"{"detail":"Request was throttled."}"#)).await;
        let (clock, _hand) = Clock::hand(NOW);
        let client = Client::new(clock, &Settings::default()).unwrap();
        let failure = ask(&client, &server.base()).await.unwrap_err();
        assert_eq!(failure.retry_after, seconds.map(Duration::from_secs), "{headers}");
    }
}

#[tokio::test]
async fn the_servers_clock_is_told_only_where_it_differs() {
    // The hand clock stands at 21:20:00.
    for (date, ahead) in [
        ("Wed, 19 Feb 2025 21:20:00 GMT", None),
        ("Wed, 19 Feb 2025 21:19:58 GMT", None),
        ("Wed, 19 Feb 2025 21:25:00 GMT", Some(300_500)),
        ("Wed, 19 Feb 2025 21:15:00 GMT", Some(-299_500)),
        ("yesterday", None),
    ] {
        let head = format!("date: {date}\r\n");
        let server = always(move || answer("200 OK", &head, r#"{"results":[["traffic","",0,0],["watched","",0,0]]}"#)).await;
        let (clock, _hand) = Clock::hand(NOW);
        let client = Client::new(clock, &Settings::default()).unwrap();
        assert_eq!(ask(&client, &server.base()).await.unwrap().server_ahead, ahead, "{date}");
    }
}

#[tokio::test]
async fn a_query_gets_its_minute_and_no_more() {
    let server = Server::start(|_, _| Act::Silence).await;
    let (clock, hand) = Clock::hand(NOW);
    let client = Client::new(clock, &Settings::default()).unwrap();
    let base = server.base();
    let looking = tokio::spawn(async move { ask(&client, &base).await });
    server.wait_for(1).await;
    hand.advance(Duration::from_secs(61));
    let too_early = Clock::system().timeout(Duration::from_millis(100), eventually(|| looking.is_finished())).await;
    assert!(too_early.is_err());
    hand.advance(Duration::from_secs(4));
    let failure = looking.await.unwrap().unwrap_err();
    assert_eq!(failure.trouble, LookTrouble::Unreachable);
    assert_eq!((failure.quote.status, failure.quote.words.as_str()), (0, "answer: no answer within 65s"));
}

#[tokio::test]
async fn nobody_there_is_unreachable_with_the_phase() {
    let failure = ask(&client(), "http://posthog.invalid").await.unwrap_err();
    assert_eq!(failure.trouble, LookTrouble::Unreachable);
    assert!(failure.quote.words.starts_with("dns: "), "{}", failure.quote.words);
}

#[tokio::test]
async fn the_personal_key_is_in_no_failure_though_a_server_echoes_it() {
    let echo = "phx_this_is_secret";
    let padding = "x".repeat(290);
    for (status, head, body) in [
        ("401 No", "", format!(r#"{{"detail":"key {echo} is wrong"}}"#)),
        ("200 OK", "", format!("{padding}{echo}")),
        ("500 Oops", "", format!("<pre>Authorization: Bearer {echo}</pre>")),
        ("302 Found", "location: /login?key=phx_this_is_secret\r\n", String::new()),
        ("403 No", "server: phx_this_is_secret\r\n", String::new()),
        ("200 OK", "", format!(r#"{{"error":"{echo}"}}"#)),
        ("200 OK", "", format!(r#"{{"results":["{echo}"]}}"#)),
    ] {
        let failure = answered(status, head, body.clone()).await.unwrap_err();
        let shown = format!("{failure:?} {failure}");
        assert!(!shown.contains("phx_this"), "{status} {body}: {shown}");
    }
}

#[tokio::test]
async fn a_project_is_found_on_any_page_by_its_token() {
    let server = Server::start(|at, request| {
        assert_eq!(request.header("authorization"), Some("Bearer phx_this_is_secret"));
        let page = match at {
            // The host that PostHog takes itself to have is not asked: only the query of `next` counts.
            0 => json!({"next": "http://inside.invalid/api/projects/?limit=100&offset=100", "results": [{"id": 1, "api_token": "phc_a"}]}),
            _ => json!({"next": null, "results": [{"id": 2}, {"id": 77, "api_token": "phc_sample"}]}),
        };
        answer("200 OK", JSON, &page.to_string())
    })
    .await;
    let token = ProjectToken::parse("phc_sample").unwrap();
    let found = find_project(&client(), &format!("{}/ph", server.base()), &key(), &token).await;
    assert_eq!(found, Ok(77));
    let requests = server.requests();
    assert_eq!(requests[0].line(), "GET /ph/api/projects/?limit=100 HTTP/1.1");
    assert_eq!(requests[1].line(), "GET /ph/api/projects/?limit=100&offset=100 HTTP/1.1");
}

#[tokio::test]
async fn a_token_of_no_project_says_how_many_were_seen() {
    let token = ProjectToken::parse("phc_sample").unwrap();
    let page =
        |next: &str| json!({"next": next, "results": [{"id": 1, "api_token": "phc_a"}, {"id": 2, "api_token": "phc_b"}]}).to_string();
    // The last of these turns in a circle.
    for next in ["", "?limit=100"] {
        let body = page(next);
        let server = always(move || answer("200 OK", JSON, &body)).await;
        let failure = find_project(&client(), &server.base(), &key(), &token).await.unwrap_err();
        assert_eq!(failure.trouble, LookTrouble::NoSuchProject);
        assert!(failure.quote.words.contains("none of the 2 projects"), "{}", failure.quote.words);
    }
}

#[tokio::test]
async fn a_list_of_projects_that_cannot_be_read_says_why() {
    let token = ProjectToken::parse("phc_sample").unwrap();
    for (status, body, trouble, words) in [
        ("401 No", r#"{"detail":"Invalid key."}"#, LookTrouble::KeyWrong, "Invalid key."),
        ("403 No", r#"{"detail":"missing required scope 'project:read'"}"#, LookTrouble::KeyForbidden, "or give the project id"),
        ("200 OK", "{}", LookTrouble::NotPostHog, "without `results`"),
        ("200 OK", r#"{"results":[1,null,{"id":"x","api_token":"phc_sample"}]}"#, LookTrouble::NoSuchProject, "none of the 3"),
    ] {
        let server = always(move || answer(status, JSON, body)).await;
        let failure = find_project(&client(), &server.base(), &key(), &token).await.unwrap_err();
        assert_eq!(failure.trouble, trouble, "{status} {body}");
        assert!(failure.quote.words.contains(words), "{}", failure.quote.words);
    }
}
