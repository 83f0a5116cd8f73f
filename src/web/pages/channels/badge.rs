//! A channel as all pages about channels show it.

use crate::model::{Channel, Timestamp};
use crate::settings::channel_state;
use crate::web::channels::{address, tells};
use crate::web::when::When;

#[derive(Debug, Clone)]
pub(super) struct Badge {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
    /// Which notifications it gets.
    pub(super) tells: String,
    pub(super) taken: Option<When>,
    /// Since when it does not deliver, and why.
    pub(super) stopped: Option<(When, String)>,
}

impl Badge {
    pub(super) fn of(channel: &Channel, now: Timestamp) -> Self {
        let name = channel.called();
        Self {
            address: address(&name),
            name,
            kind: channel.spec.kind.title(),
            state: channel_state(channel),
            tells: tells(channel),
            taken: channel.last_accepted.map(|at| When::ago(at, now)),
            stopped: channel.stopped.as_ref().map(|stopped| (When::minute(stopped.at, now), stopped.words.clone())),
        }
    }

    /// The CSS class of the state.
    pub(super) fn class(&self) -> &'static str {
        match self.state {
            "disabled" => "disabled",
            "never_used" => "pending",
            "not_delivering" => "stopped",
            state => state,
        }
    }

    pub(super) fn words(&self) -> String {
        self.state.replace('_', " ")
    }
}
