//! `heartbeat channels resend`.

use clap::Args;

use crate::cli::global::Invocation;
use crate::settings::ResentJson;

pub(super) const JSON: &str = "JSON: {channel, requeued}.";

#[derive(Debug, Args)]
pub struct Resend {
    /// Name of the channel
    pub name: String,

    /// Print the count as JSON
    #[arg(long)]
    pub json: bool,
}

impl Resend {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let channels = store.channels().await?;
        let channel = super::any_named(&channels, &self.name)?;
        // None when the channel was removed in the meantime.
        let requeued = store.revive(channel.id, invocation.clock.now()).await?.unwrap_or(0);
        let name = channel.called();
        if self.json {
            return Ok(invocation.screen.json(&ResentJson { channel: name, requeued })?);
        }
        let again = if channel.stopped.is_some() { "delivers again; " } else { "" };
        invocation.screen.line(format!("channel {name}: {again}{}", requeued_words(requeued)))?;
        if !channel.spec.enabled {
            invocation.screen.note(format!("The channel is disabled. Enable it with `heartbeat channels enable {name}`."))?;
        }
        Ok(())
    }
}

/// `3 notifications are queued again`
pub(super) fn requeued_words(count: u64) -> String {
    match count {
        0 => "no failed notifications".to_owned(),
        1 => "1 notification is queued again".to_owned(),
        many => format!("{many} notifications are queued again"),
    }
}
