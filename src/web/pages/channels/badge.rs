//! A channel's name, kind and state, as all pages about channels show them.

use crate::config::channel::called;
use crate::model::Channel;
use crate::settings::channel_state;
use crate::web::channels::address;

#[derive(Debug, Clone)]
pub(super) struct Badge {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
}

impl Badge {
    pub(super) fn of(channel: &Channel) -> Self {
        let name = called(channel);
        Self { address: address(&name), name, kind: channel.spec.kind.title(), state: channel_state(channel) }
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
