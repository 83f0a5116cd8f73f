//! Channels and maintenance windows, brought from what is to what should be.

use std::process::ExitCode;

use serde::Serialize;

use super::edit::EditFlags;
use super::global::Invocation;
use super::screen::{BAD, GOOD, WARN, styled};
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
    let put: Vec<ChannelSpec> = put.into_iter().filter(|spec| !now.contains(spec)).collect();
    if !flags.dry_run && !(put.is_empty() && remove.is_empty()) {
        store.apply_channels(&put, &remove).await?;
    }
    let known = |name: &ProjectName| now.iter().any(|spec| spec.name == *name);
    let names: Vec<_> = put.iter().map(|spec| (&spec.name, known(&spec.name))).collect();
    show("channel", &names, &remove, invocation, flags)
}

/// Writes maintenance windows, and shows what that changes.
pub(super) async fn put_windows(
    now: &[Window],
    put: Vec<Window>,
    remove: Vec<ProjectName>,
    (invocation, store, flags): (&Invocation, &dyn Store, EditFlags),
) -> anyhow::Result<ExitCode> {
    let put: Vec<Window> = put.into_iter().filter(|window| !now.contains(window)).collect();
    if !flags.dry_run && !(put.is_empty() && remove.is_empty()) {
        store.apply_windows(&put, &remove).await?;
    }
    let known = |name: &ProjectName| now.iter().any(|window| window.name == *name);
    let names: Vec<_> = put.iter().map(|window| (&window.name, known(&window.name))).collect();
    show("maintenance", &names, &remove, invocation, flags)
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    kind: &'a str,
    name: String,
    project: Option<String>,
    change: &'a str,
    field: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

fn show(
    kind: &str,
    put: &[(&ProjectName, bool)],
    remove: &[ProjectName],
    invocation: &Invocation,
    flags: EditFlags,
) -> anyhow::Result<ExitCode> {
    let put = put.iter().map(|(name, known)| (*name, if *known { ("changed", "~", WARN) } else { ("added", "+", GOOD) }));
    let all: Vec<_> = put.chain(remove.iter().map(|name| (name, ("removed", "-", BAD)))).collect();
    if flags.json {
        let change = |(name, (change, ..)): &(&ProjectName, (&'static str, _, _))| ChangeJson {
            kind,
            name: name.to_string(),
            project: None,
            change,
            field: None,
            old: None,
            new: None,
        };
        let changes: Vec<_> = all.iter().map(change).collect();
        invocation.screen.json(&serde_json::json!({"dry_run": flags.dry_run, "changes": changes}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (name, (_, sign, style)) in &all {
        invocation.screen.line(styled(*style, format!("{sign} {kind} {name}")))?;
    }
    match (all.is_empty(), flags.dry_run) {
        (true, _) => invocation.screen.note("Nothing to change.")?,
        (false, true) => invocation.screen.note("Nothing was changed: this was a dry run.")?,
        (false, false) => {}
    }
    Ok(ExitCode::SUCCESS)
}
