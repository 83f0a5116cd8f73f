//! The real sender, for samples.

use uuid::Uuid;

use crate::cli::global::Invocation;
use crate::model::{ChannelSpec, Delivery, Message};

/// Delivers as the service does.
pub(super) struct Sender;

impl Sender {
    /// A sender that goes through the proxies of the settings.
    #[expect(clippy::unnecessary_wraps, reason = "a proxy's address may be one that cannot be used")]
    pub(super) fn of(_invocation: &Invocation) -> anyhow::Result<Self> {
        Ok(Self)
    }

    /// Tries once.
    #[expect(clippy::unused_async, reason = "it goes over the network")]
    pub(super) async fn deliver(&self, _channel: &ChannelSpec, _id: Uuid, _message: &Message) -> Delivery {
        Delivery::TryAgain { words: "there is no sender yet".to_owned(), after: None }
    }
}
