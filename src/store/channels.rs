//! Channels: their fields rest encrypted. Those that people name, and the pair of webhooks that an app brings along, are rows of one table.

use std::collections::{BTreeMap, HashMap, HashSet};

use zeroize::Zeroizing;

use crate::model::{
    Channel, ChannelId, ChannelKind, ChannelSpec, NotificationState, ProjectId, ProjectName, Severity, Stopped, Timestamp, Values,
};

use super::cipher::{Owner, SecretCipher};
use super::closing::{self, Why};
use super::database::{Database, Row, Work};
use super::evidence::{at_place, place_of};
use super::numbers::{self, Numbers};
use super::statement::{Statement, Value};
use super::{Change, ChannelNews, Store, StoreError, names};

/// What is encrypted of a channel that a person named. It belongs to the seal, so it never changes.
pub(super) const FIELDS: &str = "sealed part";

/// The same of one that belongs to a project's app.
const PAIR: &str = "pair of webhooks";

/// So many rows go into one statement.
const ROWS: usize = 500;

pub(super) const COLUMNS: &str = "id, name, of_app, kind, enabled, projects, least, at_once, title, body, field_values, stopped_ms, stopped_words, \
                       last_accepted_ms, retried, closing";

/// A channel that is on record already, as far as it can be read.
pub(super) struct Known {
    pub(super) id: ChannelId,
    pub(super) of_app: Option<ProjectId>,
    /// None when it is damaged, or encrypted with another key: whatever is put then is a change.
    pub(super) spec: Option<ChannelSpec>,
    /// Whether it is closing its alerts.
    is_closing: bool,
}

/// Those that people named, without those that are removed.
const NAMED: &str = "of_app IS NULL AND closing < 2";

/// Of these, those that still close their alerts.
const REMOVED: &str = "of_app IS NULL AND closing = 2";

/// Pairs of webhooks, without those that are gone.
const PAIRS: &str = "of_app IS NOT NULL AND closing < 3";

/// What `closing` says of one that is gone, and stays for what it was notified of: by its name, and without anything that was encrypted.
const GONE: i64 = 3;

impl Known {
    /// Whether its service may keep an alert of it open.
    fn keeps_alerts(&self) -> bool {
        self.spec.as_ref().is_some_and(|spec| spec.kind.keeps_state() && (spec.enabled || self.is_closing))
    }

    /// Whether both lead to the same alerts of the same service.
    fn leads_to(&self, other: &ChannelSpec) -> bool {
        let is_alike = |spec: &ChannelSpec| {
            let mut leading = spec.kind.fields().iter().map(|field| field.key).filter(|key| spec.kind.leads_by(key));
            spec.kind == other.kind && leading.all(|key| spec.value(key) == other.value(key))
        };
        self.spec.as_ref().is_some_and(is_alike)
    }

    /// Whether its service may keep an alert open that nobody would close any more, were this one in its place.
    fn is_left_by(&self, other: &ChannelSpec) -> bool {
        self.keeps_alerts() && !self.leads_to(other)
    }
}

impl Store {
    /// All channels, by name, fields opened; those that belong to an app come last, by project.
    pub async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        channels(&self.database, Some(&self.cipher)).await
    }

    /// The channel that a person gave this name.
    pub async fn channel(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channel(&self.database, Some(&self.cipher), name).await
    }
}

/// All of them: those that people named by name, then those of apps by project. Without a key their fields are left out.
pub(super) async fn channels(database: &Database, cipher: Option<&SecretCipher>) -> Result<Vec<Channel>, StoreError> {
    let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels WHERE closing < 2");
    let mut channels = database.read("reading channels", all, |row| from_row(row, cipher)).await?;
    channels.sort_unstable_by(|one, other| (one.of_app, &one.spec.name).cmp(&(other.of_app, &other.spec.name)));
    Ok(channels)
}

