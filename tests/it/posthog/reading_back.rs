//! Looking: the question as it is asked, and every answer to it.

use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::{
    Arrival, KeyScopes, PersonalKey, Phase, ProjectToken, QueryCost, ReadbackError, ReadbackErrorKind, Timestamp, Traffic,
};
use heartbeat::posthog::query::{Answer, FoundProject, ProjectPath, Question, Watched, find_project, readback};
use heartbeat::posthog::{Client, Settings};
use serde_json::json;
use uuid::Uuid;

use super::{client, key};
use crate::support::scripted::{Act, Server, always, answer, eventually};

const NOW: Timestamp = Timestamp::from_ms(1_740_000_000_000);
const SEEN: &str = "0195189a-5b3c-7000-8000-000000000001";
const JSON: &str = "content-type: application/json\r\n";
/// An answer with nothing in it, to a question asked at [`NOW`].
const NOTHING: &str = r#"{"results":[["traffic","1740000000000",0,0,0,0]]}"#;
const STAMP: &str = "1740000000000";

async fn ask(client: &Client, base: &str) -> Result<Answer, ReadbackError> {
    let key = key();
    let uuids = vec![SEEN.parse::<Uuid>().unwrap()];
    let watched = Watched::default();
    let question = Question {
        base,
        key: &key,
        posthog_id: ProjectPath::Number(42),
        events: vec!["heartbeat"],
        uuids,
        back_to: NOW,
        watched,
        now: NOW,
    };
    readback(client, &question).await
}

async fn answered(status: &'static str, headers: &'static str, body: impl Into<String>) -> Result<Answer, ReadbackError> {
    let body = body.into();
    let server = always(move || answer(status, headers, &body)).await;
    ask(&client(), &server.base()).await
}

#[tokio::test]
async fn the_question_is_asked_as_the_facts_say() {
    let server = always(|| answer("200 OK", JSON, NOTHING)).await;
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
                ["beat", SEEN, 1_740_000_001_234_i64, 2, 0, 0],
                ["traffic", STAMP, 1_740_000_000_500_i64, 17, 1_740_000_000_900_i64, 19]
            ]),
            vec![Arrival { uuid, ingested: Timestamp::from_ms(1_740_000_001_234), copies: 2 }],
            Traffic {
                others: 17,
                newest: Some(Timestamp::from_ms(1_740_000_000_500)),
                watched: 19,
                watched_newest: Some(Timestamp::from_ms(1_740_000_000_900)),
            },
        ),
        (json!([["traffic", STAMP, 0, 0, 0, 0]]), vec![], Traffic::default()),
        (json!([["traffic", STAMP, null, 0, null, 0]]), vec![], Traffic::default()),
        (
            json!([["traffic", STAMP, "5", "1", "0", "0"], ["beat", SEEN, "1740000001234", "1", "0", "0"]]),
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
    let (one, two) = NOTHING.split_at(20);
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
    assert_eq!((failure.kind, failure.excerpt.words.as_str()), (ReadbackErrorKind::NotPostHog, "x".repeat(300).as_str()));
    assert_eq!(failure.note.as_deref(), Some("an answer of over 8 MiB"));
}

