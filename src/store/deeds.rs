//! Deeds: what people changed, newest first.

use crate::model::{Deed, ProjectName, Timestamp};

use super::database::{Database, Row, Work};
use super::statement::{Statement, Value};
use super::{Store, StoreError, WhichDeeds, numbers};

/// So many rows go into one statement.
const ROWS: usize = 500;

impl Store {
    /// Deeds, newest first.
    pub async fn deeds(&self, which: &WhichDeeds) -> Result<Vec<Deed>, StoreError> {
        let mut statement = Statement::new("SELECT place, at_ms, who, subject, project, words FROM deeds WHERE place < ")
            .bind(which.before.unwrap_or(i64::MAX));
        if let Some(project) = &which.project {
            statement = statement.text(" AND project = ").bind(project.as_str());
        }
        if let Some(subject) = &which.subject {
            statement = statement.text(" AND subject = ").bind(subject.as_str());
        }
        let statement = statement.text(" ORDER BY place DESC LIMIT ").bind(i64::from(which.at_most));
        self.database.read("reading what was changed", statement, from_row).await
    }
}

/// Writes deeds, behind those that are there. It comes last in a transaction: whoever would write others waits for its end.
pub(super) async fn write(work: &mut Work, deeds: &[Deed]) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    let place = numbers::of_deeds(work, deeds.len()).await?;
    let rows: Vec<[Value; 6]> = (place..).zip(deeds).map(|(place, deed)| to_row(place, deed)).collect();
    for some in rows.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO deeds (place, at_ms, who, subject, project, words) VALUES ");
        work.run(insert.rows(some.iter().cloned())).await?;
    }
    Ok(())
}

/// Ends a change with the deed that tells of it: both happen, and outlast a power cut.
pub(super) async fn commit(database: &Database, mut work: Work, deed: &Deed) -> Result<(), StoreError> {
    write(&mut work, std::slice::from_ref(deed)).await?;
    let what = work.what();
    work.commit().await?;
    database.persist(what).await
}

fn to_row(place: i64, deed: &Deed) -> [Value; 6] {
    [
        place.into(),
        deed.at.ms().into(),
        deed.who.as_str().into(),
        deed.subject.as_str().into(),
        deed.project.as_ref().map(|project| project.as_str().to_owned()).into(),
        deed.words.as_str().into(),
    ]
}

fn from_row(row: &Row) -> Result<Deed, StoreError> {
    let place = row.int(0)?;
    let damaged = |_| StoreError::Damaged(format!("deed {place}: its project in the database cannot be read"));
    Ok(Deed {
        place,
        at: Timestamp::from_ms(row.int(1)?),
        who: row.text(2)?,
        subject: row.text(3)?,
        project: row.maybe_text(4)?.map(|name| ProjectName::parse(&name).map_err(damaged)).transpose()?,
        words: row.text(5)?,
    })
}
