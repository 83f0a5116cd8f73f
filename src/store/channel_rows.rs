//! Rows of channels, with their fields encrypted, and the statements that write and remove them.

use std::collections::BTreeMap;
use std::fmt::Display;

use zeroize::Zeroizing;

use crate::model::{
    Channel, ChannelId, ChannelKind, ChannelSpec, NotificationState, ProjectId, ProjectName, Severity, Stopped, Timestamp, Values,
};

use super::cipher::{Owner, SecretCipher, SecretField};
use super::database::{Row, Work};
use super::error::damaged;
use super::statement::Statement;
use super::value::{Value, at_place, place_of};
use super::{StoreError, names, numbers};

const ROWS: usize = 500;

pub(super) const COLUMNS: &str = "id, name, of_app, kind, enabled, projects, least, at_once, title, body, field_values, stopped_ms, stopped_words, \
                       last_accepted_ms, retried, closing";

/// Why a channel closes its alerts, as in the column `closing`; 0 means that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Disabled = 1,
    Removed = 2,
}

/// The value of `closing` for a removed channel that is kept for its name in sent notifications, without its secrets.
const DELETED: i64 = 3;

/// Writes rows made by [`to_row`]. A written channel delivers again.
pub(super) async fn write(work: &mut Work, rows: Vec<[Value; 11]>) -> Result<(), StoreError> {
    if !rows.is_empty() {
        // The same lock order as in `notifications::mark`, which also writes channels.
        numbers::of_notifications(work, 0).await?;
    }
    for some in rows.chunks(ROWS) {
        let insert = Statement::new(
            "INSERT INTO channels (id, name, of_app, kind, enabled, projects, least, at_once, title, body, field_values) VALUES ",
        );
        let replace = " ON CONFLICT (id) DO UPDATE SET of_app = excluded.of_app, kind = excluded.kind, enabled = excluded.enabled, \
                       projects = excluded.projects, least = excluded.least, at_once = excluded.at_once, title = excluded.title, \
                       body = excluded.body, field_values = excluded.field_values, stopped_ms = NULL, stopped_words = NULL, retried = 0, \
                       closing = CASE excluded.enabled WHEN 1 THEN 0 ELSE channels.closing END";
        work.run(insert.rows(some.iter().cloned()).text(replace)).await?;
    }
    Ok(())
}

/// Removes channels with their queues. Sent notifications stay, and so do the channel names. Returns the number of rows.
pub(super) async fn drop_all(work: &mut Work, ids: impl IntoIterator<Item = ChannelId>) -> Result<u64, StoreError> {
    let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
    let queued = place_of(&NotificationState::Queued, &NotificationState::ALL);
    let mut dropped = 0;
    if !ids.is_empty() {
        numbers::of_notifications(work, 0).await?;
    }
    for some in ids.chunks(ROWS) {
        let queued = Statement::new(&format!("DELETE FROM notifications WHERE state = {queued} AND channel IN "));
        dropped += work.run(queued.list(some.iter().copied())).await?;
        let removed = Statement::new(
            "UPDATE channels SET enabled = 0, projects = '[]', title = NULL, body = NULL, stopped_ms = NULL, stopped_words = NULL, ",
        )
        .text(&format!("retried = 0, closing = {DELETED}, field_values = "))
        .bind(Vec::new());
        work.run(removed.text(" WHERE id IN ").list(some.iter().copied())).await?;
    }
    Ok(dropped + forget(work).await?)
}

/// Deletes removed channels that no stored notification refers to. Returns the number of rows.
pub(super) async fn forget(work: &mut Work) -> Result<u64, StoreError> {
    let nothing = "NOT EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id)";
    work.run(Statement::new(&format!("DELETE FROM channels WHERE closing = {DELETED} AND {nothing}"))).await
}

pub(super) fn to_row(id: ChannelId, of_app: Option<i64>, spec: &ChannelSpec, cipher: &SecretCipher) -> Result<[Value; 11], StoreError> {
    let values: BTreeMap<&str, &str> = spec.values.iter().collect();
    let values = serde_json::to_string(&values).map(Zeroizing::new);
    let values = values.map_err(|wrong| StoreError::Damaged(format!("channel {}: its fields cannot be written: {wrong}", spec.name)))?;
    let (owner, field) = secret_field(&spec.name, of_app.is_some());
    Ok([
        id.0.into(),
        spec.name.as_str().into(),
        of_app.into(),
        spec.kind.name().into(),
        i64::from(spec.enabled).into(),
        names::write(&spec.projects).into(),
        place_of(&spec.least, &Severity::ALL).into(),
        i64::from(spec.at_once).into(),
        spec.title.clone().into(),
        spec.body.clone().into(),
        cipher.encrypt(owner, field, &values)?.into(),
    ])
}

pub(super) fn from_row(row: &Row, cipher: Option<&SecretCipher>) -> Result<Channel, StoreError> {
    let name = row.text("name")?;
    let damaged = |field: &str, wrong: &dyn Display| damaged("channel", &name, field, wrong);
    let parsed = ProjectName::parse(&name).map_err(|wrong| damaged("name", &wrong))?;
    let of_app = row.maybe_int("of_app")?.map(ProjectId);
    let kind = row.text("kind")?;
    let kind = ChannelKind::named(&kind).ok_or_else(|| damaged("kind", &format!("`{kind}` is not a kind")))?;
    let mut values = Values::default();
    if let Some(cipher) = cipher {
        let (owner, field) = secret_field(&parsed, of_app.is_some());
        let opened = cipher.open(owner, field, &row.bytes("field_values")?)?;
        // The error of serde could quote a secret.
        let fields: BTreeMap<String, String> = serde_json::from_str(&opened).map_err(|_| damaged("fields", &"they are not JSON"))?;
        for (key, value) in &fields {
            values.set(key, value);
        }
    }
    let spec = ChannelSpec {
        kind,
        enabled: row.int("enabled")? != 0,
        projects: names::read(&row.text("projects")?).map_err(|wrong| damaged("list of projects", &wrong))?,
        least: at_place(row.int("least")?, &Severity::ALL).ok_or_else(|| damaged("severity", &"it is not a severity"))?,
        at_once: u16::try_from(row.int("at_once")?).map_err(|_| damaged("at_once", &"it is out of bounds"))?,
        title: row.maybe_text("title")?,
        body: row.maybe_text("body")?,
        values,
        name: parsed,
    };
    let words = row.maybe_text("stopped_words")?.unwrap_or_default();
    let retried = row.int("retried")? != 0;
    let stopped = row.maybe_int("stopped_ms")?.map(|at| Stopped { at: Timestamp::from_ms(at), words, retried });
    let last_accepted = row.maybe_int("last_accepted_ms")?.map(Timestamp::from_ms);
    let removed = row.int("closing")? >= Why::Removed as i64;
    Ok(Channel { id: ChannelId(row.int("id")?), spec, of_app, stopped, last_accepted, removed })
}

/// A user's channel may have the name of a project, so the owners differ.
const fn secret_field(name: &ProjectName, is_of_app: bool) -> (Owner<'_>, SecretField) {
    if is_of_app { (Owner::Project(name), SecretField::AppWebhooks) } else { (Owner::Channel(name), SecretField::ChannelFields) }
}
