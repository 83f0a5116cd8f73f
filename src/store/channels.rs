//! Channels, with their fields encrypted. The user's channels and the webhooks of Ingestion Alert are in one table.

use std::collections::{HashMap, HashSet};

use crate::model::{Channel, ChannelId, ChannelSpec, ProjectId, ProjectName, Stopped};

use super::channel_rows::{COLUMNS, Why, drop_all, from_row, to_row, write};
use super::cipher::SecretCipher;
use super::database::{AT_ONCE, Database, Work};
use super::numbers::Numbers;
use super::statement::{any_of, sql};
use super::{Change, ChannelNews, Store, StoreError, closing};

pub(super) struct StoredChannel {
    pub(super) id: ChannelId,
    pub(super) of_app: Option<ProjectId>,
    /// `None` when the row is damaged or encrypted with another key: any spec is then a change.
    pub(super) spec: Option<ChannelSpec>,
    is_closing: bool,
}

const NAMED: &str = "of_app IS NULL AND closing < 2";

const REMOVED: &str = "of_app IS NULL AND closing = 2";

const PAIRS: &str = "of_app IS NOT NULL AND closing < 3";

impl StoredChannel {
    /// Whether the service may have an open alert of this channel.
    fn keeps_alerts(&self) -> bool {
        self.spec.as_ref().is_some_and(|spec| spec.kind.keeps_state() && (spec.enabled || self.is_closing))
    }

    /// Whether both point to the same alerts of the same service.
    fn leads_to(&self, other: &ChannelSpec) -> bool {
        let is_alike = |spec: &ChannelSpec| {
            let mut leading = spec.kind.fields().iter().map(|field| field.key).filter(|key| spec.kind.leads_by(key));
            spec.kind == other.kind && leading.all(|key| spec.value(key) == other.value(key))
        };
        self.spec.as_ref().is_some_and(is_alike)
    }

    /// Whether replacing this channel with `other` would leave an alert open at the service.
    fn is_left_by(&self, other: &ChannelSpec) -> bool {
        self.keeps_alerts() && !self.leads_to(other)
    }
}

impl Store {
    pub async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        channels(&self.database, Some(&self.cipher)).await
    }

    pub async fn channels_without_secrets(&self) -> Result<Vec<Channel>, StoreError> {
        channels(&self.database, None).await
    }

    pub async fn channel(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channel(&self.database, Some(&self.cipher), name).await
    }

    pub async fn channel_without_secrets(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channel(&self.database, None, name).await
    }

    /// All channels, and the removed ones that stored notifications refer to, without the encrypted fields.
    pub async fn channels_on_record(&self) -> Result<Vec<Channel>, StoreError> {
        let all = sql!(&format!("SELECT {COLUMNS} FROM channels ORDER BY id"));
        self.database.read("reading channels", all, |row| from_row(row, None)).await
    }
}

/// Without a key the fields are left out.
async fn channels(database: &Database, cipher: Option<&SecretCipher>) -> Result<Vec<Channel>, StoreError> {
    let all = sql!(&format!("SELECT {COLUMNS} FROM channels WHERE closing < 2"));
    let mut channels = database.read("reading channels", all, |row| from_row(row, cipher)).await?;
    channels.sort_unstable_by(|one, other| (one.of_app, &one.spec.name).cmp(&(other.of_app, &other.spec.name)));
    Ok(channels)
}

