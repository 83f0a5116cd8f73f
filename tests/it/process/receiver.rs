//! A channel's receiver in the test: remembers what came and when, and may keep its answer back.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::eventually;

/// The receiver; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    /// `http://127.0.0.1:port`, without a slash at its end.
    pub(crate) url: String,
    came: Arc<Mutex<Vec<Letter>>>,
    answers: Arc<watch::Sender<Option<StatusCode>>>,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// `GET /path?query`
    pub(crate) line: String,
    /// By what the receiver recognizes a repetition; empty where the kind of channel has no such thing.
    pub(crate) id: String,
    pub(crate) body: String,
    /// Whether it was answered. The sender may not have heard.
    pub(crate) answered: bool,
}

impl Letter {
    /// The message; null where the body is none.
    pub(crate) fn message(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> String {
        self.message()["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// The key of the incident that it is about; empty when it is about none.
    pub(crate) fn incident(&self) -> String {
        self.message()["incident"]["key"].as_str().unwrap_or_default().to_owned()
    }
}

impl Receiver {
    /// Starts one that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self { url, came: Arc::default(), answers: Arc::new(watch::Sender::new(Some(StatusCode::OK))) };
        let ours = receiver.clone();
        let take =
            move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| ours.clone().take(format!("{method} {uri}"), headers, body);
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await.unwrap() });
        receiver
    }

    async fn take(self, line: String, headers: HeaderMap, body: Bytes) -> StatusCode {
        let id = headers.get("webhook-id").map_or("", |id| id.to_str().unwrap()).to_owned();
        let letter = Letter { line, id, body: String::from_utf8_lossy(&body).into_owned(), answered: false };
        let number = {
            let mut came = self.came.lock().unwrap();
            came.push(letter);
            came.len() - 1
        };
        let mut answers = self.answers.subscribe();
        let status = answers.wait_for(Option::is_some).await.unwrap().unwrap();
        self.came.lock().unwrap()[number].answered = true;
        status
    }

    /// Answers with this from now on, those that wait as well; none: keeps all answers back.
    pub(crate) fn answer(&self, status: Option<u16>) {
        self.answers.send_replace(status.map(|status| StatusCode::from_u16(status).unwrap()));
    }

    /// What came so far.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.came.lock().unwrap().clone()
    }

    /// Waits until, behind the first `after` letters, one is so; gives it.
    pub(crate) async fn wait_for(&self, what: &str, after: usize, told: impl Fn() -> String, is_so: impl Fn(&Letter) -> bool) -> Letter {
        let find = || self.letters().into_iter().skip(after).find(|letter| is_so(letter));
        let told = || format!("{} {:#?}", told(), self.letters().iter().map(|letter| (&letter.line, letter.kind())).collect::<Vec<_>>());
        eventually(what, told, async || find().is_some()).await;
        find().unwrap()
    }
}
