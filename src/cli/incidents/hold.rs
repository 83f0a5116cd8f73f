//! `heartbeat incidents ack`, `unack` and `snooze`: a person's word on an incident. The record goes on as before.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{WhichOne, minute_of, snooze_time};
use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::trouble::Misuse;
use crate::config::duration;
use crate::model::{Acknowledged, Entry, EntryKind, Incident, Timestamp};

/// `heartbeat incidents ack`
#[derive(Debug, Args)]
pub struct Ack {
    #[command(flatten)]
    pub which: WhichOne,

    /// Who has it in hand, and perhaps what is being done [default: the name of the user]
    #[arg(long, value_name = "WORDS")]
    pub by: Option<String>,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

/// `heartbeat incidents unack`
#[derive(Debug, Args)]
pub struct Unack {
    #[command(flatten)]
    pub which: WhichOne,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

/// `heartbeat incidents snooze`
#[derive(Debug, Args)]
pub struct Snooze {
    #[command(flatten)]
    pub which: WhichOne,

    /// For how long, such as 2h
    #[arg(long = "for", value_name = "TIME", value_parser = snooze_time)]
    pub lasts: Duration,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

impl Ack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let by = self.by.as_deref().or(invocation.environment.value("USER")).unwrap_or("somebody").trim();
        if by.is_empty() || by.chars().count() > 200 || by.chars().any(char::is_control) {
            return Err(Misuse("--by must be 1 to 200 characters on one line".into()).into());
        }
        let at = self.moment.time();
        let word = Acknowledged { at, by: by.to_owned() };
        let said = format!("in hand: {by}");
        hold(&self.which, invocation, (at, EntryKind::Acknowledged, &said), |incident| (Some(word), incident.snoozed_until)).await
    }
}

impl Unack {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let what = (self.moment.time(), EntryKind::Unacknowledged, "nobody has it in hand; reminders go on");
        hold(&self.which, invocation, what, |incident| (None, incident.snoozed_until)).await
    }
}

impl Snooze {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let at = self.moment.time();
        let until = at.plus(self.lasts);
        let words = format!("no reminders for {}, until {} UTC", duration::show(self.lasts), minute_of(until));
        hold(&self.which, invocation, (at, EntryKind::Snoozed, &words), |incident| (incident.acknowledged.clone(), Some(until))).await
    }
}

/// Writes a word on an open incident, and shows it.
async fn hold(
    which: &WhichOne,
    invocation: &Invocation,
    (at, kind, words): (Timestamp, EntryKind, &str),
    change: impl FnOnce(&Incident) -> (Option<Acknowledged>, Option<Timestamp>),
) -> anyhow::Result<ExitCode> {
    let store = invocation.store().await?;
    let incident = which.find(&*store).await?;
    let Some(id) = incident.id.filter(|_| incident.is_open()) else {
        return Err(Misuse(format!("incident {} is over; there is nothing to be reminded of", which.id)).into());
    };
    let (acknowledged, snoozed_until) = change(&incident);
    let entry = Entry { at, kind, words: words.to_owned() };
    store.hold(id, acknowledged.as_ref(), snoozed_until, &entry).await?;
    invocation.screen.line(format!("incident {}, {}: {words}", which.id, incident.project_name))?;
    Ok(ExitCode::SUCCESS)
}
