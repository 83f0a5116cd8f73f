//! Incidents and their timelines.

use std::cmp::Reverse;

use crate::model::{Acknowledged, Diagnosis, EndedBecause, Entry, Incident, IncidentId, Minute, ProjectName, RuleKind, Timestamp};

use super::database::{Row, Work};
use super::names::AT_ONCE;
use super::statement::{Param, Statement, sql};
use super::value::{Value, place_of};
use super::{IncidentFilter, IncidentState, Queued, Store, StoreError, channel_rows, channels, notifications, numbers, readback_samples};

/// The columns that rules write, in the order of [`to_row`].
const WRITTEN: [&str; 18] = [
    "project",
    "project_name",
    "incident_kind",
    "opened_ms",
    "closed_ms",
    "rules",
    "severity",
    "cause_code",
    "cause",
    "first_bad",
    "last_good",
    "tally",
    "announced_ms",
    "reminders",
    "notified_ms",
    "ended_because",
    "judged_under",
    "diagnosis",
];

impl Store {
    /// Adds or replaces an incident, with its entries and notifications, in one transaction. What users set (acknowledged, snoozed) is
    /// never overwritten. Entries are appended. `queued` makes the notifications when the id is known; existing ones stay as they are.
    /// Returns the id, or `None` when nothing was written: a new incident conflicts with one of the same project and kind that is open or
    /// was opened at the same instant, or the incident to replace was deleted, or was resolved and would be open again.
    pub async fn write_incident(
        &self,
        incident: &Incident,
        entries: &[Entry],
        queued: Queued<'_>,
    ) -> Result<Option<IncidentId>, StoreError> {
        let mut work = self.database.work("writing an incident").await?;
        let written = write(&mut work, incident, entries, queued).await?;
        if written.is_some() {
            work.commit().await?;
        }
        Ok(written)
    }

    pub async fn incidents(&self, which: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
        const WHAT: &str = "reading incidents";
        if which.named.is_all() {
            return self.database.read(WHAT, select(which), from_row).await;
        }
        let mut found = Vec::new();
        for some in self.names_in(&which.named).await?.chunks(AT_ONCE) {
            let which = IncidentFilter { named: some.iter().cloned().collect(), ..which.clone() };
            found.extend(self.database.read(WHAT, select(&which), from_row).await?);
        }
        found.sort_unstable_by_key(|incident| Reverse((incident.opened, incident.id)));
        found.truncate(which.at_most as usize);
        Ok(found)
    }

    pub async fn open_incidents(&self) -> Result<u64, StoreError> {
        let count = sql!("SELECT count(*) FROM incidents WHERE closed_ms IS NULL");
        Ok(self.database.read_one("counting open incidents", count, |row| row.get(0)).await?.unwrap_or(0))
    }

    pub async fn entries(&self, incident: IncidentId) -> Result<Vec<Entry>, StoreError> {
        let statement = sql!("SELECT at_ms, kind, words FROM entries WHERE incident = ? ORDER BY place", incident);
        self.database.read("reading a timeline", statement, |row| entry(row, incident)).await
    }

    /// Writes who acknowledged an incident and until when it is snoozed, and appends `entry` to its timeline. Returns false when there is
    /// no such incident.
    pub async fn hold(
        &self,
        incident: IncidentId,
        acknowledged: Option<&Acknowledged>,
        snoozed_until: Option<Timestamp>,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let mut work = self.database.work("acknowledging or snoozing an incident").await?;
        numbers::of_incident_changes(&mut work).await?;
        let (at, by) = (acknowledged.map(|by| by.at), acknowledged.map(|by| by.by.as_str()));
        let update = "UPDATE incidents SET acknowledged_ms = ?, acknowledged_by = ?, snoozed_until_ms = ? WHERE id = ?";
        if work.run(sql!(update, at, by, snoozed_until, incident)).await? == 0 {
            return Ok(false);
        }
        append(&mut work, incident, std::slice::from_ref(entry)).await?;
        self.database.persist(work).await?;
        Ok(true)
    }

