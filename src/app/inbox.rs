//! The demo's channel: a webhook receiver in this process that keeps all messages.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::model::Message;

/// Messages, oldest first. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Mutex<Vec<Message>>>);

impl Inbox {
    #[must_use]
    pub fn all(&self) -> Vec<Message> {
        self.messages().clone()
    }

    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        // A panic elsewhere does not damage the list.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: Message) {
        self.messages().push(message);
    }
}

pub(super) struct Receiver {
    listener: TcpListener,
    inbox: Inbox,
}

impl Receiver {
    pub(super) async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no free port on 127.0.0.1 for the demo's messages")?;
        Ok(Self { listener, inbox: Inbox::default() })
    }

    pub(super) fn address(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}/messages", self.listener.local_addr()?))
    }

    pub(super) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    pub(super) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let take = |State(inbox): State<Inbox>, Json(message): Json<Message>| async move {
            inbox.take(message);
            StatusCode::NO_CONTENT
        };
        let router = Router::new().route("/messages", post(take)).with_state(self.inbox);
        axum::serve(self.listener, router).with_graceful_shutdown(stop).await.context("the demo's receiver failed")
    }
}
