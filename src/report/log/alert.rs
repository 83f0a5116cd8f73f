//! The log of Ingestion Alert: failed read-backs, timeline entries, enabled and disabled.

use super::{Filling, Level, Line, LogPage, Sought, begun, switches};
use crate::model::{AppKind, Entry, EntryKind, IncidentId, IncidentKind, Project, ReadbackErrorKind, Timestamp};
use crate::store::{Store, StoreError};

const MINUTES: i64 = 3 * 24 * 60;
const STEP: i64 = 6 * 60;

pub(super) async fn log(store: &Store, project: &Project, sought: &Sought, now: Timestamp) -> Result<LogPage, StoreError> {
    let Some(begun) = begun(project, AppKind::IngestionAlert) else { return Ok(LogPage::default()) };
    let newest = sought.before.unwrap_or(now.minute().plus(1)).min(now.minute().plus(1));
    let mut page = Filling::new(sought, newest);
    let oldest = newest.plus(-MINUTES).max(begun);
    while !page.is_full() && page.reached > oldest {
        let to = page.reached;
        let from = to.plus(-STEP).max(oldest);
        let mut lines: Vec<Line> = switches(project, AppKind::IngestionAlert, from, to).collect();
        let entries = store.entries_between(project.id, from.start(), to.start()).await?;
        lines.extend(entries.into_iter().rev().map(|(incident, incident_kind, entry)| of_entry(incident, incident_kind, &entry)));
        let samples = store.samples(project.id, from, to).await?;
        lines.extend(samples.iter().rev().filter_map(|sample| sample.result.err().map(|kind| of_trouble(sample.at, kind))));
        page.fill(lines, from);
    }
    Ok(page.page(begun))
}

fn of_entry(incident: IncidentId, incident_kind: IncidentKind, entry: &Entry) -> Line {
    let level = match entry.kind {
        EntryKind::Opened | EntryKind::Escalated => Level::Error,
        EntryKind::Cause | EntryKind::Rules => Level::Warning,
        EntryKind::Silenced
        | EntryKind::Acknowledged
        | EntryKind::Unacknowledged
        | EntryKind::Snoozed
        | EntryKind::Reminded
        | EntryKind::Closed
        | EntryKind::Aftermath => Level::Info,
    };
    let words = format!("incident {} ({incident_kind}), {}: {}", incident.0, entry.kind.name(), entry.words);
    Line { incident: Some(incident), ..Line::single(entry.at, level, words) }
}

fn of_trouble(at: Timestamp, kind: ReadbackErrorKind) -> Line {
    // Without a key there is nothing to warn of every minute.
    let level = if kind == ReadbackErrorKind::NoKey { Level::Info } else { Level::Warning };
    Line::repeated(at, level, format!("read-back failed: {}", kind.advice()), "read-backs")
}
