//! A term: an expression with its SQL and type.

use super::kind::Kind;
use super::{Understood, reject};
use crate::moment::Moment;

/// The limit of the SQL of one expression, in bytes.
const LONGEST: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent properties of an expression")]
pub(super) struct Term {
    pub(super) sql: String,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    /// Depends on the row or group; false for constants.
    pub(super) varies: bool,
    /// Contains a column outside of an aggregate: not allowed beside aggregates, unless it is a group key.
    pub(super) bare: bool,
    /// Contains an aggregate: not allowed in WHERE, nor in another aggregate.
    pub(super) aggregate: bool,
    /// The value of a string literal, which is converted where a time or a uuid is required.
    pub(super) text: Option<String>,
}

impl Term {
    pub(super) fn constant(sql: impl Into<String>, kind: Kind) -> Self {
        Self { sql: sql.into(), kind, nullable: kind == Kind::Nothing, varies: false, bare: false, aggregate: false, text: None }
    }

    pub(super) fn text(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::constant(quoted(text), Kind::String) }
    }

    pub(super) fn column(sql: impl Into<String>, kind: Kind, nullable: bool) -> Self {
        Self { varies: true, bare: true, nullable, ..Self::constant(sql, kind) }
    }

    /// An expression made of `parts`, which inherits their properties.
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

    pub(super) fn sql(self, sql: String) -> Self {
        Self { sql, text: None, ..self }
    }

    pub(super) fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(super) fn never_null(self) -> Self {
        Self { nullable: false, ..self }
    }

    /// Converts a string literal to a time or uuid if `kind` is one; returns other terms unchanged.
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

    pub(super) fn must_be_text(self, what: &str) -> Understood<Self> {
        if matches!(self.kind, Kind::String | Kind::Nothing) { Ok(self) } else { reject(self.type_error(what, "a String")) }
    }

    pub(super) fn must_be_number(self, what: &str) -> Understood<Self> {
        if self.kind.is_number() || self.kind == Kind::Nothing { Ok(self) } else { reject(self.type_error(what, "a number")) }
    }

    pub(super) fn must_be_time(self, what: &str) -> Understood<Self> {
        let term = self.desired_as(Kind::DateTime64)?;
        if term.kind.is_time() { Ok(term) } else { reject(term.type_error(what, "a time")) }
    }

    fn type_error(&self, what: &str, expected: &str) -> String {
        format!("Illegal type {} of argument of {what}: expected {expected}.", self.kind.name(self.nullable))
    }
}

/// Reads a time or a date, as ClickHouse does in a comparison.
pub(super) fn parse_time(text: &str) -> Option<Moment> {
    Moment::parse(text).or_else(|| Moment::parse(&format!("{}T00:00:00Z", text.trim())))
}

/// A SQLite string literal. SQLite ends a statement at NUL, so a text with NUL becomes a blob cast to TEXT.
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
