//! `heartbeat channels show`.

use clap::Args;

use super::list::{scope, state_words};
use crate::cli::global::Invocation;
use crate::cli::screen::{FAINT, styled};
use crate::config::channel::shown;
use crate::settings::ChannelJson;

pub(super) const JSON: &str = "JSON: one item of `heartbeat channels list`.";

#[derive(Debug, Args)]
pub struct Show {
    /// Name of the channel
    pub name: String,

    /// Print the channel as JSON
    #[arg(long)]
    pub json: bool,
}

impl Show {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let store = invocation.store().await?;
        let channels = store.channels().await?;
        let channel = super::any_named(&channels, &self.name)?;
        let queues = store.queue_of(channel.id).await?;
        let spec = &channel.spec;
        if self.json {
            return Ok(invocation.screen.json(&ChannelJson::of(channel, queues))?);
        }
        let screen = invocation.screen;
        screen.line(format!("{}  {}  {}", channel.called(), spec.kind, state_words(channel)))?;
        if let Some(stopped) = &channel.stopped {
            screen.line(format!("  has not delivered since {}: {}", stopped.at, stopped.words))?;
        }
        screen.line(format!("  notifies about {}; more than {} messages at once become one digest", scope(channel), spec.at_once))?;
        let accepted = channel.last_accepted.map_or_else(|| "never accepted a message".to_owned(), |at| format!("last accepted {at}"));
        screen.line(format!("  {accepted}; {} queued, {} failed", queues.queued, queues.failed))?;
        for (key, template) in [("title", &spec.title), ("body", &spec.body)] {
            if let Some(template) = template {
                screen.line(format!("  {key} = {template}"))?;
            }
        }
        for field in spec.kind.fields() {
            let value = shown(spec, field).unwrap_or_else(|| styled(FAINT, if field.default.is_empty() { "none" } else { field.default }));
            screen.line(format!("  {} = {value}", field.key))?;
        }
        Ok(())
    }
}
