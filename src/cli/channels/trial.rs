//! `heartbeat channels test`: sends marked samples through the real sender.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::resend::requeued_words;
use crate::app;
use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, GOOD, styled};
use crate::config::Scope;
use crate::model::{Delivery, NotificationKind};
use crate::settings::{DeliveryJson, TestedJson, trial};

pub(super) const JSON: &str = "JSON: {channel, deliveries: [{kind, taken, says, again}], requeued}; says is the answer of the receiver; again says whether \
                               another try can succeed; requeued is the number of notifications that are queued again, null if the channel was not \
                               stopped.

Exit codes: 0 all samples were accepted, 1 a sample was not accepted.";

#[derive(Debug, Args)]
pub struct Test {
    /// Name of the channel; it may be disabled
    pub name: String,

    /// Send only a sample of this kind (repeatable)
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<Kind>,

    /// Print the answers as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Incident opened
    Opened,
    /// Reminder of an open incident
    Reminder,
    /// Incident resolved
    Resolved,
}

impl Kind {
    const fn of_model(self) -> NotificationKind {
        match self {
            Self::Opened => NotificationKind::Opened,
            Self::Reminder => NotificationKind::Reminder,
            Self::Resolved => NotificationKind::Resolved,
        }
    }
}

/// `opened    accepted: 200 OK`
fn line(answer: &DeliveryJson) -> String {
    let word = if answer.accepted { styled(GOOD, "accepted") } else { styled(BAD, "not accepted") };
    format!("{:<9} {word}: {}", answer.kind, answer.says)
}

impl Test {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let channels = store.channels().await?;
        let channel = super::any_named(&channels, &self.name)?;
        let settings = invocation.settings(Scope::Service)?;
        let sender = app::sender(&settings, invocation.clock.clone())?;
        let kinds =
            if self.kind.is_empty() { trial::SAMPLES.into() } else { self.kind.iter().copied().map(Kind::of_model).collect::<Vec<_>>() };
        let mut printed = Ok(());
        let print = |kind, delivery: &Delivery| {
            if !self.json && printed.is_ok() {
                printed = invocation.screen.line(line(&DeliveryJson::of(kind, delivery)));
            }
        };
        let tried = trial::run(channel, &kinds, invocation.clock.now(), (&*store, &sender), print).await?;
        printed?;
        if let Some(count) = tried.requeued {
            invocation.screen.note(format!("Channel {} delivers again; {}.", channel.called(), requeued_words(count)))?;
        }
        let is_well = tried.is_well();
        if self.json {
            invocation.screen.json(&TestedJson::of(channel, &tried))?;
        }
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
