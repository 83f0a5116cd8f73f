//! A relay between a proxy and the sandbox, which does to requests and answers what no proxy of the lab does by its configuration alone.

use std::io::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, DATE, HOST, HeaderName, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use heartbeat::clock::Clock;
use heartbeat::sandbox::TOKEN;
use serde_json::Value;
use tokio::net::TcpListener;

use super::situations::Change;

/// What `Date` and its like look like.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

#[derive(Clone)]
struct Relay {
    upstream: SocketAddr,
    change: Change,
    http: reqwest::Client,
}

/// Starts a relay to `upstream`; it ends with the test's runtime.
pub(super) async fn start(upstream: SocketAddr, change: Change) -> SocketAddr {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let relay = Relay { upstream, change, http };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pass = move |request: Request<Body>| relay.clone().pass(request);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(pass)).await.unwrap() });
    address
}

fn is_capture(path: &str) -> bool {
    ["/i/", "/e", "/batch", "/capture", "/track"].iter().any(|begins| path.starts_with(begins))
}

impl Relay {
    async fn pass(self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        match self.change {
            Change::ForCapture(answer) if is_capture(&path) => return said(answer),
            Change::ForIngestion(answer) if is_capture(&path) || path.starts_with("/flags") => return said(answer),
            _ => {}
        }
        let onward = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        for hop in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(hop);
        }
        let asked =
            self.http.request(head.method, format!("http://{}{onward}", self.upstream)).headers(headers).body(self.changed(&path, body));
        let Ok(reply) = asked.send().await else {
            return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::from("Bad Gateway")).unwrap();
        };
        let mut answer = Response::builder().status(reply.status());
        for (name, value) in reply.headers() {
            if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
                answer.headers_mut().unwrap().append(name, value.clone());
            }
        }
        let body = reply.bytes().await.unwrap_or_default();
        self.answered(&path, answer.body(Body::empty()).unwrap(), body).await
    }

    /// The body that goes on.
    fn changed(&self, path: &str, body: Bytes) -> Bytes {
        match self.change {
            Change::OtherToken => String::from_utf8_lossy(&body).replace(TOKEN, "phc_of_the_other_shop").into(),
            Change::NoToken => without(&body, &["api_key", "token"]),
            Change::NoUuid if is_capture(path) => without(&body, &["uuid"]),
            Change::NoBody => Bytes::new(),
            _ => body,
        }
    }

    /// The answer that goes back.
    async fn answered(&self, path: &str, answer: Response<Body>, body: Bytes) -> Response<Body> {
        let (mut head, _) = answer.into_parts();
        let mut body = body;
        match self.change {
            Change::Late(by) if is_capture(path) => Clock::system().sleep(by).await,
            Change::Date(minutes) => {
                let said = head.headers.get(DATE).and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok());
                let date = said.unwrap().timestamp() + jiff::SignedDuration::from_mins(minutes);
                head.headers.insert(DATE, HeaderValue::from_str(&date.strftime(HTTP_DATE).to_string()).unwrap());
            }
            Change::Gzip => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                packed.write_all(&body).unwrap();
                body = packed.finish().unwrap().into();
                head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            _ => {}
        }
        Response::from_parts(head, Body::from(body))
    }
}

/// A JSON body without these fields.
fn without(body: &Bytes, fields: &[&str]) -> Bytes {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else { return body.clone() };
    for field in fields {
        object.remove(*field);
    }
    Value::Object(object).to_string().into()
}

fn said(answer: &str) -> Response<Body> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').next().unwrap().parse::<u16>().unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in lines.map(|line| line.split_once(':').unwrap()) {
        response = response.header(name.parse::<HeaderName>().unwrap(), value.trim());
    }
    response.body(Body::from(body.to_owned())).unwrap()
}