#[tokio::test]
async fn every_failure_of_a_look_has_its_name_and_words() {
    for (status, headers, body, kind, words) in [
        ("400 Bad Request", JSON, r#"{"detail":"Unknown function foo"}"#, ReadbackErrorKind::QueryRejected, "Unknown function foo"),
        (
            "401 Unauthorized",
            JSON,
            r#"{"detail":"Personal API key is invalid."}"#,
            ReadbackErrorKind::KeyWrong,
            "Personal API key is invalid.",
        ),
        ("403 Forbidden", JSON, r#"{"detail":"missing required scope 'query:read'"}"#, ReadbackErrorKind::KeyForbidden, "query:read"),
        ("404 Not Found", JSON, r#"{"detail":"Project not found."}"#, ReadbackErrorKind::NoSuchProject, "Project not found."),
        ("429 Too Many Requests", JSON, r#"{"detail":"Request was throttled."}"#, ReadbackErrorKind::Throttled, "throttled"),
        ("500 Oops", JSON, r#"{"detail":"ClickHouse error while executing query."}"#, ReadbackErrorKind::Broken, "ClickHouse error"),
        ("502 Bad Gateway", "", "<html>nginx", ReadbackErrorKind::Broken, "nginx"),
        ("504 Timeout", "", "", ReadbackErrorKind::Broken, ""),
        ("200 OK", JSON, r#"{"error":"Code: 241. Memory limit","results":[]}"#, ReadbackErrorKind::Broken, "Memory limit"),
        ("200 OK", "content-type: text/html\r\n", "<title>Log in</title>", ReadbackErrorKind::NotPostHog, "Log in"),
        ("403 Forbidden", "", "<html>cloudflare", ReadbackErrorKind::NotPostHog, "cloudflare"),
        ("404 Not Found", "", "<h1>nginx", ReadbackErrorKind::NotPostHog, "nginx"),
        ("302 Found", "location: /login\r\n", "", ReadbackErrorKind::NotPostHog, ""),
        ("418 Teapot", JSON, "{}", ReadbackErrorKind::NotPostHog, "{}"),
        // Where PostHog says that the question is too big, and where another server gave up.
        ("504 Timeout", JSON, r#"{"detail":"This query hit the 10-second time limit"}"#, ReadbackErrorKind::TooExpensive, "10-second"),
        ("504 Timeout", "", "upstream request timeout", ReadbackErrorKind::Broken, "upstream"),
        ("512 Slow", JSON, r#"{"detail":"too slow"}"#, ReadbackErrorKind::TooExpensive, "too slow"),
        (
            "513 Memory",
            JSON,
            r#"{"code":"clickhouse_memory_limit_exceeded","detail":"ran out of memory"}"#,
            ReadbackErrorKind::TooExpensive,
            "memory",
        ),
        ("400 No", JSON, r#"{"code":"too_many_bytes","detail":"reads too many bytes"}"#, ReadbackErrorKind::TooExpensive, "too many bytes"),
        ("402 Pay", JSON, r#"{"code":"api_queries_quota_exceeded","detail":"quota"}"#, ReadbackErrorKind::QueryQuota, "quota"),
        ("402 Pay", "", "pay the proxy", ReadbackErrorKind::NotPostHog, "pay the proxy"),
        ("429 No", JSON, r#"{"code":"api_queries_budget_exceeded","detail":"budget"}"#, ReadbackErrorKind::BudgetUsedUp, "budget"),
        ("503 No", JSON, r#"{"code":"database_unavailable","detail":"later"}"#, ReadbackErrorKind::DatabaseUnavailable, "later"),
        (
            "401 No",
            "www-authenticate: Bearer resource_metadata=\"https://us.posthog.com/.well-known\"\r\n",
            r#"{"detail":"Authentication credentials were not provided."}"#,
            ReadbackErrorKind::KeyNotReceived,
            "not provided",
        ),
        (
            "401 No",
            "www-authenticate: Bearer resource_metadata=\"https://us.posthog.com/.well-known\"\r\n",
            r#"{"detail":"Personal API key found in request Authorization header is invalid."}"#,
            ReadbackErrorKind::KeyWrong,
            "is invalid",
        ),
        ("401 No", "www-authenticate: Basic realm=office\r\n", "", ReadbackErrorKind::NotPostHog, ""),
    ] {
        let failure = answered(status, headers, body).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status} {body}");
        assert!(failure.excerpt.words.contains(words), "{status} {body}: {}", failure.excerpt.words);
        assert!(status.starts_with(&failure.excerpt.status.to_string()));
        assert_eq!(failure.retry_after, None);
    }
}

/// What is ours in a failure stands beside what was said, and never inside its quotation marks.
#[tokio::test]
async fn an_answer_that_says_nothing_is_quoted_with_our_words_beside_it() {
    let row = |row: &str| format!(r#"{{"results":[{row}]}}"#);
    for (status, headers, body, note, words) in [
        ("200 OK", JSON, "welcome".into(), "an answer that is not JSON", "welcome"),
        ("200 OK", JSON, String::new(), "an answer that is not JSON", ""),
        ("200 OK", JSON, "[]".into(), "an answer without `results`", "[]"),
        ("200 OK", JSON, r#"{"results":{}}"#.into(), "an answer without `results`", "{}"),
        ("200 OK", JSON, row(""), "an answer without its last row", "results"),
        ("200 OK", JSON, row(r#"["traffic","1739999940000",0,0,0,0]"#), "the answer to an older query", "1739999940000"),
        ("200 OK", JSON, row(r#"["traffic","1740000000000",0,0]"#), "an unexpected row", "traffic"),
        ("200 OK", JSON, row(r#"["traffic","1740000000000","x",1,0,0]"#), "a row that is not a count", "x"),
        ("200 OK", JSON, row(r#"["traffic","1740000000000",0,-1,0,0]"#), "a row that is not a count", "-1"),
        ("200 OK", JSON, row(r#"["traffic","1740000000000",0,0,1e99,1]"#), "a row that is not a count", "+99"),
        ("200 OK", JSON, row(r#"["beat","nobody",1,1,0,0]"#), "a row that is not a beat", "nobody"),
        ("200 OK", JSON, row(r#"["beat",null,1,1,0,0]"#), "a row that is not a beat", "null"),
        ("200 OK", JSON, row(r#"["other","",1,1,0,0]"#), "an unexpected row", "other"),
        ("200 OK", JSON, row("[],7"), "an unexpected row", "[]"),
    ] {
        let failure = answered(status, headers, body.clone()).await.unwrap_err();
        assert_eq!(failure.kind, ReadbackErrorKind::NotPostHog, "{status} {body}");
        assert!(failure.note.as_deref().unwrap_or_default().starts_with(note), "{status} {body}: {:?}", failure.note);
        assert!(
            failure.excerpt.words.contains(words) && !failure.excerpt.words.contains(note),
            "{status} {body}: {}",
            failure.excerpt.words
        );
    }
}

#[tokio::test]
async fn the_answer_to_a_look_that_was_joined_with_another_is_no_fault() {
    let body = NOTHING.replacen('{', r#"{"is_cached":true,"#, 1);
    assert_eq!(answered("200 OK", JSON, body).await.unwrap().traffic, Traffic::default());
}

#[tokio::test]
async fn what_a_query_cost_is_read_where_it_is_reported() {
    let headers = "x-posthog-query-bytes-read: 1000\r\nx-posthog-query-budget-remaining-bytes: 20000\r\n";
    let cost = answered("200 OK", headers, NOTHING).await.unwrap().cost;
    assert_eq!((cost.bytes_read, cost.budget_left, cost.queries_left()), (Some(1000), Some(20_000), Some(20)));
    assert!(cost.is_short(Duration::from_mins(1)) && !cost.is_short(Duration::from_mins(5)));
    assert_eq!(answered("200 OK", "x-posthog-query-bytes-read: many\r\n", NOTHING).await.unwrap().cost, QueryCost::default());
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
async fn the_servers_clock_is_shown_only_where_it_differs() {
    // The hand clock stands at 21:20:00.
    for (date, ahead) in [
        ("Wed, 19 Feb 2025 21:20:00 GMT", None),
        ("Wed, 19 Feb 2025 21:19:58 GMT", None),
        ("Wed, 19 Feb 2025 21:25:00 GMT", Some(300_500)),
        ("Wed, 19 Feb 2025 21:15:00 GMT", Some(-299_500)),
        ("yesterday", None),
    ] {
        let head = format!("date: {date}\r\n");
        let server = always(move || answer("200 OK", &head, NOTHING)).await;
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
    let reading_back = tokio::spawn(async move { ask(&client, &base).await });
    server.wait_for(1).await;
    hand.advance(Duration::from_secs(61));
    let too_early = Clock::system().timeout(Duration::from_millis(100), eventually(|| reading_back.is_finished())).await;
    assert!(too_early.is_err());
    hand.advance(Duration::from_secs(4));
    let failure = reading_back.await.unwrap().unwrap_err();
    assert_eq!(failure.kind, ReadbackErrorKind::Unreachable);
    assert_eq!((failure.excerpt.status, failure.excerpt.words.as_str()), (0, "no answer within 65s"));
}

#[tokio::test]
async fn nobody_there_is_unreachable_with_the_phase() {
    let failure = ask(&client(), "http://posthog.invalid").await.unwrap_err();
    assert_eq!(failure.kind, ReadbackErrorKind::Unreachable);
    assert_eq!(failure.excerpt.at, Some(Phase::Dns), "{}", failure.excerpt.words);
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

/// A PostHog that answers by path; what it does not know is not there.
async fn posthog(answers: &'static [(&'static str, &'static str, &'static str)]) -> Server {
    Server::start(move |_, request| {
        assert_eq!(request.header("authorization"), Some("Bearer phx_this_is_secret"));
        let line = request.line();
        let known = answers.iter().find(|(path, _, _)| line.split(' ').nth(1).is_some_and(|asked| asked.starts_with(path)));
        known.map_or_else(|| answer("404 No", JSON, r#"{"detail":"Not found."}"#), |(_, status, body)| answer(status, JSON, body))
    })
    .await
}

const KEY: &str = "/api/personal_api_keys/@current/";
const LIST: &str = "/api/projects/?limit=100";

async fn find(server: &Server) -> Result<FoundProject, ReadbackError> {
    find_project(&client(), &server.base(), &key(), &ProjectToken::parse("phc_sample").unwrap()).await
}

fn lines(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| request.line().split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_that_is_limited_to_one_project_says_which_and_nothing_else_is_asked() {
    let server = posthog(&[(KEY, "200 OK", r#"{"scopes":["query:read"],"scoped_teams":[42],"scoped_organizations":[]}"#)]).await;
    let scopes = KeyScopes { scopes: vec!["query:read".into()], projects: vec![42] };
    assert_eq!(find(&server).await, Ok(FoundProject { path: ProjectPath::Number(42), scopes: Some(scopes) }));
    assert_eq!(lines(&server), [KEY]);
}

#[tokio::test]
async fn of_several_projects_that_a_key_is_limited_to_the_token_decides() {
    let server = posthog(&[
        (KEY, "200 OK", r#"{"scopes":["query:read","project:read"],"scoped_teams":[41,42,43]}"#),
        ("/api/projects/42/", "200 OK", r#"{"id":42,"api_token":"phc_sample"}"#),
        ("/api/projects/43/", "200 OK", r#"{"id":43,"api_token":"phc_other"}"#),
    ])
    .await;
    assert_eq!(find(&server).await.unwrap().path, ProjectPath::Number(42), "41 was deleted, which says nothing of 42");
    let blind = posthog(&[(KEY, "200 OK", r#"{"scopes":["query:read"],"scoped_teams":[41,42]}"#)]).await;
    let failure = find(&blind).await.unwrap_err();
    assert_eq!((failure.kind, failure.excerpt.words.as_str()), (ReadbackErrorKind::WhichProject, ""));
    assert!(failure.to_string().contains("limited to 2 projects") && failure.to_string().contains("project id"), "{failure}");
}

#[tokio::test]
async fn a_key_that_is_not_limited_lists_the_projects_or_is_left_with_the_one_its_owner_has_open() {
    let listing = r#"{"results":[{"id":7,"api_token":"phc_sample"}]}"#;
    for scopes in [r#"{"scopes":["*"],"scoped_teams":null}"#, r#"{"scopes":["query:read","project:write"],"scoped_teams":[]}"#] {
        let answers: &'static [_] = vec![(KEY, "200 OK", scopes), (LIST, "200 OK", listing)].leak();
        assert_eq!(find(&posthog(answers).await).await.unwrap().path, ProjectPath::Number(7), "{scopes}");
    }
    let server = posthog(&[(KEY, "200 OK", r#"{"scopes":["query:read"],"scoped_teams":[]}"#)]).await;
    assert_eq!(find(&server).await.unwrap().path, ProjectPath::Current);
    assert_eq!(lines(&server), [KEY]);
}

#[tokio::test]
async fn a_key_without_the_scope_to_query_is_reported_before_it_is_tried() {
    let server = posthog(&[(KEY, "200 OK", r#"{"scopes":["project:read","insight:read"],"scoped_teams":[42]}"#)]).await;
    let failure = find(&server).await.unwrap_err();
    assert_eq!(failure.kind, ReadbackErrorKind::KeyForbidden);
    assert!(failure.to_string().starts_with("the key has the scopes project:read, insight:read, but not query:read: "), "{failure}");
}

#[tokio::test]
async fn a_key_of_a_project_asks_for_its_own() {
    let server = posthog(&[]).await;
    let key = PersonalKey::parse("phs_of_the_project").unwrap();
    let found = find_project(&client(), &server.base(), &key, &ProjectToken::parse("phc_sample").unwrap()).await;
    assert_eq!((found.unwrap().path, server.requests().len()), (ProjectPath::Current, 0));
}

#[tokio::test]
async fn a_project_is_found_on_any_page_by_its_token() {
    // An older PostHog does not say what a key may do.
    let server = Server::start(|at, request| {
        assert_eq!(request.header("authorization"), Some("Bearer phx_this_is_secret"));
        if at == 0 {
            return answer("404 No", JSON, "{}");
        }
        let page = match at - 1 {
            // The host that PostHog takes itself to have is not asked: only the query of `next` counts.
            0 => json!({"next": "http://inside.invalid/api/projects/?limit=100&offset=100", "results": [{"id": 1, "api_token": "phc_a"}]}),
            _ => json!({"next": null, "results": [{"id": 2}, {"id": 77, "api_token": "phc_sample"}]}),
        };
        answer("200 OK", JSON, &page.to_string())
    })
    .await;
    let token = ProjectToken::parse("phc_sample").unwrap();
    let found = find_project(&client(), &format!("{}/ph", server.base()), &key(), &token).await;
    assert_eq!(found, Ok(FoundProject { path: ProjectPath::Number(77), scopes: None }));
    let requests = server.requests();
    assert_eq!(requests[1].line(), "GET /ph/api/projects/?limit=100 HTTP/1.1");
    assert_eq!(requests[2].line(), "GET /ph/api/projects/?limit=100&offset=100 HTTP/1.1");
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
        assert_eq!(failure.kind, ReadbackErrorKind::NoSuchProject);
        assert!(failure.to_string().starts_with("none of the 2 projects"), "{failure}");
    }
}

#[tokio::test]
async fn a_list_of_projects_that_cannot_be_read_says_why() {
    for (status, body, kind, note, words) in [
        ("401 No", r#"{"detail":"Invalid key."}"#, ReadbackErrorKind::KeyWrong, "", "Invalid key."),
        (
            "403 No",
            r#"{"detail":"missing required scope 'project:read'"}"#,
            ReadbackErrorKind::WhichProject,
            "the key may not list projects",
            "missing required scope 'project:read'",
        ),
        ("200 OK", "{}", ReadbackErrorKind::NotPostHog, "a list of projects without `results`", "{}"),
        ("200 OK", r#"{"results":[1,null,{"id":"x","api_token":"phc_sample"}]}"#, ReadbackErrorKind::NoSuchProject, "none of the 3", ""),
    ] {
        let answers: &'static [_] = vec![(LIST, status, body)].leak();
        let failure = find(&posthog(answers).await).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status} {body}");
        assert!(failure.note.as_deref().unwrap_or_default().starts_with(note), "{:?}", failure.note);
        assert_eq!(failure.excerpt.words, words);
    }
}

/// An answer that nests deeper than a stack costs one read-back.
#[tokio::test]
async fn an_answer_that_nests_deeply_is_not_understood() {
    for (open, close) in [("[", "]"), ("{\"results\":", "}"), ("{\"results\":[[", "]]}")] {
        let body = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for status in ["200 OK", "400 Bad Request", "403 Forbidden", "503 Service Unavailable"] {
            let failure = answered(status, JSON, body.clone()).await.unwrap_err();
            assert!(failure.to_string().len() < 1_000, "{status}: {failure}");
        }
    }
}
