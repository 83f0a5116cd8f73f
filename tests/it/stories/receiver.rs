//! A receiver of notifications: keeps every message with its headers, and can be down, gone, or silent.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use heartbeat::clock::Clock;
use heartbeat::model::{Message, Timestamp};
use tokio::net::TcpListener;

/// A request as it came, and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// `webhook-id`, by which a receiver knows a message that it has already.
    pub(crate) id: String,
    pub(crate) body: Bytes,
    /// Whether it was answered 200.
    pub(crate) taken: bool,
}

impl Told {
    /// What a webhook got.
    pub(crate) fn message(&self) -> Message {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What it does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Answers this status.
    Answers(u16),
    /// Takes it, and never says so.
    Silent,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    clock: Clock,
    address: String,
    state: Arc<Mutex<(Mood, Vec<Told>)>>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn new(clock: Clock) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new((Mood::Answers(200), Vec::new())));
        let receiver = Self { clock, address, state };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    /// An address at it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub(crate) fn answers(&self, status: u16) {
        self.state.lock().unwrap().0 = Mood::Answers(status);
    }

    pub(crate) fn is_silent(&self) {
        self.state.lock().unwrap().0 = Mood::Silent;
    }

    /// Everything that came, oldest first.
    pub(crate) fn all(&self) -> Vec<Told> {
        self.state.lock().unwrap().1.clone()
    }

    /// What was taken of it.
    pub(crate) fn taken(&self) -> Vec<Told> {
        self.all().into_iter().filter(|told| told.taken).collect()
    }

    /// What webhooks got and accepted.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.taken().iter().map(Told::message).collect()
    }

    /// Of what was taken: `opened reminder resolved`.
    pub(crate) fn kinds(&self) -> String {
        self.messages().iter().map(|message| message.kind.name()).collect::<Vec<_>>().join(" ")
    }
}

async fn take(State(receiver): State<Receiver>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let id = headers.get("webhook-id").map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default();
    let mood = {
        let mut state = receiver.state.lock().unwrap();
        let mood = state.0;
        let taken = mood == Mood::Answers(200);
        state.1.push(Told { at: receiver.clock.now(), method, path: uri.path().to_owned(), id, body, taken });
        mood
    };
    match mood {
        Mood::Answers(status) => StatusCode::from_u16(status).unwrap(),
        Mood::Silent => std::future::pending().await,
    }
}
