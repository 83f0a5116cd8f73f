//! Translates expressions: resolves names and combines terms.

use std::cell::Cell;

use sqlparser::ast::{AccessExpr, CaseWhen, CastKind, Expr, Ident, Subscript, UnaryOperator, Value};

use super::kind::Kind;
use super::select::Written;
use super::term::{Term, quoted};
use super::{Understood, View, function, operator, reject, time};

const DEEPEST: usize = 64;

#[derive(Debug)]
pub(super) struct Source {
    /// In SQL, including `FROM`.
    from: String,
    columns: Vec<(String, Term)>,
    names: Vec<String>,
    pub(super) has_offset: bool,
}

impl Source {
    pub(super) fn nothing() -> Self {
        Self { from: String::new(), columns: Vec::new(), names: Vec::new(), has_offset: false }
    }

    pub(super) fn ingestion_warnings(project: u32, alias: Option<String>) -> Self {
        let columns = [
            ("team_id", Kind::Int64),
            ("source", Kind::String),
            ("type", Kind::String),
            ("details", Kind::String),
            ("timestamp", Kind::DateTime64),
        ];
        let from = format!("SELECT project AS team_id, source, type, details, timestamp FROM ingestion_warnings WHERE project = {project}");
        Self::table("ingestion_warnings", &from, &columns, alias)
    }

    pub(super) fn events(project: u32, alias: Option<String>) -> Self {
        let columns = [
            ("uuid", Kind::Uuid),
            ("event", Kind::String),
            ("properties", Kind::String),
            ("timestamp", Kind::DateTime64),
            ("distinct_id", Kind::String),
            ("created_at", Kind::DateTime64),
        ];
        let mut events = Self::table("events", &format!("SELECT * FROM events WHERE project = {project}"), &columns, alias);
        let person_mode = "iif(json_extract(properties, '$.\"$process_person_profile\"') = 0, 'propertyless', 'full')";
        events.columns.push(("person_mode".into(), Term::column(person_mode, Kind::String, false)));
        events
    }

    fn table(name: &str, rows: &str, columns: &[(&str, Kind)], alias: Option<String>) -> Self {
        Self {
            from: format!(" FROM ({rows})"),
            columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), Term::column(*name, *kind, false))).collect(),
            names: alias.into_iter().chain([name.to_owned()]).collect(),
            has_offset: false,
        }
    }

    /// A query in parentheses; its SQL names the columns `c0`, `c1` and so on.
    pub(super) fn query(inner: Written, alias: Option<String>) -> Self {
        let columns = inner.columns.into_iter().enumerate();
        Self {
            from: format!(" FROM ({})", inner.sql),
            columns: columns
                .map(|(place, column)| (column.name, Term::column(format!("c{place}"), column.kind, column.nullable)))
                .collect(),
            names: alias.into_iter().collect(),
            has_offset: inner.has_offset,
        }
    }
}

#[derive(Debug)]
pub(super) struct Scope {
    source: Source,
    aliases: Vec<(String, Term)>,
    keys: Vec<Term>,
    pub(super) view: View,
    depth: Cell<usize>,
}

impl Scope {
    pub(super) fn new(source: Source, view: View) -> Self {
        Self { source, aliases: Vec::new(), keys: Vec::new(), view, depth: Cell::new(0) }
    }

    pub(super) fn from(&self) -> &str {
        &self.source.from
    }

    pub(super) fn group_by(&mut self, keys: Vec<Term>) {
        self.keys = keys;
    }

    pub(super) fn name(&mut self, alias: &str, term: Term) {
        self.aliases.retain(|(name, _)| name != alias);
        self.aliases.push((alias.to_owned(), term));
    }

    pub(super) fn everything(&self) -> Vec<(String, Term)> {
        self.source.columns.iter().map(|(name, term)| (name.clone(), self.within_group(term.clone()))).collect()
    }

    pub(super) fn condition(&self, expression: &Expr, clause: &str) -> Understood<Term> {
        self.read(expression)?.must_be_number(clause)
    }

    /// Reads the expression of an alias: inside it, the name is not yet the alias.
    pub(super) fn read_for_alias(&mut self, expression: &Expr, alias: &str) -> Understood<Term> {
        self.aliases.retain(|(name, _)| name != alias);
        self.read(expression)
    }