    /// Deletes read-back samples of minutes before `readbacks_before`; incidents that were resolved before `over_before`, with their
    /// entries and notifications; notifications without an incident that ended before that; and the webhooks of removed projects and apps
    /// when their queue is empty. Returns the number of rows.
    pub async fn drop_old_incidents(&self, readbacks_before: Minute, over_before: Timestamp) -> Result<u64, StoreError> {
        let mut work = self.database.work("deleting incidents past their retention").await?;
        let dropped = readback_samples::drop_old(&mut work, readbacks_before).await?
            + channels::drop_left_behind(&mut work).await?
            + drop_old(&mut work, over_before).await?
            + channel_rows::forget(&mut work).await?;
        work.commit().await?;
        Ok(dropped)
    }
}

/// `None`: nothing must be written, so the transaction must not be committed.
pub(super) async fn write(
    work: &mut Work,
    incident: &Incident,
    entries: &[Entry],
    queued: Queued<'_>,
) -> Result<Option<IncidentId>, StoreError> {
    // The outbox is locked first, as in every transaction; the number of notifications is known later.
    numbers::of_notifications(work, 0).await?;
    numbers::of_incident_changes(work).await?;
    let written = match incident.id {
        None => add(work, incident).await?,
        Some(id) => replace(work, id, incident).await?.then_some(id),
    };
    let Some(id) = written else { return Ok(None) };
    append(work, id, entries).await?;
    let queued = queued(id);
    if !queued.is_empty() {
        let place = numbers::of_notifications(work, queued.len()).await?;
        notifications::insert(work, &queued, place).await?;
    }
    Ok(Some(id))
}

async fn add(work: &mut Work, incident: &Incident) -> Result<Option<IncidentId>, StoreError> {
    let id = numbers::of_incident(work).await?;
    let insert = format!("INSERT INTO incidents ({}, id) VALUES ", WRITTEN.join(", "));
    let row = to_row(incident).into_iter().chain([id.into()]);
    let added = work.run(sql!(&insert).row(row).text(" ON CONFLICT DO NOTHING")).await?;
    Ok((added > 0).then_some(id))
}

/// A resolved incident stays resolved: the judgement of a node that did not know that is ignored.
async fn replace(work: &mut Work, id: IncidentId, incident: &Incident) -> Result<bool, StoreError> {
    let update = format!("UPDATE incidents SET ({}) = ", WRITTEN.join(", "));
    let which = if incident.is_open() { " WHERE closed_ms IS NULL AND id = ?" } else { " WHERE id = ?" };
    Ok(work.run(sql!(&update).row(to_row(incident)).then(sql!(which, id))).await? > 0)
}

/// The caller has written the incident's row in this transaction, so no other transaction appends at the same time.
async fn append(work: &mut Work, id: IncidentId, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let last = sql!("SELECT max(place) FROM entries WHERE incident = ?", id);
    let last = work.read_one(last, |row| row.maybe_int(0)).await?.flatten().unwrap_or(0);
    let to_row = |(place, entry): (i64, &Entry)| [id.into(), place.into(), entry.at.into(), entry.kind.into(), entry.words.as_str().into()];
    let rows = (last + 1..).zip(entries).map(to_row).collect();
    work.insert("INSERT INTO entries (incident, place, at_ms, kind, words) VALUES ", rows, "").await
}

pub(super) fn columns() -> String {
    format!("id, {}, acknowledged_ms, acknowledged_by, snoozed_until_ms", WRITTEN.join(", "))
}

pub(super) fn select(which: &IncidentFilter) -> Statement {
    let mut statement = sql!(&format!("SELECT {} FROM incidents WHERE 1 = 1", columns()))
        .with(" AND project = ?", which.project)
        .with(" AND incident_kind = ?", which.incident_kind)
        .with(" AND id = ?", which.id)
        .with(" AND (closed_ms IS NULL OR closed_ms >= ?)", which.since);
    if !which.named.is_all() {
        statement = statement.text(" AND project_name IN ").list(which.named.names().map(ProjectName::as_str));
    }
    statement = match which.state {
        None => statement,
        Some(IncidentState::Open) => statement.text(" AND closed_ms IS NULL"),
        Some(IncidentState::Acknowledged) => statement.text(" AND closed_ms IS NULL AND acknowledged_ms IS NOT NULL"),
        Some(IncidentState::Snoozed(after)) => statement.then(sql!(" AND closed_ms IS NULL AND snoozed_until_ms > ?", after)),
        Some(IncidentState::Resolved) => statement.text(" AND closed_ms IS NOT NULL"),
    };
    if let Some((opened, id)) = which.before {
        statement = statement.then(sql!(" AND (opened_ms, id) < (?, ?)", opened, id));
    }
    statement.then(sql!(" ORDER BY opened_ms DESC, id DESC LIMIT ?", which.at_most))
}

