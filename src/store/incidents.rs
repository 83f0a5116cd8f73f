//! Incidents and their timelines.

use serde::{Deserialize, Serialize};

use crate::model::{
    Acknowledged, Diagnosis, EndedBecause, Entry, EntryKind, Incident, IncidentId, IncidentKind, Minute, ProjectId, ProjectName, RuleKind,
    Severity, Tally, Timestamp,
};

use super::database::{Database, Row, Work};
use super::error::unreadable;
use super::evidence::{at_place, place_of};
use super::statement::{Statement, Value};
use super::{IncidentFilter, IncidentState, Queued, Store, StoreError, channel_rows, channels, notifications, numbers, readback_samples};

const ROWS: usize = 500;

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

/// A tally as JSON text. Missing counters are zero.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Counts {
    sent: u32,
    arrived: u32,
    late: u32,
    missing: u32,
    lost: u32,
    rejected: u32,
    unreachable: u32,
    unverified: u32,
    duplicated: u32,
    last_arrival_ms: Option<i64>,
}

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
        incidents(&self.database, which).await
    }

    pub async fn open_incidents(&self) -> Result<u64, StoreError> {
        let count = Statement::new("SELECT count(*) FROM incidents WHERE closed_ms IS NULL");
        let counted = self.database.read("counting open incidents", count, |row| row.int(0)).await?;
        Ok(counted.first().map_or(0, |count| *count as u64))
    }

    pub async fn entries(&self, incident: IncidentId) -> Result<Vec<Entry>, StoreError> {
        entries(&self.database, incident).await
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
        const WHAT: &str = "acknowledging or snoozing an incident";
        let mut work = self.database.work(WHAT).await?;
        let updated = hold(&mut work, incident, acknowledged, snoozed_until, entry).await?;
        work.commit().await?;
        self.database.persist(WHAT).await?;
        Ok(updated)
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
    let mut statement = Statement::new("INSERT INTO incidents (id, ").text(&WRITTEN.join(", ")).text(") VALUES (").bind(id);
    for value in to_row(incident) {
        statement = statement.text(", ").bind(value);
    }
    let added = work.run(statement.text(") ON CONFLICT DO NOTHING")).await?;
    Ok((added > 0).then_some(IncidentId(id)))
}

/// A resolved incident stays resolved: the judgement of a node that did not know that is ignored.
async fn replace(work: &mut Work, id: IncidentId, incident: &Incident) -> Result<bool, StoreError> {
    let mut statement = Statement::new("UPDATE incidents SET ");
    for (at, (column, value)) in WRITTEN.into_iter().zip(to_row(incident)).enumerate() {
        statement = statement.text(if at > 0 { ", " } else { "" }).text(column).text(" = ").bind(value);
    }
    let statement = statement.text(" WHERE id = ").bind(id.0).text(if incident.is_open() { " AND closed_ms IS NULL" } else { "" });
    Ok(work.run(statement).await? > 0)
}

/// The caller has written the incident's row in this transaction, so no other transaction appends at the same time.
async fn append(work: &mut Work, id: IncidentId, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let last = Statement::new("SELECT max(place) FROM entries WHERE incident = ").bind(id.0);
    let last = work.read(last, |row| row.maybe_int(0)).await?.into_iter().flatten().next().unwrap_or(0);
    let rows: Vec<[Value; 5]> = (last + 1..).zip(entries).map(|(place, entry)| entry_row(id, place, entry)).collect();
    for some in rows.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO entries (incident, place, at_ms, kind, words) VALUES ");
        work.run(insert.rows(some.iter().cloned())).await?;
    }
    Ok(())
}

pub(super) async fn hold(
    work: &mut Work,
    id: IncidentId,
    acknowledged: Option<&Acknowledged>,
    snoozed_until: Option<Timestamp>,
    entry: &Entry,
) -> Result<bool, StoreError> {
    numbers::of_incident_changes(work).await?;
    let statement = Statement::new("UPDATE incidents SET acknowledged_ms = ")
        .bind(acknowledged.map(|by| by.at.ms()))
        .text(", acknowledged_by = ")
        .bind(acknowledged.map(|by| by.by.clone()))
        .text(", snoozed_until_ms = ")
        .bind(snoozed_until.map(Timestamp::ms))
        .text(" WHERE id = ")
        .bind(id.0);
    if work.run(statement).await? == 0 {
        return Ok(false);
    }
    append(work, id, std::slice::from_ref(entry)).await?;
    Ok(true)
}

