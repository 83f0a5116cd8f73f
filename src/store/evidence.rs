//! Evidence in the database. The same evidence, written again after a crash, is one row.

use std::time::Duration;

use crate::model::{Evidence, EvidenceOf, LookFailure, LookTrouble, Minute, Phase, Quote, Refusal, RouteId, Timestamp};

use super::database::{Row, Work};
use super::statement::{Statement, Value};
use super::stretch::{ROUTES, Stretch, numbers};
use super::{Store, StoreError, quote};

/// Rows carry whole answers: fewer go into one statement.
const ROWS: usize = 200;

const REFUSED: i64 = 0;
const UNREACHABLE: i64 = 1;
const LOST: i64 = 2;
const UNSEEN: i64 = 3;

/// A phase's place here is its number in the database.
const PHASES: [Phase; 6] = [Phase::Dns, Phase::Connect, Phase::Tls, Phase::Send, Phase::Answer, Phase::ForwardProxy];

impl Store {
    /// Evidence of `routes` on minutes from `from` up to and without `to`, oldest first.
    pub async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError> {
        let stretch = Stretch { from, to };
        let mut found = Vec::new();
        for some in routes.chunks(ROUTES) {
            let statement =
                Statement::new("SELECT route, minute, at_ms, kind, detail, quote, retry_after_ms FROM evidence WHERE route IN ")
                    .list(numbers(some))
                    .text(" AND minute >= ")
                    .bind(stretch.from.index())
                    .text(" AND minute < ")
                    .bind(stretch.to.index())
                    .text(" ORDER BY kind");
            found.extend(self.database.read("reading evidence", statement, from_row).await?);
        }
        found.sort_by_key(|one| (one.at, one.minute, one.route));
        Ok(found)
    }
}

/// Keeps evidence.
pub(super) fn keep(work: &mut Work, evidence: &[Evidence]) {
    for some in evidence.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO evidence (minute, route, at_ms, kind, detail, quote, retry_after_ms) VALUES ");
        work.run_later(insert.rows(some.iter().map(to_row)).text(" ON CONFLICT (minute, route, at_ms, kind) DO NOTHING"));
    }
}

fn to_row(evidence: &Evidence) -> [Value; 7] {
    let (kind, detail, said, retry_after) = match &evidence.of {
        EvidenceOf::Refused { why, quote } => (REFUSED, place_of(why, &Refusal::ALL), Some(quote::write(quote)), None),
        EvidenceOf::Unreachable { at, obstacle, words } => {
            let said = Quote { words: words.clone(), obstacle: *obstacle, ..Quote::default() };
            (UNREACHABLE, place_of(at, &PHASES), Some(quote::write(&said)), None)
        }
        EvidenceOf::Lost { looked } => (LOST, looked.ms(), None, None),
        EvidenceOf::Unseen(failure) => {
            (UNSEEN, place_of(&failure.trouble, &LookTrouble::ALL), Some(quote::write_failure(failure)), failure.retry_after)
        }
    };
    [
        evidence.minute.index().into(),
        evidence.route.0.into(),
        evidence.at.ms().into(),
        kind.into(),
        detail.into(),
        said.into(),
        retry_after.map(|pause| pause.as_millis() as i64).into(),
    ]
}

fn from_row(row: &Row) -> Result<Evidence, StoreError> {
    let (route, minute, at) = (RouteId(row.int(0)?), Minute::from_index(row.int(1)?), Timestamp::from_ms(row.int(2)?));
    let detail = row.int(4)?;
    let quote = row.maybe_text(5)?.as_deref().and_then(quote::read);
    let of = match (row.int(3)?, quote) {
        (REFUSED, Some((quote, _))) => at_place(detail, &Refusal::ALL).map(|why| EvidenceOf::Refused { why, quote }),
        (UNREACHABLE, Some((quote, _))) => {
            at_place(detail, &PHASES).map(|at| EvidenceOf::Unreachable { at, obstacle: quote.obstacle, words: quote.words })
        }
        (LOST, None) => Some(EvidenceOf::Lost { looked: Timestamp::from_ms(detail) }),
        (UNSEEN, Some((quote, note))) => {
            let retry_after = duration(row.maybe_int(6)?);
            at_place(detail, &LookTrouble::ALL).map(|trouble| EvidenceOf::Unseen(LookFailure { trouble, quote, note, retry_after }))
        }
        _ => None,
    };
    let of = of.ok_or_else(|| StoreError::Damaged(format!("the evidence on route {} in minute {} is damaged", route.0, minute.index())))?;
    Ok(Evidence { route, minute, at, of })
}

/// The number in the database of one of `all`.
pub(super) fn place_of<T: PartialEq>(one: &T, all: &[T]) -> i64 {
    all.iter().position(|other| other == one).map_or(-1, |at| at as i64)
}

/// The one of `all` that has this number in the database.
pub(super) fn at_place<T: Copy>(place: i64, all: &[T]) -> Option<T> {
    usize::try_from(place).ok().and_then(|at| all.get(at).copied())
}

/// A pause in milliseconds; a negative one is none.
pub(super) fn duration(ms: Option<i64>) -> Option<Duration> {
    ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis)
}