pub(super) async fn apply(work: &mut Work, cipher: &SecretCipher, numbers: &mut Numbers, change: &Change<'_>) -> Result<(), StoreError> {
    let removed: Vec<StoredChannel> = stored_channels(work, cipher, NAMED, change.remove_channels).await?.into_values().collect();
    remove(work, &removed).await?;
    let mut names = HashSet::new();
    let latest: Vec<&ChannelSpec> = change.put_channels.iter().rev().filter(|spec| names.insert(&spec.name)).collect();
    let names: Vec<ProjectName> = latest.iter().map(|spec| spec.name.clone()).collect();
    let mut before = stored_channels(work, cipher, NAMED, &names).await?;
    let mut closing = stored_channels(work, cipher, REMOVED, &names).await?;
    // A channel that gets a new target while it has an open alert becomes a new channel.
    let leaving = latest.iter().filter_map(|spec| before.get(&spec.name).filter(|stored| stored.is_left_by(spec)).map(|stored| stored.id));
    let leaving = closing::keeping(work, &leaving.collect::<Vec<_>>()).await?;
    let (mut rows, mut disabled, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
    for spec in latest.into_iter().rev() {
        // A channel that comes back unchanged continues: its service gets the resolved notification first, then the open incidents.
        let returned = closing.remove(&spec.name).filter(|stored| spec.enabled && stored.leads_to(spec));
        let before = before.remove(&spec.name).or(returned);
        if before.as_ref().is_some_and(|stored| !stored.is_closing && stored.spec.as_ref() == Some(spec)) {
            continue;
        }
        let id = match before {
            Some(stored) if stored.is_left_by(spec) && (!spec.enabled || leaving.contains(&stored.id)) => {
                replaced.push(stored);
                ChannelId(numbers.give())
            }
            Some(stored) => {
                disabled.extend((!spec.enabled && stored.keeps_alerts()).then_some(stored.id));
                stored.id
            }
            None => ChannelId(numbers.give()),
        };
        rows.push(to_row(id, None, spec, cipher)?);
    }
    remove(work, &replaced).await?;
    write(work, rows).await?;
    closing::begin(work, &disabled, Why::Disabled).await.map(drop)
}

/// Channels that have an open alert at their service are removed after it is closed.
async fn remove(work: &mut Work, removed: &[StoredChannel]) -> Result<(), StoreError> {
    let keeping: Vec<ChannelId> = removed.iter().filter(|stored| stored.keeps_alerts()).map(|stored| stored.id).collect();
    let closing = closing::begin(work, &keeping, Why::Removed).await?;
    drop_all(work, removed.iter().map(|stored| stored.id).filter(|id| !closing.contains(id))).await.map(drop)
}

async fn channel(database: &Database, cipher: Option<&SecretCipher>, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
    let one = sql!(&format!("SELECT {COLUMNS} FROM channels WHERE {NAMED} AND name = ?"), name.as_str());
    database.read_one("reading a channel", one, |row| from_row(row, cipher)).await
}

/// The webhooks of the apps of these projects. The webhooks of a removed project are found by its name too: a new project of that name
/// continues with their queue.
pub(super) async fn pairs(
    work: &mut Work,
    cipher: &SecretCipher,
    names: &[ProjectName],
) -> Result<HashMap<ProjectName, StoredChannel>, StoreError> {
    stored_channels(work, cipher, PAIRS, names).await
}

async fn stored_channels(
    work: &mut Work,
    cipher: &SecretCipher,
    which: &str,
    names: &[ProjectName],
) -> Result<HashMap<ProjectName, StoredChannel>, StoreError> {
    let mut all = HashMap::new();
    let of_names = format!("SELECT {COLUMNS} FROM channels WHERE {which} AND name IN ?");
    for some in names.chunks(AT_ONCE) {
        let found = work.read(sql!(&of_names, any_of(some.iter().map(ProjectName::as_str))), |row| {
            let spec = from_row(row, Some(cipher)).ok().map(|channel| channel.spec);
            Ok((
                row.text("name")?,
                StoredChannel { id: row.get("id")?, of_app: row.maybe("of_app")?, spec, is_closing: row.get("closing")? },
            ))
        });
        all.extend(found.await?.into_iter().filter_map(|(name, stored)| Some((ProjectName::parse(&name).ok()?, stored))));
    }
    Ok(all)
}

/// Removes the webhooks of removed projects and apps when their queue is empty and no incident of theirs is open. Returns the number of
/// rows.
pub(super) async fn drop_left_behind(work: &mut Work) -> Result<u64, StoreError> {
    if left_behind(work).await?.is_empty() {
        return Ok(0);
    }
    // The new revision makes the loops drop them too. Read again under its lock: a project that is added again takes the webhooks over.
    let change = Numbers::begin(work).await?;
    let removed = left_behind(work).await?;
    let dropped = drop_all(work, removed).await?;
    change.end(work).await?;
    Ok(dropped)
}

async fn left_behind(work: &mut Work) -> Result<Vec<ChannelId>, StoreError> {
    let statement = sql!(
        "SELECT id FROM channels WHERE of_app IS NOT NULL AND closing < 3 AND NOT EXISTS \
         (SELECT 1 FROM apps WHERE apps.project = channels.of_app AND apps.kind = 'ingestion-alert') \
         AND NOT EXISTS (SELECT 1 FROM notifications WHERE notifications.channel = channels.id AND notifications.state = 0) \
         AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.project = channels.of_app AND incidents.closed_ms IS NULL)",
    );
    work.read(statement, |row| row.get(0)).await
}

pub(super) async fn note(work: &mut Work, news: &ChannelNews) -> Result<(), StoreError> {
    let statement = match news {
        // A stopped channel that was still tried and accepts a message delivers again.
        ChannelNews::Accepted(id, at) => sql!(
            "UPDATE channels SET last_accepted_ms = ?, stopped_ms = CASE retried WHEN 1 THEN NULL ELSE stopped_ms END, \
             stopped_words = CASE retried WHEN 1 THEN NULL ELSE stopped_words END, retried = 0 WHERE id = ?",
            *at,
            *id
        ),
        ChannelNews::Stopped(id, Stopped { at, words, retried }) => {
            let which = if *retried { "" } else { " OR retried = 1" };
            let stop = "UPDATE channels SET stopped_ms = ?, stopped_words = ?, retried = ? WHERE id = ? AND (stopped_ms IS NULL";
            sql!(stop, *at, words.as_str(), *retried, *id).text(which).text(")")
        }
    };
    work.run(statement).await.map(drop)
}

/// Lets a channel deliver again. Returns false when there is no such channel.
pub(super) async fn resume(work: &mut Work, id: ChannelId) -> Result<bool, StoreError> {
    let statement = sql!("UPDATE channels SET stopped_ms = NULL, stopped_words = NULL, retried = 0 WHERE id = ?", id);
    Ok(work.run(statement).await? > 0)
}
