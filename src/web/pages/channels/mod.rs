//! Channels: the list, the form of each kind, the state of each channel, and its test.

mod change;
mod draft;
mod list;
mod one;

use std::sync::Arc;

use axum::Router;

use crate::config::channel::called;
use crate::model::Channel;
use crate::settings::channel_state;
use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().merge(list::routes()).merge(change::routes()).merge(one::routes())
}

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

pub(super) fn address(name: &str) -> String {
    format!("/channels/{}", name.replace(' ', "%20"))
}
