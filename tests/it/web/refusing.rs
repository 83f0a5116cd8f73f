//! What is wrong with a request itself: programs hear it as a problem, people as a page, and nobody in the framework's own words.

use heartbeat::model::Role;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bed::TestSite;

#[tokio::test]
async fn whatever_is_wrong_with_a_request_to_the_api_is_a_problem() {
    let site = TestSite::start().await;
    let token = site.token(Role::Editor).await;
    let mut program = site.stranger();
    for (method, path, status, says) in [
        (Method::GET, "/api/v1/projects/%ff", 400, "UTF-8"),
        (Method::DELETE, "/api/v1/channels/%ff", 400, "UTF-8"),
        (Method::GET, "/api/v1/projects/shop/apps/%ff", 400, "UTF-8"),
        (Method::GET, "/api/v1/incidents/%ff", 400, "UTF-8"),
        (Method::GET, "/api/v1/incidents/abc", 404, "there is no incident `abc`"),
        (Method::GET, "/api/v1/incidents/99999999999999999999", 404, "there is no incident"),
        (Method::POST, "/api/v1/incidents/1/unacknowledge", 404, "there is no incident"),
        (Method::GET, "/api/v1/notifications?incident=abc", 400, "incident"),
        (Method::GET, "/api/v1/projects?limit=many", 400, "limit"),
        (Method::GET, "/api/v1/projects?limit=1&limit=2", 400, "limit"),
        (Method::GET, "/api/v1/nowhere", 404, "/api/v1/nowhere"),
        (Method::GET, "/api/%ff", 404, "/api/%ff"),
        (Method::GET, "/api/", 404, "/api/"),
        (Method::GET, "/api", 404, "/api"),
        (Method::POST, "/api", 404, "/api"),
        (Method::DELETE, "/api/v1/projects", 405, "does not accept this method"),
        (Method::PATCH, "/api/v1/maintenance/night", 405, "does not accept this method"),
        (Method::POST, "/api/openapi.json", 405, "does not accept this method"),
        (Method::POST, "/metrics", 405, "does not accept this method"),
    ] {
        let request = program.request(method.clone(), path).header("authorization", format!("Bearer {token}"));
        let shown = program.send(request).await;
        assert_eq!(
            (shown.status.as_u16(), shown.header("content-type")),
            (status, "application/problem+json"),
            "{method} {path}: {}",
            shown.text
        );
        let problem: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{method} {path}: {problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(shown.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
}

#[tokio::test]
async fn a_query_parameter_that_is_none_is_a_problem_and_no_filter() {
    let site = TestSite::start().await;
    let token = site.token(Role::Editor).await;
    let mut program = site.stranger();
    for (method, path, fields) in [
        (Method::GET, "/api/v1/projects?tag=eu", &[("tag", "there are q, project, limit, after")][..]),
        (
            Method::GET,
            "/api/v1/projects?projekt=a&Limit=3&project=b&zone=x&zone=y",
            &[("Limit", "did you mean `limit`?"), ("projekt", "did you mean `project`?"), ("zone", "there are")],
        ),
        (Method::GET, "/api/v1/users?limit=3", &[("limit", "there is none")]),
        (Method::GET, "/api/v1/tokens?q", &[("q", "there is none")]),
        (Method::GET, "/api/v1/incidents?status=open", &[("status", "did you mean `state`?")]),
        (Method::GET, "/api/v1/channels?limt=3", &[("limt", "did you mean `limit`?")]),
        (Method::GET, "/api/v1/channels/kinds?kind=slack", &[("kind", "there is none")]),
        (Method::GET, "/api/v1/notifications?channels=ops", &[("channels", "did you mean `channel`?")]),
        (Method::GET, "/api/v1/maintenance?project=shop", &[("project", "there is none")]),
        (Method::GET, "/api/v1/status-pages?q=a", &[("q", "there is none")]),
        (Method::GET, "/api/v1/apps?search=a", &[("search", "there is only q")]),
        (Method::GET, "/api/v1/audit-log?subjekt=a", &[("subjekt", "did you mean `subject`?")]),
        (Method::GET, "/api/v1/projects/shop/beats?outcom=lost", &[("outcom", "did you mean `outcome`?")]),
        (Method::GET, "/api/v1/projects/shop/lags?rnage=1h", &[("rnage", "did you mean `range`?")]),
        (Method::GET, "/api/v1/projects/shop/apps/heartbeat/log?levl=error", &[("levl", "did you mean `level`?")]),
        (Method::DELETE, "/api/v1/projects/shop?force=true", &[("force", "there is none")]),
    ] {
        let request = program.request(method.clone(), path).header("authorization", format!("Bearer {token}"));
        let shown = program.send(request).await;
        assert_eq!((shown.status, shown.header("content-type")), (StatusCode::BAD_REQUEST, "application/problem+json"), "{path}");
        let problem: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), fields.len(), "{path}: {problem}");
        for (error, (field, says)) in errors.iter().zip(fields) {
            assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(*field), Some("unknown_name")), "{path}");
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.starts_with(&format!("`{field}` is not a query parameter")) && detail.contains(says), "{path}: {detail}");
        }
    }
    // A caller without a token learns nothing else, and bookmarks of pages have parameters of others.
    assert_eq!(site.stranger().get("/api/v1/projects?tag=eu").await.status, StatusCode::UNAUTHORIZED);
    let mut ann = site.writer().await;
    for path in ["/?utm_source=mail", "/incidents?utm_source=mail&x", "/audit-log?tag=eu", "/channels?a=b"] {
        assert_eq!(ann.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_of_a_browser_is_a_page() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    for (method, path, status, allow) in [
        (Method::GET, "/projects/%ff", 400, ""),
        (Method::GET, "/incidents/abc", 404, ""),
        (Method::GET, "/audit-log?before=1&before=2", 400, ""),
        (Method::GET, "/live?project=a&project=b", 400, ""),
        (Method::GET, "/nowhere", 404, ""),
        (Method::HEAD, "/projects/shop/remove/now", 404, ""),
        (Method::OPTIONS, "/login", 405, "GET,HEAD,POST"),
    ] {
        let request = ann.request(method.clone(), path);
        let shown = ann.send(request).await;
        assert_eq!(
            (shown.status.as_u16(), shown.header("content-type"), shown.header("allow")),
            (status, "text/html; charset=utf-8", allow),
            "{method} {path}: {}",
            shown.text
        );
    }
}

#[tokio::test]
async fn an_error_page_leads_on() {
    let site = TestSite::start().await;
    let shown = site.reader().await.get("/nowhere").await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert!(shown.text.contains("<nav aria-label=\"Main\">") && shown.text.contains("href=\"/\">Show projects</a>"), "{}", shown.text);
    let shown = site.stranger().get("/nowhere").await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert!(!shown.text.contains("<nav") && shown.text.contains("href=\"/login\">Log in</a>"), "{}", shown.text);
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_named() {
    let site = TestSite::start().await;
    let mut ann = site.writer().await;
    for twice in [[("name", "night"), ("name", "day")], [("lasts", "1h"), ("lasts", "")]] {
        let fields = [("now", "true"), ("projects", "")].iter().chain(&twice).copied().collect::<Vec<_>>();
        let shown = ann.submit("/maintenance/new", "/maintenance/new", &fields).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
        let says = format!("{} is given twice; give it once", twice[0].0);
        assert!(shown.text.to_lowercase().contains(&says), "{}", shown.text);
    }
    assert!(site.store.windows().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_to_two_hosts_is_to_none() {
    let site = TestSite::start().await;
    let port = site.address.port();
    for (path, hosts) in [
        ("/login", format!("Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n")),
        ("/login", format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n")),
        ("/api/v1/projects", format!("Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n")),
        ("http://evil.example/login", format!("Host: 127.0.0.1:{port}\r\n")),
    ] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path} {hosts}: {answer}");
        let kind = if path.starts_with("/api") { "application/problem+json" } else { "text/html" };
        assert!(answer.contains(kind), "{answer}");
    }
}
