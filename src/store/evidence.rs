//! Evidence. If the same evidence is written again after a crash, it stays one row.

use std::time::Duration;

use crate::model::{
    Evidence, EvidenceOf, Minute, Phase, ReadbackError, ReadbackErrorKind, RejectionReason, ResponseExcerpt, RouteId, Timestamp,
};

use super::database::{Row, Work};
use super::minute_range::{MinuteRange, ROUTES, numbers};
use super::statement::{Statement, Value};
use super::{Store, StoreError, excerpt};

/// Rows contain whole responses, so fewer of them fit into one statement.
const ROWS: usize = 200;

const REJECTED: i64 = 0;
const UNREACHABLE: i64 = 1;
const LOST: i64 = 2;
const UNVERIFIED: i64 = 3;

/// The position of a phase is its number in the database.
const PHASES: [Phase; 6] = [Phase::Dns, Phase::Connect, Phase::Tls, Phase::Send, Phase::Answer, Phase::ForwardProxy];

impl Store {
    /// Evidence of `routes` for minutes from `from` up to but not including `to`, oldest first.
    pub async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError> {
        let minute_range = MinuteRange { from, to };
        let mut found = Vec::new();
        for some in routes.chunks(ROUTES) {
            let statement =
                Statement::new("SELECT route, minute, at_ms, kind, detail, excerpt, retry_after_ms FROM evidence WHERE route IN ")
                    .list(numbers(some))
                    .text(" AND minute >= ")
                    .bind(minute_range.from.index())
                    .text(" AND minute < ")
                    .bind(minute_range.to.index())
                    .text(" ORDER BY kind");
            found.extend(self.database.read("reading evidence", statement, from_row).await?);
        }
        found.sort_by_key(|one| (one.at, one.minute, one.route));
        Ok(found)
    }
}

pub(super) fn keep(work: &mut Work, evidence: &[Evidence]) {
    for some in evidence.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO evidence (minute, route, at_ms, kind, detail, excerpt, retry_after_ms) VALUES ");
        work.run_later(insert.rows(some.iter().map(to_row)).text(" ON CONFLICT (minute, route, at_ms, kind) DO NOTHING"));
    }
}

fn to_row(evidence: &Evidence) -> [Value; 7] {
    let (kind, detail, excerpt_text, retry_after) = match &evidence.of {
        EvidenceOf::Rejected { why, excerpt } => (REJECTED, place_of(why, &RejectionReason::ALL), Some(excerpt::write(excerpt)), None),
        EvidenceOf::Unreachable { at, obstacle, words } => {
            let excerpt = ResponseExcerpt { words: words.clone(), obstacle: *obstacle, ..ResponseExcerpt::default() };
            (UNREACHABLE, place_of(at, &PHASES), Some(excerpt::write(&excerpt)), None)
        }
        EvidenceOf::Lost { read_back } => (LOST, read_back.ms(), None, None),
        EvidenceOf::Unverified(failure) => {
            (UNVERIFIED, place_of(&failure.kind, &ReadbackErrorKind::ALL), Some(excerpt::write_failure(failure)), failure.retry_after)
        }
    };
    [
        evidence.minute.index().into(),
        evidence.route.0.into(),
        evidence.at.ms().into(),
        kind.into(),
        detail.into(),
        excerpt_text.into(),
        retry_after.map(|pause| pause.as_millis() as i64).into(),
    ]
}

fn from_row(row: &Row) -> Result<Evidence, StoreError> {
    let (route, minute, at) = (RouteId(row.int(0)?), Minute::from_index(row.int(1)?), Timestamp::from_ms(row.int(2)?));
    let detail = row.int(4)?;
    let excerpt = row.maybe_text(5)?.as_deref().and_then(excerpt::read);
    let of = match (row.int(3)?, excerpt) {
        (REJECTED, Some((excerpt, _))) => at_place(detail, &RejectionReason::ALL).map(|why| EvidenceOf::Rejected { why, excerpt }),
        (UNREACHABLE, Some((excerpt, _))) => {
            at_place(detail, &PHASES).map(|at| EvidenceOf::Unreachable { at, obstacle: excerpt.obstacle, words: excerpt.words })
        }
        (LOST, None) => Some(EvidenceOf::Lost { read_back: Timestamp::from_ms(detail) }),
        (UNVERIFIED, Some((excerpt, note))) => {
            let retry_after = duration(row.maybe_int(6)?);
            at_place(detail, &ReadbackErrorKind::ALL).map(|kind| EvidenceOf::Unverified(ReadbackError { kind, excerpt, note, retry_after }))
        }
        _ => None,
    };
    let of = of.ok_or_else(|| StoreError::Damaged(format!("the evidence on route {} in minute {} is damaged", route.0, minute.index())))?;
    Ok(Evidence { route, minute, at, of })
}

pub(super) fn place_of<T: PartialEq>(one: &T, all: &[T]) -> i64 {
    all.iter().position(|other| other == one).map_or(-1, |at| at as i64)
}

pub(super) fn at_place<T: Copy>(place: i64, all: &[T]) -> Option<T> {
    usize::try_from(place).ok().and_then(|at| all.get(at).copied())
}

pub(super) fn duration(ms: Option<i64>) -> Option<Duration> {
    ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis)
}
