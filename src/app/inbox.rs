//! The demo's channel: a webhook's receiver in this process, which keeps what it is told so that it can be shown.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::model::Message;

/// What the demo was told, oldest first. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Mutex<Vec<Message>>>);

impl Inbox {
    /// All messages so far.
    #[must_use]
    pub fn all(&self) -> Vec<Message> {
        self.messages().clone()
    }

    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        // A list that somebody panicked beside is still that list.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: Message) {
        self.messages().push(message);
    }
}

/// A port on loopback on which messages are taken.
pub(super) struct Receiver {
    listener: TcpListener,
    inbox: Inbox,
}

impl Receiver {
    /// Finds a port.
    pub(super) async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port on 127.0.0.1 could be had for the demo's messages")?;
        Ok(Self { listener, inbox: Inbox::default() })
    }

    /// Where messages are posted to.
    pub(super) fn address(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}/messages", self.listener.local_addr()?))
    }

    pub(super) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Takes messages until `stop`.
    pub(super) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let take = |State(inbox): State<Inbox>, Json(message): Json<Message>| async move {
            inbox.take(message);
            StatusCode::NO_CONTENT
        };
        let router = Router::new().route("/messages", post(take)).with_state(self.inbox);
        axum::serve(self.listener, router).with_graceful_shutdown(stop).await.context("the demo's receiver failed")
    }
}
