//! `heartbeat channels test`: marked samples through the real sender.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::resend::anew;
use crate::app;
use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, GOOD, styled};
use crate::config::Scope;
use crate::model::{Delivery, NotificationKind};
use crate::settings::{DeliveryJson, TestedJson, trial};

pub(super) const JSON: &str = "JSON: {channel, deliveries: [{kind, taken, says, again}], requeued}; says is the receiver's answer, again whether \
                               another try can help, requeued how many notifications a channel that did not deliver owes anew, null where it was \
                               not revived.

Exit codes: 0 each was taken; 1 one was not.";

/// `heartbeat channels test`
#[derive(Debug, Args)]
pub struct Test {
    /// The channel; it may be disabled
    pub name: String,

    /// A sample of this kind alone (may be given more than once)
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<Kind>,

    /// Print the answers as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a sample is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An incident opened
    Opened,
    /// It still goes on
    Reminder,
    /// It is over
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

/// `opened   taken: 200 OK`
fn line(answer: &DeliveryJson) -> String {
    let word = if answer.taken { styled(GOOD, "taken") } else { styled(BAD, "not taken") };
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
        let mut shown = Ok(());
        let told = |kind, delivery: &Delivery| {
            if !self.json && shown.is_ok() {
                shown = invocation.screen.line(line(&DeliveryJson::of(kind, delivery)));
            }
        };
        let tried = trial::run(channel, &kinds, invocation.clock.now(), (&*store, &sender), told).await?;
        shown?;
        if let Some(count) = tried.requeued {
            invocation.screen.note(format!("Channel {} delivers again; {}.", super::called(channel), anew(count)))?;
        }
        let is_well = tried.is_well();
        if self.json {
            invocation.screen.json(&TestedJson::of(channel, &tried))?;
        }
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
