//! What state a channel is in, and what it holds: as the list and the page of one channel show it.

use serde::Serialize;

use super::called;
use crate::model::{Channel, ChannelId, NoticeState};
use crate::store::{Store, WhichNotices};

/// How many notices are owed to a channel, and how many nobody took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Owing {
    pub(super) owed: usize,
    pub(super) dead: usize,
}

impl Owing {
    pub(super) async fn to(channel: ChannelId, store: &Store) -> anyhow::Result<Self> {
        let of = |state| WhichNotices { channel: Some(channel), state: Some(state), ..WhichNotices::default() };
        let owed = store.notices(&of(NoticeState::Owed)).await?.len();
        let dead = store.notices(&of(NoticeState::Dead)).await?.len();
        Ok(Self { owed, dead })
    }
}

/// Stable field names, documented in [`super::list::JSON`].
#[derive(Serialize)]
pub(super) struct ChannelJson {
    pub(super) name: String,
    kind: &'static str,
    of_app: bool,
    projects: Vec<String>,
    severity: &'static str,
    at_once: u16,
    enabled: bool,
    pub(super) state: &'static str,
    stopped_since: Option<String>,
    stopped_words: Option<String>,
    last_taken: Option<String>,
    owed: usize,
    dead: usize,
}

impl ChannelJson {
    pub(super) fn of(channel: &Channel, owing: Owing) -> Self {
        let spec = &channel.spec;
        Self {
            name: called(channel),
            kind: spec.kind.name(),
            of_app: channel.of_app.is_some(),
            projects: spec.projects.iter().map(ToString::to_string).collect(),
            severity: spec.least.name(),
            at_once: spec.at_once,
            enabled: spec.enabled,
            state: state(channel),
            stopped_since: channel.stopped.as_ref().map(|stopped| stopped.at.to_string()),
            stopped_words: channel.stopped.as_ref().map(|stopped| stopped.words.clone()),
            last_taken: channel.last_taken.map(|at| at.to_string()),
            owed: owing.owed,
            dead: owing.dead,
        }
    }
}

/// One word for machines.
fn state(channel: &Channel) -> &'static str {
    match channel {
        Channel { spec, .. } if !spec.enabled => "disabled",
        Channel { stopped: Some(_), .. } => "not_delivering",
        Channel { last_taken: None, .. } => "never_used",
        _ => "delivers",
    }
}