    pub(super) fn read(&self, expression: &Expr) -> Understood<Term> {
        if self.depth.get() >= DEEPEST {
            return reject("Query is too complex.");
        }
        self.depth.set(self.depth.get() + 1);
        let term = self.read_any(expression);
        self.depth.set(self.depth.get() - 1);
        term.map(|term| self.within_group(term))
    }

    fn within_group(&self, term: Term) -> Term {
        let key = term.bare && self.keys.iter().any(|key| key.sql == term.sql);
        Term { bare: term.bare && !key, ..term }
    }

    fn read_any(&self, expression: &Expr) -> Understood<Term> {
        match expression {
            Expr::Identifier(name) => self.named(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(path) => self.named(path),
            Expr::CompoundFieldAccess { root, access_chain } => self.accessed(root, access_chain),
            Expr::Value(value) => literal(&value.value),
            Expr::Nested(inner) => self.read(inner),
            Expr::Function(function) => function::call(self, function),
            Expr::BinaryOp { left, op, right } => operator::binary(self.read(left)?, op, self.read(right)?),
            Expr::UnaryOp { op, expr } => unary(*op, self.read(expr)?),
            Expr::IsNull(inner) => operator::is_null(&self.read(inner)?, false),
            Expr::IsNotNull(inner) => operator::is_null(&self.read(inner)?, true),
            Expr::InList { expr, list, negated } => operator::within(self.read(expr)?, self.read_all(list)?, *negated),
            Expr::Between { expr, negated, low, high } => operator::between(self.read(expr)?, self.read(low)?, self.read(high)?, *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                operator::like(self.read(expr)?, self.read(pattern)?, false, *negated)
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                operator::like(self.read(expr)?, self.read(pattern)?, true, *negated)
            }
            Expr::Case { operand, conditions, else_result, .. } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Interval(interval) => match &interval.leading_field {
                Some(unit) => time::written_interval(self.read(&interval.value)?, &unit.to_string()),
                None => reject(format!("`{interval}` must have a unit.")),
            },
            Expr::Floor { expr, .. } => function::rounded(self.read(expr)?, "floor"),
            Expr::Ceil { expr, .. } => function::rounded(self.read(expr)?, "ceil"),
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let mut arguments = vec![self.read(expr)?, self.read(from)?];
                arguments.extend(substring_for.as_deref().map(|length| self.read(length)).transpose()?);
                function::substring(arguments)
            }
            Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, .. } => {
                function::cast(self, self.read(expr)?, &data_type.to_string())
            }
            other => reject(format!("`{other}` is not supported by this sandbox.")),
        }
    }

    pub(super) fn read_all(&self, expressions: &[Expr]) -> Understood<Vec<Term>> {
        expressions.iter().map(|expression| self.read(expression)).collect()
    }

    fn named(&self, path: &[Ident]) -> Understood<Term> {
        let path = path.iter().map(|part| part.value.as_str()).collect::<Vec<_>>();
        if let [name] = path.as_slice()
            && let Some((_, term)) = self.aliases.iter().find(|(alias, _)| alias == name)
        {
            return Ok(term.clone());
        }
        let path = match path.as_slice() {
            [prefix, rest @ ..] if !rest.is_empty() && self.source.names.iter().any(|name| name == prefix) => rest,
            whole => whole,
        };
        let Some((first, keys)) = path.split_first() else { return reject("A name is empty.") };
        let Some((_, column)) = self.source.columns.iter().find(|(name, _)| name == first) else {
            return reject(format!("Unable to resolve field: {first}"));
        };
        if keys.is_empty() {
            return Ok(column.clone());
        }
        if *first != "properties" {
            return reject(format!("Unable to resolve field: {}", path.join(".")));
        }
        if column.sql != "properties" {
            return reject("Properties of a query in parentheses are not supported by this sandbox; select them inside the parentheses.");
        }
        property(keys)
    }

    /// For example `properties['$lib']` and `properties.a['b']`.
    fn accessed(&self, root: &Expr, chain: &[AccessExpr]) -> Understood<Term> {
        let mut path = match root {
            Expr::Identifier(name) => vec![name.clone()],
            Expr::CompoundIdentifier(path) => path.clone(),
            other => return reject(format!("`{other}` has no fields.")),
        };
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(name)) => path.push(name.clone()),
                AccessExpr::Subscript(Subscript::Index { index: Expr::Value(value) }) => match &value.value {
                    Value::SingleQuotedString(key) => path.push(Ident::new(key)),
                    other => return reject(format!("`[{other}]` is not supported by this sandbox; a key must be a string.")),
                },
                other => return reject(format!("`{other}` is not supported by this sandbox.")),
            }
        }
        self.named(&path)
    }

    fn case(&self, operand: Option<&Expr>, conditions: &[CaseWhen], else_result: Option<&Expr>) -> Understood<Term> {
        let operand = operand.map(|operand| self.read(operand)).transpose()?;
        let mut branches = Vec::new();
        for CaseWhen { condition, result } in conditions {
            let condition = self.read(condition)?;
            let condition = match &operand {
                Some(operand) => operator::compared(operand.clone(), "=", condition)?,
                None => condition.must_be_number("CASE")?,
            };
            branches.push((condition, self.read(result)?));
        }
        let otherwise = else_result.map_or_else(|| Ok(Term::constant("NULL", Kind::Nothing)), |result| self.read(result))?;
        operator::choice(&branches, &otherwise)
    }
}

