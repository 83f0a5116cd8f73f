//! A row of either database, and the types in which its columns are read.

use std::fmt::Display;
use std::ops::Deref;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, ColumnIndex, Decode, Postgres, Row as _, Sqlite};

use super::StoreError;
use super::error::unreadable;
use super::value::Whole;

pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row of which it is known what it is about: its errors name that.
pub(super) struct NamedRow<'a> {
    row: &'a Row,
    what: &'static str,
    name: &'a dyn Display,
}

/// A column by its name, or, where very many rows are read, by its position.
pub(super) trait Column: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy {
    fn name(self, row: &Row) -> String;
}

impl Column for usize {
    fn name(self, row: &Row) -> String {
        let name = match row {
            Row::Sqlite(row) => row.columns().get(self).map(|column| column.name().to_owned()),
            Row::Postgres(row) => row.columns().get(self).map(|column| column.name().to_owned()),
        };
        name.unwrap_or_else(|| self.to_string())
    }
}

impl Column for &str {
    fn name(self, _: &Row) -> String {
        self.to_owned()
    }
}

impl Row {
    pub(super) fn of<'a>(&'a self, what: &'static str, name: &'a dyn Display) -> NamedRow<'a> {
        NamedRow { row: self, what, name }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.len(),
            Self::Postgres(row) => row.len(),
        }
    }

    /// A column that holds an integer, as the type that the integer stands for.
    pub(super) fn get<T: Whole>(&self, at: impl Column) -> Result<T, StoreError> {
        self.of("a row", &"of the database").get(at)
    }

    pub(super) fn maybe<T: Whole>(&self, at: impl Column) -> Result<Option<T>, StoreError> {
        self.of("a row", &"of the database").maybe(at)
    }

    pub(super) fn int(&self, at: impl Column) -> Result<i64, StoreError> {
        self.maybe_int(at)?.ok_or_else(|| self.lacks(at))
    }

    pub(super) fn maybe_int(&self, at: impl Column) -> Result<Option<i64>, StoreError> {
        self.value(at)
    }

    pub(super) fn text(&self, at: impl Column) -> Result<String, StoreError> {
        self.maybe_text(at)?.ok_or_else(|| self.lacks(at))
    }

    pub(super) fn maybe_text(&self, at: impl Column) -> Result<Option<String>, StoreError> {
        self.value(at)
    }

    pub(super) fn bytes(&self, at: impl Column) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes(at)?.ok_or_else(|| self.lacks(at))
    }

    pub(super) fn maybe_bytes(&self, at: impl Column) -> Result<Option<Vec<u8>>, StoreError> {
        self.value(at)
    }

    fn value<T>(&self, at: impl Column) -> Result<Option<T>, StoreError>
    where
        for<'r> Option<T>: Decode<'r, Sqlite> + Decode<'r, Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(at),
            Self::Postgres(row) => row.try_get_unchecked(at),
        }
        .map_err(|error| StoreError::Damaged(format!("a row of the database cannot be read: {error}")))
    }

    fn lacks(&self, at: impl Column) -> StoreError {
        StoreError::Damaged(format!("a row of the database has no value in column {}, which requires one", at.name(self)))
    }
}

impl NamedRow<'_> {
    pub(super) fn get<T: Whole>(&self, at: impl Column) -> Result<T, StoreError> {
        self.maybe(at)?.ok_or_else(|| self.lacks(at))
    }

    pub(super) fn maybe<T: Whole>(&self, at: impl Column) -> Result<Option<T>, StoreError> {
        self.maybe_int(at)?.map(|int| self.parsed(at, T::of_int(int))).transpose()
    }

    /// What was made of this column; an error if nothing could be.
    pub(super) fn parsed<T>(&self, at: impl Column, made: Option<T>) -> Result<T, StoreError> {
        made.ok_or_else(|| unreadable(self.what, self.name, &at.name(self.row)))
    }
}

impl Deref for NamedRow<'_> {
    type Target = Row;

    fn deref(&self) -> &Row {
        self.row
    }
}