/// Removes some, then adds or replaces others. Of two with one name, the later one counts.
pub(super) async fn apply(work: &mut Work, cipher: &SecretCipher, numbers: &mut Numbers, change: &Change<'_>) -> Result<(), StoreError> {
    let gone: Vec<Known> = known(work, cipher, NAMED, change.remove_channels).await?.into_values().collect();
    remove(work, &gone).await?;
    let mut names = HashSet::new();
    let latest: Vec<&ChannelSpec> = change.put_channels.iter().rev().filter(|spec| names.insert(&spec.name)).collect();
    let names: Vec<ProjectName> = latest.iter().map(|spec| spec.name.clone()).collect();
    let mut before = known(work, cipher, NAMED, &names).await?;
    let mut closing = known(work, cipher, REMOVED, &names).await?;
    // One that leads elsewhere from now on, while an alert is open where it led to, is another one.
    let leaving = latest.iter().filter_map(|spec| before.get(&spec.name).filter(|known| known.is_left_by(spec)).map(|known| known.id));
    let leaving = closing::keeping(work, &leaving.collect::<Vec<_>>()).await?;
    let (mut rows, mut disabled, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
    for spec in latest.into_iter().rev() {
        // One that comes back as it was goes on where it stopped: its service is to hear first of the end, and then of what is open.
        let returned = closing.remove(&spec.name).filter(|known| spec.enabled && known.leads_to(spec));
        let before = before.remove(&spec.name).or(returned);
        if before.as_ref().is_some_and(|known| !known.is_closing && known.spec.as_ref() == Some(spec)) {
            continue;
        }
        let id = match before {
            Some(known) if known.is_left_by(spec) && (!spec.enabled || leaving.contains(&known.id)) => {
                // Its alerts are closed by the settings that it had, so those must stay.
                replaced.push(known);
                ChannelId(numbers.give())
            }
            Some(known) => {
                disabled.extend((!spec.enabled && known.keeps_alerts()).then_some(known.id));
                known.id
            }
            None => ChannelId(numbers.give()),
        };
        rows.push(to_row(id, None, spec, cipher)?);
    }
    remove(work, &replaced).await?;
    write(work, rows).await?;
    closing::begin(work, &disabled, Why::Disabled).await.map(drop)
}

/// Removes channels; those that keep an alert open at their service once it is closed.
async fn remove(work: &mut Work, gone: &[Known]) -> Result<(), StoreError> {
    let keeping: Vec<ChannelId> = gone.iter().filter(|known| known.keeps_alerts()).map(|known| known.id).collect();
    let closing = closing::begin(work, &keeping, Why::Removed).await?;
    drop_all(work, gone.iter().map(|known| known.id).filter(|id| !closing.contains(id))).await.map(drop)
}

/// The one that a person gave this name. Without a key its fields are left out.
pub(super) async fn channel(database: &Database, cipher: Option<&SecretCipher>, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
    let one = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels WHERE ").text(NAMED).text(" AND name = ").bind(name.as_str());
    Ok(database.read("reading a channel", one, |row| from_row(row, cipher)).await?.pop())
}

/// The pairs of webhooks that apps on projects of these names brought along. One of a project that is gone is found by its name too: when a
/// project of this name is set up anew, it goes on with what is still owed.
pub(super) async fn pairs(
    work: &mut Work,
    cipher: &SecretCipher,
    names: &[ProjectName],
) -> Result<HashMap<ProjectName, Known>, StoreError> {
    known(work, cipher, PAIRS, names).await
}

async fn known(
    work: &mut Work,
    cipher: &SecretCipher,
    which: &str,
    names: &[ProjectName],
) -> Result<HashMap<ProjectName, Known>, StoreError> {
    let mut all = HashMap::new();
    for some in names.chunks(ROWS) {
        let statement = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels WHERE ").text(which).text(" AND name IN ");
        let found = work.read(statement.list(some.iter().map(ProjectName::as_str)), |row| {
            let spec = from_row(row, Some(cipher)).ok().map(|channel| channel.spec);
            let (id, of_app) = (ChannelId(row.int(0)?), row.maybe_int(2)?.map(ProjectId));
            Ok((row.text(1)?, Known { id, of_app, spec, is_closing: row.int(15)? != 0 }))
        });
        // Each was found by a name, so that its name is one.
        all.extend(found.await?.into_iter().filter_map(|(name, known)| Some((ProjectName::parse(&name).ok()?, known))));
    }
    Ok(all)
}

/// Writes rows made by [`to_row`]. What is written delivers again.
pub(super) async fn write(work: &mut Work, rows: Vec<[Value; 11]>) -> Result<(), StoreError> {
    if !rows.is_empty() {
        // Whoever marks notifications writes channels too.
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

/// Removes channels, and with them what they still owe. What they were notified of stays on record, and their names with it. Gives how many rows went.
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
        let gone = Statement::new(
            "UPDATE channels SET enabled = 0, projects = '[]', title = NULL, body = NULL, stopped_ms = NULL, stopped_words = NULL, ",
        )
        .text(&format!("retried = 0, closing = {GONE}, field_values = "))
        .bind(Vec::new());
        work.run(gone.text(" WHERE id IN ").list(some.iter().copied())).await?;
    }
    Ok(dropped + forget(work).await?)
}

/// Forgets the channels that are gone and were notified of nothing that is still on record. Gives how many those were.
pub(super) async fn forget(work: &mut Work) -> Result<u64, StoreError> {
    let nothing = "NOT EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id)";
    work.run(Statement::new(&format!("DELETE FROM channels WHERE closing = {GONE} AND {nothing}"))).await
}

/// All that there are and were, also those that are gone, without what is encrypted.
pub(super) async fn on_record(database: &Database) -> Result<Vec<Channel>, StoreError> {
    let all = Statement::new("SELECT ").text(COLUMNS).text(" FROM channels ORDER BY id");
    database.read("reading channels", all, |row| from_row(row, None)).await
}

/// Removes the pairs of webhooks whose project or app is gone, once they have nothing left to tell: what was owed has ended, and no incident of it is
/// open. Says how many rows went.
pub(super) async fn drop_left_behind(work: &mut Work) -> Result<u64, StoreError> {
    if left_behind(work).await?.is_empty() {
        return Ok(0);
    }
    // The loops are to forget them too. Asked again: whoever sets the project up anew takes its pair over.
    let change = Numbers::begin(work).await?;
    let gone = left_behind(work).await?;
    let dropped = drop_all(work, gone).await?;
    change.end(work).await?;
    Ok(dropped)
}

async fn left_behind(work: &mut Work) -> Result<Vec<ChannelId>, StoreError> {
    let statement = Statement::new(
        "SELECT id FROM channels WHERE of_app IS NOT NULL AND closing < 3 AND NOT EXISTS \
         (SELECT 1 FROM apps WHERE apps.project = channels.of_app AND apps.kind = 'ingestion-alert') \
         AND NOT EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id AND notifications.state = 0) \
         AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.project = channels.of_app AND incidents.closed_ms IS NULL)",
    );
    work.read(statement, |row| row.int(0).map(ChannelId)).await
}

/// Writes what became known by delivering.
pub(super) async fn note(work: &mut Work, news: &ChannelNews) -> Result<(), StoreError> {
    let statement = match news {
        // Who was still tried, and takes one, delivers again.
        ChannelNews::Accepted(id, at) => Statement::new("UPDATE channels SET last_accepted_ms = ")
            .bind(at.ms())
            .text(
                ", stopped_ms = CASE retried WHEN 1 THEN NULL ELSE stopped_ms END, \
                 stopped_words = CASE retried WHEN 1 THEN NULL ELSE stopped_words END, retried = 0 WHERE id = ",
            )
            .bind(id.0),
        ChannelNews::Stopped(id, Stopped { at, words, retried }) => {
            let stopped = Statement::new("UPDATE channels SET stopped_ms = ").bind(at.ms()).text(", stopped_words = ").bind(words.as_str());
            let stopped = stopped.text(", retried = ").bind(i64::from(*retried));
            // One that is still tried can come to a full stop.
            let from =
                if *retried { " WHERE stopped_ms IS NULL AND id = " } else { " WHERE (stopped_ms IS NULL OR retried = 1) AND id = " };
            stopped.text(from).bind(id.0)
        }
    };
    work.run(statement).await.map(drop)
}

/// Lets a channel deliver again; says whether there is one.
pub(super) async fn resume(work: &mut Work, id: ChannelId) -> Result<bool, StoreError> {
    let statement = Statement::new("UPDATE channels SET stopped_ms = NULL, stopped_words = NULL, retried = 0 WHERE id = ").bind(id.0);
    Ok(work.run(statement).await? > 0)
}

/// A channel as a row; `of_app` is the project whose app brings it along.
pub(super) fn to_row(id: ChannelId, of_app: Option<i64>, spec: &ChannelSpec, cipher: &SecretCipher) -> Result<[Value; 11], StoreError> {
    let values: BTreeMap<&str, &str> = spec.values.iter().collect();
    let values = serde_json::to_string(&values).map(Zeroizing::new);
    let values = values.map_err(|wrong| StoreError::Damaged(format!("channel {}: its fields cannot be written: {wrong}", spec.name)))?;
    let (owner, field) = seal_of(&spec.name, of_app.is_some());
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

/// A channel from its row. Without a key its fields are left out: they are encrypted, one and all.
pub(super) fn from_row(row: &Row, cipher: Option<&SecretCipher>) -> Result<Channel, StoreError> {
    let name = row.text(1)?;
    let damaged =
        |field: &str, wrong: &str| StoreError::Damaged(format!("channel {name}: its {field} in the database cannot be read: {wrong}"));
    let parsed = ProjectName::parse(&name).map_err(|wrong| damaged("name", &wrong.to_string()))?;
    let of_app = row.maybe_int(2)?.map(ProjectId);
    let kind = row.text(3)?;
    let kind = ChannelKind::named(&kind).ok_or_else(|| damaged("kind", &format!("there is no `{kind}`")))?;
    let mut values = Values::default();
    if let Some(cipher) = cipher {
        let (owner, field) = seal_of(&parsed, of_app.is_some());
        let opened = cipher.open(owner, field, &row.bytes(10)?)?;
        // What serde says of it could quote a secret.
        let fields: BTreeMap<String, String> = serde_json::from_str(&opened).map_err(|_| damaged("fields", "they are no JSON"))?;
        for (key, value) in &fields {
            values.set(key, value);
        }
    }
    let spec = ChannelSpec {
        kind,
        enabled: row.int(4)? != 0,
        projects: names::read(&row.text(5)?).map_err(|wrong| damaged("list of projects", &wrong))?,
        least: at_place(row.int(6)?, &Severity::ALL).ok_or_else(|| damaged("severity", "there is no such"))?,
        at_once: u16::try_from(row.int(7)?).map_err(|_| damaged("at_once", "it is out of bounds"))?,
        title: row.maybe_text(8)?,
        body: row.maybe_text(9)?,
        values,
        name: parsed,
    };
    let words = row.maybe_text(12)?.unwrap_or_default();
    let retried = row.int(14)? != 0;
    let stopped = row.maybe_int(11)?.map(|at| Stopped { at: Timestamp::from_ms(at), words, retried });
    let last_accepted = row.maybe_int(13)?.map(Timestamp::from_ms);
    Ok(Channel { id: ChannelId(row.int(0)?), spec, of_app, stopped, last_accepted, removed: row.int(15)? >= Why::Removed as i64 })
}

/// To whom and what the seal of a channel's fields belongs. One that a person named may be called like a project.
const fn seal_of(name: &ProjectName, is_of_app: bool) -> (Owner<'_>, &'static str) {
    if is_of_app { (Owner::Project(name), PAIR) } else { (Owner::Channel(name), FIELDS) }
}
