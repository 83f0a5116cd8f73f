//! Channels: where notifications go, how each stands, the form that is made from the fields of its kind, and trying it.

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

/// A channel's name, address and state, as every page of it shows them.
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
        Self { address: address(&name), name, kind: channel.spec.kind.name(), state: channel_state(channel) }
    }

    /// The class of its state's badge.
    pub(super) fn class(&self) -> &'static str {
        match self.state {
            "disabled" => "off",
            "never_used" => "idle",
            "not_delivering" => "stopped",
            state => state,
        }
    }

    /// Its state, for people.
    pub(super) fn words(&self) -> String {
        self.state.replace('_', " ")
    }
}

/// The address of a channel's page.
pub(super) fn address(name: &str) -> String {
    format!("/channels/{}", name.replace(' ', "%20"))
}
