//! `heartbeat channels test`: marked samples through the real sender.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::resend::anew;
use super::sender::Sender;
use crate::cli::global::Invocation;
use crate::cli::screen::{BAD, GOOD, styled};
use crate::message;
use crate::model::{Channel, Delivery, Notice, NoticeKind, ProjectName};

pub(super) const JSON: &str = "JSON: {channel, deliveries: [{kind, taken, says, again}], owed_anew}; says is the receiver's answer, again whether \
                               another try can help, owed_anew how many notices a channel that did not deliver owes anew, null where it was \
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
    /// In the order in which they come.
    const ALL: [Self; 3] = [Self::Opened, Self::Reminder, Self::Resolved];

    const fn of_model(self) -> NoticeKind {
        match self {
            Self::Opened => NoticeKind::Opened,
            Self::Reminder => NoticeKind::Reminder,
            Self::Resolved => NoticeKind::Resolved,
        }
    }
}

/// Stable field names, documented in [`JSON`].
#[derive(Serialize)]
struct TestJson {
    channel: String,
    deliveries: Vec<DeliveryJson>,
    owed_anew: Option<u64>,
}

#[derive(Serialize)]
struct DeliveryJson {
    kind: &'static str,
    taken: bool,
    says: String,
    again: bool,
}

impl DeliveryJson {
    fn of(kind: Kind, delivery: Delivery) -> Self {
        let kind = kind.of_model().name();
        match delivery {
            Delivery::Taken(says) => Self { kind, taken: true, says, again: false },
            Delivery::TryAgain { words, .. } => Self { kind, taken: false, says: words, again: true },
            Delivery::Unfit { words } | Delivery::Refused { words } => Self { kind, taken: false, says: words, again: false },
        }
    }

    fn line(&self) -> String {
        let word = if self.taken { styled(GOOD, "taken") } else { styled(BAD, "not taken") };
        format!("{:<9} {word}: {}", self.kind, self.says)
    }
}

impl Test {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let channels = store.channels().await?;
        let channel = super::any_named(&channels, &self.name)?;
        let sender = Sender::of(invocation)?;
        let project = project_of(channel)?;
        let at = invocation.clock.now();
        let mut deliveries = Vec::new();
        for kind in Kind::ALL.into_iter().filter(|kind| self.kind.is_empty() || self.kind.contains(kind)) {
            let message = message::sample(kind.of_model(), &project, at);
            let about = format!("test at {}", at.ms());
            let notice = Notice::owed(channel.id, None, &about, 0, message);
            let delivery = sender.deliver(&channel.spec, notice.id, &notice.message).await;
            let delivery = DeliveryJson::of(kind, delivery);
            if !self.json {
                invocation.screen.line(delivery.line())?;
            }
            deliveries.push(delivery);
        }
        let all_taken = deliveries.iter().all(|delivery| delivery.taken);
        let owed_anew = if channel.stopped.is_some() && all_taken && deliveries.len() == Kind::ALL.len() {
            store.revive(channel.id, invocation.clock.now()).await?
        } else {
            None
        };
        if let Some(count) = owed_anew {
            invocation.screen.note(format!("Channel {} delivers again; {}.", super::called(channel), anew(count)))?;
        }
        if self.json {
            invocation.screen.json(&TestJson { channel: super::called(channel), deliveries, owed_anew })?;
        }
        Ok(if all_taken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The project that the samples speak of: the first that the channel tells of.
fn project_of(channel: &Channel) -> anyhow::Result<ProjectName> {
    match channel.spec.projects.first() {
        Some(project) => Ok(project.clone()),
        None => Ok(ProjectName::parse("sample")?),
    }
}
