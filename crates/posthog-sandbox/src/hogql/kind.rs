//! The ClickHouse types of expressions, and how SQLite's cells are read as them.

use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::moment::Moment;

/// In SQLite, times are microseconds and uuids are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Uuid,
    UInt8,
    UInt32,
    UInt64,
    Int64,
    Float64,
    Bool,
    Date,
    /// Whole seconds.
    DateTime,
    DateTime64,
    /// Microseconds; never in an answer.
    Interval,
    Nothing,
}

impl Kind {
    pub(crate) fn name(self, nullable: bool) -> String {
        let name = match self {
            Self::String => "String",
            Self::Uuid => "UUID",
            Self::UInt8 => "UInt8",
            Self::UInt32 => "UInt32",
            Self::UInt64 => "UInt64",
            Self::Int64 => "Int64",
            Self::Float64 => "Float64",
            Self::Bool => "Bool",
            Self::Date => "Date",
            Self::DateTime => "DateTime('UTC')",
            Self::DateTime64 => "DateTime64(6, 'UTC')",
            Self::Interval => "IntervalSecond",
            Self::Nothing => "Nothing",
        };
        if nullable { format!("Nullable({name})") } else { name.to_owned() }
    }

    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::UInt8 | Self::UInt32 | Self::UInt64 | Self::Int64 | Self::Bool)
    }

    pub(super) fn is_number(self) -> bool {
        self.is_whole() || self == Self::Float64
    }

    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::DateTime | Self::DateTime64)
    }

    /// The result of an aggregate over no rows: ClickHouse has no NULL in a column that is not nullable.
    pub(super) fn of_no_rows(self) -> &'static str {
        match self {
            Self::String => "''",
            Self::Uuid => "'00000000-0000-0000-0000-000000000000'",
            Self::Float64 => "0.0",
            Self::Nothing => "NULL",
            _ => "0",
        }
    }

    /// ClickHouse's supertype of both, if there is one.
    pub(super) fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, another) if one == another => Some(one),
            (Self::Nothing, kind) | (kind, Self::Nothing) => Some(kind),
            (Self::Float64, whole) | (whole, Self::Float64) if whole.is_whole() => Some(Self::Float64),
            (Self::Int64, whole) | (whole, Self::Int64) if whole.is_whole() => Some(Self::Int64),
            (one, another) if one.is_whole() && another.is_whole() => Some(one.wider(another)),
            (one, another) if one.is_time() && another.is_time() => Some(Self::DateTime64),
            _ => None,
        }
    }

    fn wider(self, other: Self) -> Self {
        let width = |kind| match kind {
            Self::Bool => 0,
            Self::UInt8 => 1,
            Self::UInt32 => 2,
            _ => 3,
        };
        if width(self) >= width(other) { self } else { other }
    }

    /// PostHog's JSON for a cell; times are strings.
    pub(crate) fn read(self, row: &SqliteRow, place: usize) -> Value {
        let time = |how: &str| cell::<i64>(row, place).map(|us| Moment::from_us(us).formatted(how));
        match self {
            Self::String | Self::Uuid => cell::<String>(row, place).into(),
            Self::UInt8 | Self::UInt32 | Self::UInt64 | Self::Int64 | Self::Interval => cell::<i64>(row, place).into(),
            Self::Float64 => cell::<f64>(row, place).into(),
            Self::Bool => cell::<i64>(row, place).map(|flag| flag != 0).into(),
            Self::Date => time("%Y-%m-%d").into(),
            Self::DateTime => time("%Y-%m-%dT%H:%M:%SZ").into(),
            Self::DateTime64 => time("%Y-%m-%dT%H:%M:%S%.6fZ").into(),
            Self::Nothing => Value::Null,
        }
    }
}

/// `None` if the cell is NULL or of another type.
fn cell<'r, T>(row: &'r SqliteRow, place: usize) -> Option<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get_unchecked::<Option<T>, _>(place).ok().flatten()
}
