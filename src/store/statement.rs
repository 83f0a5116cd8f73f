//! Builds a statement from SQL text and values, with placeholders.

use super::value::{Bind, Value};

/// SQL with a `?` for each value. The SQL text itself must not contain any other `?`.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    text: String,
    values: Vec<Value>,
}

/// What a `?` in the text of [`sql!`] stands for.
pub(super) enum Param {
    One(Value),
    /// `(?, ?, ...)`, for `IN`.
    List(Vec<Value>),
}

impl<T: Bind> From<T> for Param {
    fn from(value: T) -> Self {
        Self::One(value.into())
    }
}

impl<T: Bind> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        Self::One(value.into())
    }
}

pub(super) fn any_of(values: impl IntoIterator<Item = impl Into<Value>>) -> Param {
    Param::List(values.into_iter().map(Into::into).collect())
}

/// A statement with a value for each `?` in its text: `sql!("SELECT name FROM users WHERE id = ?", id)`.
macro_rules! sql {
    ($text:expr $(, $value:expr)* $(,)?) => {
        $crate::store::statement::Statement::of($text, [$($crate::store::statement::Param::from($value)),*])
    };
}

pub(super) use sql;

impl Statement {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Use [`sql!`].
    pub(super) fn of<const N: usize>(text: &str, params: [Param; N]) -> Self {
        debug_assert_eq!(text.matches('?').count(), N, "{text}");
        let mut statement = Self { text: String::with_capacity(text.len()), values: Vec::with_capacity(N) };
        let mut pieces = text.split('?');
        statement.text.push_str(pieces.next().unwrap_or_default());
        for (param, piece) in params.into_iter().zip(pieces) {
            match param {
                Param::One(value) => statement.push(value),
                Param::List(values) => statement.push_list(values),
            }
            statement.text.push_str(piece);
        }
        statement
    }

    /// Appends `text`, which has one `?`, if there is a value for it.
    pub(super) fn with(mut self, text: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.text.push_str(text);
            self.values.push(value.into());
        }
        self
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Several statements in one text; SQLite only.
    pub(super) fn joined(statements: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::new("");
        for (at, statement) in statements.into_iter().enumerate() {
            all = if at > 0 { all.text("; ") } else { all }.then(statement);
        }
        all
    }

    pub(super) fn then(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.push(value.into());
        self
    }

    /// Appends `(?, ?, ...)`, for `IN`.
    pub(super) fn list(mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.push_list(values.into_iter().map(Into::into).collect());
        self
    }

    /// Appends `(?, ?), (?, ?), ...`, for `VALUES`.
    pub(super) fn rows<const N: usize>(mut self, rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        for (at, row) in rows.into_iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            self.tuple(row);
        }
        self
    }

    /// Adds or replaces rows of projects that still exist. The first column is the project; the first `key` columns identify a row.
    pub(super) fn put_of_projects<const N: usize>(
        table: &str,
        columns: [&str; N],
        key: usize,
        rows: impl IntoIterator<Item = [Value; N]>,
    ) -> Self {
        let (identify, replaced) = columns.split_at(key);
        let replaced: Vec<String> = replaced.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        Self::new(&format!("INSERT INTO {table} ({}) SELECT fresh.* FROM (VALUES ", columns.join(", "))).padded_rows(rows).text(&format!(
            ") AS fresh CROSS JOIN projects WHERE projects.id = fresh.column1 ON CONFLICT ({}) DO UPDATE SET {}",
            identify.join(", "),
            replaced.join(", ")
        ))
    }

    /// [`Statement::rows`], padded with rows of NULL to a power of two, so that there are few different texts to prepare. The statement must skip
    /// rows whose first column is NULL.
    pub(super) fn padded_rows<const N: usize>(self, rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        let mut rows: Vec<[Value; N]> = rows.into_iter().collect();
        if let Some(last) = rows.last() {
            let padding = last.each_ref().map(Value::null);
            rows.resize(rows.len().next_power_of_two(), padding);
        }
        self.rows(rows)
    }

    /// Appends `(?, ?, ...)`, for one row.
    pub(super) fn row(mut self, row: impl IntoIterator<Item = Value>) -> Self {
        self.tuple(row);
        self
    }

    /// Placeholders without numbers: SQLite looks a numbered one up among all before it, so a long statement would take quadratic time.
    pub(super) fn for_sqlite(self) -> (String, Vec<Value>) {
        (self.text, self.values)
    }

    /// PostgreSQL needs numbered placeholders.
    pub(super) fn for_postgres(self) -> (String, Vec<Value>) {
        let mut pieces = self.text.split('?');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in (1..).zip(pieces) {
            text.push('$');
            text.push_str(&i32::to_string(&number));
            text.push_str(piece);
        }
        (text, self.values)
    }

    /// The list is padded with its last value to a power of two, so that there are ten different texts to prepare and not a thousand. An
    /// empty list becomes `(NULL)`, which matches nothing.
    fn push_list(&mut self, mut values: Vec<Value>) {
        match values.last().cloned() {
            Some(last) => {
                values.resize(values.len().next_power_of_two(), last);
                self.tuple(values);
            }
            None => self.text.push_str("(NULL)"),
        }
    }

    fn tuple(&mut self, values: impl IntoIterator<Item = Value>) {
        for (at, value) in values.into_iter().enumerate() {
            self.text.push_str(if at == 0 { "(" } else { ", " });
            self.push(value);
        }
        self.text.push(')');
    }

    fn push(&mut self, value: Value) {
        self.values.push(value);
        self.text.push('?');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_counted_across_pieces() {
        let statement = sql!("SELECT a FROM b WHERE c = ? AND d IN ?", 7, any_of([1_i64, 2, 3]));
        let (text, values) = statement.clone().for_postgres();
        assert_eq!(text, "SELECT a FROM b WHERE c = $1 AND d IN ($2, $3, $4, $5)");
        assert_eq!(values, [7, 1, 2, 3, 3].map(Value::from));
        assert_eq!(statement.for_sqlite().0, "SELECT a FROM b WHERE c = ? AND d IN (?, ?, ?, ?)");
    }

    #[test]
    fn a_statement_within_another_brings_its_values_along() {
        let within = Statement::new("(SELECT a FROM b WHERE c = ").bind(2).text(")");
        let (text, values) = Statement::new("d = ").bind(1).text(" AND e IN ").then(within).text(" AND f = ").bind(3).for_postgres();
        assert_eq!(text, "d = $1 AND e IN (SELECT a FROM b WHERE c = $2) AND f = $3");
        assert_eq!(values, [1, 2, 3].map(Value::from));
    }

    #[test]
    fn a_zero_byte_in_a_text_is_shown_as_such() {
        assert_eq!(Value::from("a\0b"), Value::Text(Some("a\u{fffd}b".into())));
    }

    #[test]
    fn an_empty_list_is_still_sql() {
        let (text, values) = Statement::new("a IN ").list(Vec::<i64>::new()).for_postgres();
        assert_eq!((text.as_str(), values.len()), ("a IN (NULL)", 0));
    }

    #[test]
    fn rows_stand_side_by_side() {
        let (text, values) =
            Statement::new("VALUES ").rows([[Value::from(1), Value::from("x")], [Value::from(2), Value::from("y")]]).for_postgres();
        assert_eq!((text.as_str(), values.len()), ("VALUES ($1, $2), ($3, $4)", 4));
    }
}