/// A property as PostHog extracts it: its raw JSON text without quotes, NULL if it does not exist.
fn property(keys: &[&str]) -> Understood<Term> {
    let path = json_path(keys)?;
    let raw = format!("(printed -> {path})");
    let sql = format!(
        "CASE json_type(printed, {path}) WHEN 'null' THEN NULL WHEN 'text' THEN substr({raw}, 2, length({raw}) - 2) ELSE {raw} END"
    );
    Ok(Term::column(sql, Kind::String, true))
}

/// `JSONExtractString` of the properties: a string as it is, other values as printed JSON, an empty string if there is no value.
pub(super) fn extracted_text(json: &Term, key: &str) -> Understood<Term> {
    let path = json_path(&[key])?;
    let sql = format!(
        "CASE json_type(printed, {path}) WHEN 'null' THEN '' WHEN 'text' THEN printed ->> {path} ELSE coalesce(printed -> {path}, '') END"
    );
    Term::of(&[json], sql, Kind::String)
}

fn json_path(keys: &[&str]) -> Understood<String> {
    if keys.iter().any(|key| key.contains(['"', '\\', '\0'])) {
        return reject("A property name with quotes or backslashes is not supported by this sandbox.");
    }
    Ok(quoted(&format!("$.\"{}\"", keys.join("\".\""))))
}

fn literal(value: &Value) -> Understood<Term> {
    match value {
        Value::SingleQuotedString(text) => Ok(Term::text(text)),
        Value::Number(digits, _) => number(digits),
        Value::Boolean(flag) => Ok(Term::constant(if *flag { "1" } else { "0" }, Kind::Bool)),
        Value::Null => Ok(Term::constant("NULL", Kind::Nothing)),
        other => reject(format!("`{other}` is not supported by this sandbox.")),
    }
}

fn number(digits: &str) -> Understood<Term> {
    if let Ok(whole) = digits.parse::<i64>() {
        let kind = match whole {
            0..=0xff => Kind::UInt8,
            0x100..=0xffff_ffff => Kind::UInt32,
            _ => Kind::UInt64,
        };
        return Ok(Term::constant(whole.to_string(), kind));
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && digits.contains(['.', 'e', 'E']) => Ok(Term::constant(format!("{number:e}"), Kind::Float64)),
        _ => reject(format!("The number `{digits}` is too large for this sandbox.")),
    }
}

fn unary(op: UnaryOperator, term: Term) -> Understood<Term> {
    let term = term.must_be_number(&format!("`{op}`"))?;
    let (sign, kind) = match op {
        UnaryOperator::Minus if term.kind == Kind::Float64 => ("-", Kind::Float64),
        UnaryOperator::Minus => ("-", Kind::Int64),
        UnaryOperator::Plus => ("+", term.kind),
        UnaryOperator::Not => ("NOT ", Kind::UInt8),
        other => return reject(format!("`{other}` is not supported by this sandbox.")),
    };
    Term::of(&[&term], format!("({sign}{})", term.sql), kind)
}