pub(super) fn columns() -> String {
    format!("id, {}, acknowledged_ms, acknowledged_by, snoozed_until_ms", WRITTEN.join(", "))
}

pub(super) async fn incidents(database: &Database, which: &IncidentFilter) -> Result<Vec<Incident>, StoreError> {
    database.read("reading incidents", select(which), from_row).await
}

pub(super) fn select(which: &IncidentFilter) -> Statement {
    let mut statement = Statement::new("SELECT ").text(&columns()).text(" FROM incidents WHERE 1 = 1");
    if let Some(project) = which.project {
        statement = statement.text(" AND project = ").bind(project.0);
    }
    if let Some(name) = &which.named {
        statement = statement.text(" AND project_name = ").bind(name.as_str());
    }
    if let Some(incident_kind) = which.incident_kind {
        statement = statement.text(" AND incident_kind = ").bind(place_of(&incident_kind, &IncidentKind::ALL));
    }
    statement = match which.state {
        None => statement,
        Some(IncidentState::Open) => statement.text(" AND closed_ms IS NULL"),
        Some(IncidentState::Acknowledged) => statement.text(" AND closed_ms IS NULL AND acknowledged_ms IS NOT NULL"),
        Some(IncidentState::Snoozed(after)) => statement.text(" AND closed_ms IS NULL AND snoozed_until_ms > ").bind(after.ms()),
        Some(IncidentState::Resolved) => statement.text(" AND closed_ms IS NOT NULL"),
    };
    if let Some(id) = which.id {
        statement = statement.text(" AND id = ").bind(id.0);
    }
    if which.open_only {
        statement = statement.text(" AND closed_ms IS NULL");
    }
    if let Some(since) = which.since {
        statement = statement.text(" AND (closed_ms IS NULL OR closed_ms >= ").bind(since.ms()).text(")");
    }
    if let Some((opened, id)) = which.before {
        statement = statement.text(" AND (opened_ms, id) < (").bind(opened.ms()).text(", ").bind(id.0).text(")");
    }
    statement.text(" ORDER BY opened_ms DESC, id DESC LIMIT ").bind(i64::from(which.at_most))
}

pub(super) async fn entries(database: &Database, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
    let statement = Statement::new("SELECT at_ms, kind, words FROM entries WHERE incident = ").bind(id.0).text(" ORDER BY place");
    database.read("reading a timeline", statement, |row| entry(row, id)).await
}

/// The row has `at_ms`, `kind` and `words`.
pub(super) fn entry(row: &Row, of: IncidentId) -> Result<Entry, StoreError> {
    let damaged = || StoreError::Damaged(format!("the timeline of incident {} is damaged", of.0));
    let kind = at_place(row.int("kind")?, &EntryKind::ALL).ok_or_else(damaged)?;
    Ok(Entry { at: Timestamp::from_ms(row.int("at_ms")?), kind, words: row.text("words")? })
}

pub(super) async fn drop_old(work: &mut Work, over_before: Timestamp) -> Result<u64, StoreError> {
    numbers::of_notifications(work, 0).await?;
    let old = || Statement::new("(SELECT id FROM incidents WHERE closed_ms < ").bind(over_before.ms()).text(")");
    let mut dropped = 0;
    for from in
        ["DELETE FROM notifications WHERE incident IN ", "DELETE FROM entries WHERE incident IN ", "DELETE FROM incidents WHERE id IN "]
    {
        dropped += work.run(Statement::new(from).then(old())).await?;
    }
    let alone = Statement::new("DELETE FROM notifications WHERE incident IS NULL AND ended_ms < ").bind(over_before.ms());
    Ok(dropped + work.run(alone).await?)
}

fn entry_row(id: IncidentId, place: i64, entry: &Entry) -> [Value; 5] {
    [id.0.into(), place.into(), entry.at.ms().into(), place_of(&entry.kind, &EntryKind::ALL).into(), entry.words.as_str().into()]
}

