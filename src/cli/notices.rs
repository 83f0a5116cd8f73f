//! `heartbeat notices`: what was told to whom, what is owed, and what nobody took.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::global::Invocation;
use super::screen::{BAD, FAINT, GOOD, WARN, styled};
use super::told::absent;
use super::trouble::Misuse;
use crate::model::{Channel, Notice, NoticeState};
use crate::report::channel_name;
use crate::report::json::NoticeJson;
use crate::store::WhichNotices;

/// Show what was told to whom, newest first: what is owed, sent, or was taken by nobody
///
/// `heartbeat channels resend NAME` owes the dead ones of a channel anew.
#[derive(Debug, Args)]
#[command(
    after_help = "JSON: {items: [{id, channel, kind, state, created, due, ended, tries, said, incident, project, severity, title, text}], next}, newest first; absent values are null."
)]
pub struct Notices {
    /// To this channel alone
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,

    /// Those alone that are so far
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,

    /// At most so many
    #[arg(long, value_name = "COUNT", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

/// How far a notice has come.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    /// To be delivered
    Owed,
    /// Delivered
    Sent,
    /// Given up: nobody took it
    Dead,
    /// Not needed any more: a newer one said more
    Superseded,
}

impl State {
    const fn of_model(self) -> NoticeState {
        match self {
            Self::Owed => NoticeState::Owed,
            Self::Sent => NoticeState::Sent,
            Self::Dead => NoticeState::Dead,
            Self::Superseded => NoticeState::Superseded,
        }
    }
}

impl Notices {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let channels = store.channels_on_record().await?;
        let channel = self.channel.as_deref().map(|name| channel_named(&channels, name)).transpose()?.map(|channel| channel.id);
        let which = WhichNotices { channel, state: self.state.map(State::of_model), at_most: self.limit, ..WhichNotices::default() };
        let notices = store.notices(&which).await?;
        if self.json {
            invocation.screen.items(notices.iter().map(|notice| NoticeJson::of(notice, &channels)))?;
            return Ok(ExitCode::SUCCESS);
        }
        for notice in &notices {
            invocation.screen.line(line(notice, &channels))?;
            if let Some(said) = &notice.said {
                invocation.screen.line(styled(FAINT, format!("            {said}")))?;
            }
        }
        if notices.is_empty() {
            invocation.screen.note("No notice.")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(notice: &Notice, channels: &[Channel]) -> String {
    let style = match notice.state {
        NoticeState::Owed => WARN,
        NoticeState::Sent => GOOD,
        NoticeState::Dead => BAD,
        NoticeState::Superseded => FAINT,
    };
    let at = notice.ended.unwrap_or(notice.due).to_string();
    let at = at.get(..19).unwrap_or(&at).replace('T', " ");
    format!("{at}  {}  {}  {}", styled(style, notice.state.name()), channel_name(notice, channels), notice.message.title)
}

/// The channel of this name, one that a person set up.
pub(super) fn channel_named<'c>(channels: &'c [Channel], name: &str) -> Result<&'c Channel, Misuse> {
    let own = || channels.iter().filter(|channel| channel.of_app.is_none() && !channel.removed);
    let known = || own().map(|channel| channel.spec.name.to_string()).collect::<Vec<_>>();
    own().find(|channel| channel.spec.name.as_str() == name).ok_or_else(|| absent("channel", name, &known()))
}
