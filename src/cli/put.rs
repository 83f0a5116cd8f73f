//! Channels and maintenance windows, brought from what is to what should be.

use std::process::ExitCode;

use super::edit::{EditFlags, perform};
use super::global::Invocation;
use crate::config::Plan;
use crate::model::{ChannelSpec, ProjectName, Window};
use crate::store::Store;

/// All channels that a person set up: not those that belong to an app.
pub(super) async fn channel_specs(store: &dyn Store) -> anyhow::Result<Vec<ChannelSpec>> {
    let channels = store.channels().await?.into_iter();
    Ok(channels.filter(|channel| channel.of_app.is_none()).map(|channel| channel.spec).collect())
}

/// Writes channels, and shows what that changes.
pub(super) async fn put_channels(
    now: &[ChannelSpec],
    put: Vec<ChannelSpec>,
    remove: Vec<ProjectName>,
    (invocation, store, flags): (&Invocation, &dyn Store, EditFlags),
) -> anyhow::Result<ExitCode> {
    perform(Plan::of(now, put, remove), invocation, store, flags).await
}

/// Writes maintenance windows, and shows what that changes.
pub(super) async fn put_windows(
    now: &[Window],
    put: Vec<Window>,
    remove: Vec<ProjectName>,
    (invocation, store, flags): (&Invocation, &dyn Store, EditFlags),
) -> anyhow::Result<ExitCode> {
    perform(Plan::of(now, put, remove), invocation, store, flags).await
}
