//! Evidence. If the same evidence is written again after a crash, it stays one row.

use std::fmt;

use crate::model::{Evidence, EvidenceOf, Minute, ReadbackError, ResponseExcerpt, RouteId};

use super::database::{Row, Work};
use super::statement::{any_of, sql};
use super::value::{Value, Whole};
use super::{Store, StoreError, excerpt};

/// Rows contain whole responses, so fewer of them fit into one statement.
const ROWS: usize = 200;

const REJECTED: i64 = 0;
const UNREACHABLE: i64 = 1;
const LOST: i64 = 2;
const UNVERIFIED: i64 = 3;

impl Store {
    /// Evidence of `routes` for minutes from `from` up to but not including `to`, oldest first.
    pub async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError> {
        let text = "SELECT route, minute, at_ms, kind, detail, excerpt, retry_after_ms FROM evidence WHERE route IN ? AND minute >= ? \
                    AND minute < ? ORDER BY kind";
        let of_routes = |some: &[RouteId]| sql!(text, any_of(some.iter().copied()), from, to);
        let mut found = self.database.read_each("reading evidence", routes, of_routes, from_row).await?;
        found.sort_by_key(|one| (one.at, one.minute, one.route));
        Ok(found)
    }
}

pub(super) fn keep(work: &mut Work, evidence: &[Evidence]) {
    for some in evidence.chunks(ROWS) {
        let insert = sql!("INSERT INTO evidence (minute, route, at_ms, kind, detail, excerpt, retry_after_ms) VALUES ");
        work.run_later(insert.rows(some.iter().map(to_row)).text(" ON CONFLICT (minute, route, at_ms, kind) DO NOTHING"));
    }
}

fn to_row(evidence: &Evidence) -> [Value; 7] {
    let (kind, detail, excerpt_text, retry_after) = match &evidence.of {
        EvidenceOf::Rejected { why, excerpt } => (REJECTED, why.int(), Some(excerpt::write(excerpt, None)), None),
        EvidenceOf::Unreachable { at, obstacle, words } => {
            let excerpt = ResponseExcerpt { words: words.clone(), obstacle: *obstacle, ..ResponseExcerpt::default() };
            (UNREACHABLE, at.int(), Some(excerpt::write(&excerpt, None)), None)
        }
        EvidenceOf::Lost { read_back } => (LOST, read_back.ms(), None, None),
        EvidenceOf::Unverified(failure) => {
            (UNVERIFIED, failure.kind.int(), Some(excerpt::write(&failure.excerpt, failure.note.as_deref())), failure.retry_after)
        }
    };
    [evidence.minute.into(), evidence.route.into(), evidence.at.into(), kind.into(), detail.into(), excerpt_text.into(), retry_after.into()]
}

fn from_row(row: &Row) -> Result<Evidence, StoreError> {
    let (route, minute): (RouteId, Minute) = (row.get(0)?, row.get(1)?);
    let name = fmt::from_fn(|f| write!(f, "on route {} in minute {}", route.0, minute.index()));
    let row = row.of("the evidence", &name);
    let excerpt = row.maybe_text(5)?.map(|text| row.parsed(5, excerpt::read(&text))).transpose()?;
    let of = match (row.int(3)?, excerpt) {
        (REJECTED, Some((excerpt, _))) => EvidenceOf::Rejected { why: row.get(4)?, excerpt },
        (UNREACHABLE, Some((excerpt, _))) => EvidenceOf::Unreachable { at: row.get(4)?, obstacle: excerpt.obstacle, words: excerpt.words },
        (LOST, None) => EvidenceOf::Lost { read_back: row.get(4)? },
        (UNVERIFIED, Some((excerpt, note))) => {
            EvidenceOf::Unverified(ReadbackError { kind: row.get(4)?, excerpt, note, retry_after: row.maybe(6)? })
        }
        _ => return row.parsed(3, None),
    };
    Ok(Evidence { route, minute, at: row.get(2)?, of })
}
