//! Channels: the list, the form of each kind, the state of each channel, and its test.

mod badge;
mod change;
mod draft;
mod list;
mod one;
mod remove;

use std::sync::Arc;

use axum::Router;

use crate::web::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().merge(list::routes()).merge(change::routes()).merge(remove::routes()).merge(one::routes())
}
