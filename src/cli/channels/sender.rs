//! The real sender, for samples.

use uuid::Uuid;

use crate::app;
use crate::cli::global::Invocation;
use crate::config::Scope;
use crate::model::{ChannelSpec, Delivery, Message};
use crate::notify::{self, Letter};

/// Delivers as the service does.
pub(super) struct Sender(notify::Sender);

impl Sender {
    /// A sender that goes through the proxies of the settings.
    pub(super) fn of(invocation: &Invocation) -> anyhow::Result<Self> {
        let settings = invocation.settings(Scope::Service)?;
        Ok(Self(app::sender(&settings.proxies, invocation.clock.clone())?))
    }

    /// Tries once.
    pub(super) async fn deliver(&self, channel: &ChannelSpec, id: Uuid, message: &Message) -> Delivery {
        self.0.deliver(channel, &Letter { id, message }).await
    }
}