/// Incidents of some projects that are open or were resolved at or after `since`.
pub(super) fn select_recent(projects: Param, since: Timestamp) -> Statement {
    sql!(&format!("SELECT {} FROM incidents WHERE project IN ? AND (closed_ms IS NULL OR closed_ms >= ?)", columns()), projects, since)
}

/// The row has `at_ms`, `kind` and `words`.
pub(super) fn entry(row: &Row, of: IncidentId) -> Result<Entry, StoreError> {
    let row = row.of("the timeline of incident", &of.0);
    Ok(Entry { at: row.get("at_ms")?, kind: row.get("kind")?, words: row.text("words")? })
}

pub(super) async fn drop_old(work: &mut Work, over_before: Timestamp) -> Result<u64, StoreError> {
    numbers::of_notifications(work, 0).await?;
    let mut dropped = 0;
    for old in [
        "DELETE FROM notifications WHERE incident IN (SELECT id FROM incidents WHERE closed_ms < ?)",
        "DELETE FROM entries WHERE incident IN (SELECT id FROM incidents WHERE closed_ms < ?)",
        "DELETE FROM incidents WHERE closed_ms < ?",
        "DELETE FROM notifications WHERE incident IS NULL AND ended_ms < ?",
    ] {
        dropped += work.run(sql!(old, over_before)).await?;
    }
    Ok(dropped)
}

fn to_row(incident: &Incident) -> [Value; WRITTEN.len()] {
    let rules = incident.rules.iter().fold(0_i64, |bits, rule| bits | 1 << place_of(rule, &RuleKind::ALL));
    [
        incident.project.into(),
        incident.project_name.as_str().into(),
        incident.incident_kind.into(),
        incident.opened.into(),
        incident.closed.into(),
        rules.into(),
        incident.severity.into(),
        incident.cause.code().into(),
        incident.cause.summary.as_str().into(),
        incident.first_bad.into(),
        incident.last_good.into(),
        serde_json::to_string(&incident.tally).unwrap_or_default().into(),
        incident.announced.into(),
        incident.reminders.into(),
        incident.notified.into(),
        incident.ended_because.map(EndedBecause::name).into(),
        incident.judged_under.as_str().into(),
        serde_json::to_string(&incident.cause).ok().into(),
    ]
}

pub(super) fn from_row(row: &Row) -> Result<Incident, StoreError> {
    let id: IncidentId = row.get("id")?;
    let row = row.of("incident", &id.0);
    let rules = row.int("rules")?;
    row.parsed("rules", (rules >= 0 && rules >> RuleKind::ALL.len() == 0).then_some(()))?;
    let because = row.maybe_text("ended_because")?.map(|text| row.parsed("ended_because", EndedBecause::named(&text)));
    let acknowledged_by = row.maybe_text("acknowledged_by")?.unwrap_or_default();
    Ok(Incident {
        id: Some(id),
        project: row.get("project")?,
        project_name: row.parsed("project_name", ProjectName::parse(&row.text("project_name")?).ok())?,
        incident_kind: row.get("incident_kind")?,
        opened: row.get("opened_ms")?,
        closed: row.maybe("closed_ms")?,
        ended_because: because.transpose()?,
        rules: RuleKind::ALL.into_iter().filter(|rule| rules >> place_of(rule, &RuleKind::ALL) & 1 == 1).collect(),
        judged_under: row.text("judged_under")?,
        severity: row.get("severity")?,
        cause: match serde_json::from_str(&row.text("diagnosis")?) {
            Ok(diagnosis) => diagnosis,
            // Of another release.
            Err(_) => Diagnosis::of_words(&row.text("cause_code")?, &row.text("cause")?),
        },
        first_bad: row.maybe("first_bad")?,
        last_good: row.maybe("last_good")?,
        tally: row.parsed("tally", serde_json::from_str(&row.text("tally")?).ok())?,
        announced: row.maybe("announced_ms")?,
        reminders: row.get("reminders")?,
        notified: row.maybe("notified_ms")?,
        acknowledged: row.maybe("acknowledged_ms")?.map(|at| Acknowledged { at, by: acknowledged_by }),
        snoozed_until: row.maybe("snoozed_until_ms")?,
    })
}
