//! The sandbox over real sockets, and [`Running`], by which other tests start one.

mod capture;
mod faults;
mod instance;
mod keys;
mod losses;
mod paths;
mod projects;
mod sdk;
mod server;
mod statuses;
mod strictness;
mod wire_files;

use std::net::SocketAddr;
use std::time::Duration;

use heartbeat::clock::{Clock, Hand};
use heartbeat::model::Timestamp;
use heartbeat::sandbox::{PERSONAL_KEY, Sandbox, Server};
use serde_json::{Value, json};

/// 2026-11-23T14:32:07Z: where hand clocks start, unless a test wants another time.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_795_444_327_000);

/// A sandbox that listens on a port of its own until it is stopped or dropped.
pub(crate) struct Running {
    /// `http://127.0.0.1:port`, without a slash at its end.
    pub(crate) url: String,
    /// The same for raw sockets.
    pub(crate) address: SocketAddr,
    /// The sandbox behind it.
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
    server: Server,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Running {
    /// Starts a sandbox that lives by `clock`.
    pub(crate) async fn start(clock: Clock) -> Self {
        let server = Server::start_by(clock).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: server.url(), address: server.address(), sandbox: server.sandbox().clone(), http, server }
    }

    /// Starts one by a hand clock that stands at [`START`].
    pub(crate) async fn by_hand() -> (Self, Hand) {
        let (clock, hand) = Clock::hand(START);
        (Self::start(clock).await, hand)
    }

    /// Changes the faults over HTTP; panics when it is rejected.
    pub(crate) async fn faults(&self, change: Value) {
        let answer = self.send(self.request("PUT", "/_sandbox/faults").json(&change)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// What the sandbox holds.
    pub(crate) async fn events(&self) -> Vec<Value> {
        match self.get("/_sandbox/events").await.json() {
            Value::Array(events) => events,
            other => panic!("no list: {other}"),
        }
    }

    /// The rows that a HogQL statement gives; panics when it gives none.
    pub(crate) async fn rows(&self, statement: &str) -> Value {
        let answer = self.query(statement).await;
        assert_eq!(answer.status, 200, "{statement}: {}", answer.body);
        answer.json()["results"].take()
    }

    /// The answer to a HogQL statement.
    pub(crate) async fn query(&self, statement: &str) -> Answer {
        let body = json!({"query": {"kind": "HogQLQuery", "query": statement}, "refresh": "force_blocking"});
        self.send(self.request("POST", "/api/projects/1/query/").bearer_auth(PERSONAL_KEY).json(&body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    /// A request to this sandbox, to be finished by the test.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|why| panic!("no answer: {why:?}"))
    }

    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await? })
    }

    /// Stops it, and waits until it has.
    pub(crate) async fn stop(self) {
        within_seconds(10, self.server.stop()).await.unwrap();
    }
}

/// One event as v0 takes it: named `event`, by `someone`, now.
pub(crate) fn event(uuid_end: u32, event: &str) -> Value {
    json!({
        "api_key": heartbeat::sandbox::TOKEN,
        "event": event,
        "distinct_id": "someone",
        "uuid": uuid(uuid_end),
    })
}

/// A uuid that ends in this number.
pub(crate) fn uuid(end: u32) -> String {
    format!("0195d3a0-1111-7000-8000-{end:012}")
}

/// Runs `work` for at most so many real seconds: a bound on a test that would hang.
pub(crate) async fn within_seconds<T>(seconds: u64, work: impl Future<Output = T>) -> T {
    Clock::system().timeout(Duration::from_secs(seconds), work).await.expect("in time")
}

/// Waits until `reached` holds, for at most ten seconds.
pub(crate) async fn until<F: Future<Output = bool>>(mut reached: impl FnMut() -> F) {
    within_seconds(10, async {
        while !reached().await {
            Clock::system().sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