fn to_row(incident: &Incident) -> [Value; WRITTEN.len()] {
    let ms = |at: Option<Timestamp>| Value::from(at.map(Timestamp::ms));
    let minute = |at: Option<Minute>| Value::from(at.map(Minute::index));
    let rules = incident.rules.iter().fold(0_i64, |bits, rule| bits | 1 << place_of(rule, &RuleKind::ALL));
    [
        incident.project.0.into(),
        incident.project_name.as_str().into(),
        place_of(&incident.incident_kind, &IncidentKind::ALL).into(),
        incident.opened.ms().into(),
        ms(incident.closed),
        rules.into(),
        place_of(&incident.severity, &Severity::ALL).into(),
        incident.cause.code().into(),
        incident.cause.summary.as_str().into(),
        minute(incident.first_bad),
        minute(incident.last_good),
        tally_text(&incident.tally).into(),
        ms(incident.announced),
        i64::from(incident.reminders).into(),
        ms(incident.notified),
        incident.ended_because.map(|because| because.name().to_owned()).into(),
        incident.judged_under.as_str().into(),
        serde_json::to_string(&incident.cause).ok().into(),
    ]
}

pub(super) fn from_row(row: &Row) -> Result<Incident, StoreError> {
    let id = IncidentId(row.int("id")?);
    let damaged = |field: &str| unreadable("incident", &id.0, field);
    let time = |column: &str| -> Result<Option<Timestamp>, StoreError> { Ok(row.maybe_int(column)?.map(Timestamp::from_ms)) };
    let minute = |column: &str| -> Result<Option<Minute>, StoreError> { Ok(row.maybe_int(column)?.map(Minute::from_index)) };
    let rules = row.int("rules")?;
    if rules < 0 || rules >> RuleKind::ALL.len() != 0 {
        return Err(damaged("list of rules"));
    }
    let because = row.maybe_text("ended_because")?.map(|text| EndedBecause::named(&text).ok_or_else(|| damaged("end reason")));
    let acknowledged_by = row.maybe_text("acknowledged_by")?.unwrap_or_default();
    Ok(Incident {
        id: Some(id),
        project: ProjectId(row.int("project")?),
        project_name: ProjectName::parse(&row.text("project_name")?).map_err(|_| damaged("project's name"))?,
        incident_kind: at_place(row.int("incident_kind")?, &IncidentKind::ALL).ok_or_else(|| damaged("incident_kind"))?,
        opened: Timestamp::from_ms(row.int("opened_ms")?),
        closed: time("closed_ms")?,
        ended_because: because.transpose()?,
        rules: RuleKind::ALL.into_iter().filter(|rule| rules >> place_of(rule, &RuleKind::ALL) & 1 == 1).collect(),
        judged_under: row.text("judged_under")?,
        severity: at_place(row.int("severity")?, &Severity::ALL).ok_or_else(|| damaged("severity"))?,
        cause: match row.maybe_text("diagnosis")?.and_then(|text| serde_json::from_str(&text).ok()) {
            Some(diagnosis) => diagnosis,
            // A row of an earlier release.
            None => Diagnosis::of_words(&row.text("cause_code")?, &row.text("cause")?),
        },
        first_bad: minute("first_bad")?,
        last_good: minute("last_good")?,
        tally: tally(&row.text("tally")?).ok_or_else(|| damaged("tally"))?,
        announced: time("announced_ms")?,
        reminders: u32::try_from(row.int("reminders")?).map_err(|_| damaged("number of reminders"))?,
        notified: time("notified_ms")?,
        acknowledged: time("acknowledged_ms")?.map(|at| Acknowledged { at, by: acknowledged_by }),
        snoozed_until: time("snoozed_until_ms")?,
    })
}

fn tally_text(tally: &Tally) -> String {
    let Tally { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, last_arrival } = *tally;
    let last_arrival_ms = last_arrival.map(Timestamp::ms);
    let counts = Counts { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, last_arrival_ms };
    serde_json::to_string(&counts).unwrap_or_default()
}

fn tally(text: &str) -> Option<Tally> {
    let Counts { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, last_arrival_ms } =
        serde_json::from_str(text).ok()?;
    let last_arrival = last_arrival_ms.map(Timestamp::from_ms);
    Some(Tally { sent, arrived, late, missing, lost, rejected, unreachable, unverified, duplicated, last_arrival })
}
