//! `heartbeat channels resend`

use std::process::ExitCode;

use clap::Args;

use crate::cli::global::Invocation;
use crate::settings::ResentJson;

pub(super) const JSON: &str = "JSON: {channel, requeued}.";

/// `heartbeat channels resend`
#[derive(Debug, Args)]
pub struct Resend {
    /// The channel
    pub name: String,

    /// Print how many as JSON
    #[arg(long)]
    pub json: bool,
}

impl Resend {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let channels = store.channels().await?;
        let channel = super::any_named(&channels, &self.name)?;
        // Gone in this moment: nothing is owed to it.
        let requeued = store.revive(channel.id, invocation.clock.now()).await?.unwrap_or(0);
        let name = super::called(channel);
        if self.json {
            invocation.screen.json(&ResentJson { channel: name, requeued })?;
            return Ok(ExitCode::SUCCESS);
        }
        let again = if channel.stopped.is_some() { "delivers again; " } else { "" };
        invocation.screen.line(format!("channel {name}: {again}{}", anew(requeued)))?;
        if !channel.spec.enabled {
            invocation.screen.note(format!("It is disabled: nothing goes there before `heartbeat channels enable {name}`."))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `3 notifications are owed anew`
pub(super) fn anew(count: u64) -> String {
    match count {
        0 => "no notification was dead".to_owned(),
        1 => "1 notification is owed anew".to_owned(),
        many => format!("{many} notifications are owed anew"),
    }
}
