//! A term: an expression that is understood.

use super::kind::Kind;
use super::{Understood, reject};
use crate::moment::Moment;

/// The longest SQL of one expression, in bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// An expression with its SQL and its meaning.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four facts about an expression, each of which can hold without the others")]
pub(super) struct Term {
    pub(super) sql: String,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    /// Depends on the row, or on the group.
    pub(super) varies: bool,
    /// Names a column outside of any aggregate: not allowed beside aggregates, unless it is grouped by.
    pub(super) bare: bool,
    /// Has an aggregate in it: not allowed in WHERE, nor in another aggregate.
    pub(super) aggregate: bool,
    /// The text, when this is a text in quotes: it becomes a time or a uuid where one is wanted.
    pub(super) text: Option<String>,
}

impl Term {
    /// Something that depends on no row.
    pub(super) fn constant(sql: impl Into<String>, kind: Kind) -> Self {
        Self { sql: sql.into(), kind, nullable: kind == Kind::Nothing, varies: false, bare: false, aggregate: false, text: None }
    }

    /// A text in quotes.
    pub(super) fn text(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::constant(quoted(text), Kind::String) }
    }

    /// A column of a table.
    pub(super) fn column(sql: impl Into<String>, kind: Kind, nullable: bool) -> Self {
        Self { varies: true, bare: true, nullable, ..Self::constant(sql, kind) }
    }

    /// An expression made of `parts`: as nullable, as bare and as aggregate as they are.
    pub(super) fn of(parts: &[&Self], sql: String, kind: Kind) -> Understood<Self> {
        if sql.len() > LONGEST {
            return reject("Query is too complex.");
        }
        Ok(Self {
            sql,
            kind,
            nullable: parts.iter().any(|part| part.nullable),
            varies: parts.iter().any(|part| part.varies),
            bare: parts.iter().any(|part| part.bare),
            aggregate: parts.iter().any(|part| part.aggregate),
            text: None,
        })
    }

    /// The same with other SQL.
    pub(super) fn sql(self, sql: String) -> Self {
        Self { sql, text: None, ..self }
    }

    pub(super) fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(super) fn never_null(self) -> Self {
        Self { nullable: false, ..self }
    }

    /// This term where a value of `kind` is wanted: a text in quotes is read as a time or a uuid.
    pub(super) fn desired_as(self, kind: Kind) -> Understood<Self> {
        let Some(text) = &self.text else { return Ok(self) };
        if kind.is_time() {
            return match parse_time(text) {
                Some(at) => Ok(Self::constant(at.us().to_string(), Kind::DateTime64)),
                None => reject(format!("Cannot parse `{text}` as a time.")),
            };
        }
        if kind == Kind::Uuid {
            return match uuid::Uuid::parse_str(text) {
                Ok(uuid) => Ok(Self::constant(format!("'{uuid}'"), Kind::Uuid)),
                Err(_) => reject(format!("Cannot parse uuid {text}")),
            };
        }
        Ok(self)
    }

    /// This term, which must be a text.
    pub(super) fn must_be_text(self, what: &str) -> Understood<Self> {
        if matches!(self.kind, Kind::String | Kind::Nothing) { Ok(self) } else { reject(self.complaint(what, "a String")) }
    }

    /// This term, which must be a number.
    pub(super) fn must_be_number(self, what: &str) -> Understood<Self> {
        if self.kind.is_number() || self.kind == Kind::Nothing { Ok(self) } else { reject(self.complaint(what, "a number")) }
    }

    /// This term, which must be a time.
    pub(super) fn must_be_time(self, what: &str) -> Understood<Self> {
        let term = self.desired_as(Kind::DateTime64)?;
        if term.kind.is_time() { Ok(term) } else { reject(term.complaint(what, "a time")) }
    }

    fn complaint(&self, what: &str, desired: &str) -> String {
        format!("Illegal type {} of argument of {what}: it wants {desired}.", self.kind.name(self.nullable))
    }
}

/// Reads a time as ClickHouse does in a comparison, or a date alone.
pub(super) fn parse_time(text: &str) -> Option<Moment> {
    Moment::parse(text).or_else(|| Moment::parse(&format!("{}T00:00:00Z", text.trim())))
}

/// A text in SQLite's quotes. A NUL would end SQLite's statement, so such a text is written as its bytes.
pub(super) fn quoted(text: &str) -> String {
    use std::fmt::Write;
    if text.contains('\0') {
        let mut hex = String::new();
        for byte in text.bytes() {
            let _ = write!(hex, "{byte:02x}");
        }
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}
