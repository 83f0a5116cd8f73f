//! Writing a SELECT for SQLite.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, ObjectName, OrderByExpr, OrderBySort, Select, SelectItem, TableAlias, TableFactor, TableWithJoins, Value,
};

use super::branch::{self, Branch};
use super::expression::{Scope, Source};
use super::kind::Kind;
use super::term::Term;
use super::{Column, Understood, refuse};
use crate::sandbox::moment::Moment;

/// A SELECT in SQLite's words.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
}

/// Writes branches as one UNION ALL, each with the limit that `limit` gives it.
pub(super) fn write_all(branches: &[Branch], now: Moment, limit: impl Fn(&Branch) -> Option<usize>) -> Understood<Written> {
    let mut parts = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    for branch in branches {
        let part = write(branch, now, limit(branch))?;
        columns = if columns.is_empty() { part.columns } else { united(columns, &part.columns)? };
        parts.push(format!("SELECT * FROM ({})", part.sql));
    }
    Ok(Written { sql: parts.join(" UNION ALL "), columns })
}

/// The columns of two branches together: the first one's names, types that both fit into.
fn united(first: Vec<Column>, other: &[Column]) -> Understood<Vec<Column>> {
    if first.len() != other.len() {
        return refuse("UNION different number of columns in queries");
    }
    let pairs = first.into_iter().zip(other);
    pairs
        .map(|(one, another)| match one.kind.common(another.kind) {
            Some(kind) => Ok(Column { kind, nullable: one.nullable || another.nullable, ..one }),
            None => refuse(format!(
                "There is no supertype for types {}, {} because some of them are different",
                one.kind.name(one.nullable),
                another.kind.name(another.nullable)
            )),
        })
        .collect()
}

/// Writes one branch; `limit` is its limit, whatever it says itself.
pub(super) fn write(branch: &Branch, now: Moment, limit: Option<usize>) -> Understood<Written> {
    let select = &*branch.select;
    check_clauses(select)?;
    let source = source(&select.from, now)?;
    let mut scope = Scope::new(source, now);
    let items = items(select, &mut scope)?;
    let filter = match &select.selection {
        None => String::new(),
        Some(condition) => {
            let condition = scope.condition(condition, "WHERE")?;
            if condition.aggregate {
                return refuse("Aggregate functions are not allowed in WHERE.");
            }
            format!(" WHERE {}", condition.sql)
        }
    };
    let keys = group_keys(select, &items, &scope)?;
    let groups = match keys.iter().map(in_group_by).collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        some => format!(" GROUP BY {}", some.join(", ")),
    };
    scope.group_by(keys);
    // Once more, now that it is known what is grouped by.
    let items = self::items(select, &mut scope)?;
    let having = select.having.as_ref().map(|condition| scope.condition(condition, "HAVING")).transpose()?;
    let grouped = !groups.is_empty() || having.is_some() || items.iter().any(|(_, item)| item.aggregate);
    let order = order(&branch.order_by, &items, &scope)?;
    if grouped
        && let Some(bare) =
            items.iter().map(|(_, item)| item).chain(having.as_ref()).chain(order.iter().map(|(key, _)| key)).find(|term| term.bare)
    {
        return refuse(format!("Column {} is not under aggregate function and not in GROUP BY keys", bare.sql));
    }
    let mut sql = format!(
        "SELECT {}{}{}{filter}{groups}",
        if select.distinct.is_some() { "DISTINCT " } else { "" },
        items.iter().enumerate().map(|(place, (_, item))| format!("{} AS c{place}", item.sql)).collect::<Vec<_>>().join(", "),
        scope.from(),
    );
    if let Some(having) = &having {
        if groups.is_empty() && !having.aggregate && !items.iter().any(|(_, item)| item.aggregate) {
            return refuse("HAVING without an aggregate is not supported by this sandbox.");
        }
        sql += " HAVING ";
        sql += &having.sql;
    }
    if !order.is_empty() {
        sql += " ORDER BY ";
        sql += &order.iter().map(|(key, how)| format!("{} {how}", key.sql)).collect::<Vec<_>>().join(", ");
    }
    if limit.is_some() || branch.offset > 0 {
        // SQLite takes no OFFSET without a LIMIT.
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        sql = format!("{sql} LIMIT {limit} OFFSET {}", branch.offset);
    }
    let columns = items.into_iter().map(|(name, item)| Column { name, kind: item.kind, nullable: item.nullable }).collect();
    Ok(Written { sql, columns })
}

/// Refuses what is parsed and not supported.
fn check_clauses(select: &Select) -> Understood<()> {
    let unsupported = [
        ("TOP", select.top.is_some()),
        ("INTO", select.into.is_some()),
        ("LATERAL VIEW", !select.lateral_views.is_empty()),
        ("PREWHERE", select.prewhere.is_some()),
        ("QUALIFY", select.qualify.is_some()),
        ("WINDOW", !select.named_window.is_empty()),
        ("DISTINCT ON", matches!(select.distinct, Some(Distinct::On(_)))),
        ("SORT BY", !select.sort_by.is_empty() || !select.cluster_by.is_empty() || !select.distribute_by.is_empty()),
        ("CONNECT BY", !select.connect_by.is_empty()),
    ];
    match unsupported.iter().find(|(_, present)| *present) {
        Some((clause, _)) => refuse(format!("{clause} is not supported by this sandbox.")),
        None => Ok(()),
    }
}

/// What is selected from: the events, or a query in parentheses.
fn source(from: &[TableWithJoins], now: Moment) -> Understood<Source> {
    let table = match from {
        [] => return Ok(Source::nothing()),
        [only] if only.joins.is_empty() => &only.relation,
        _ => return refuse("JOIN is not supported by this sandbox."),
    };
    match table {
        TableFactor::Table { name, alias, args: None, sample: None, .. } if is_events(name) => {
            Ok(Source::events(alias_name(alias.as_ref())))
        }
        TableFactor::Table { name, .. } => refuse(format!("Unknown table `{name}`: this sandbox has `events`.")),
        TableFactor::Derived { subquery, alias, lateral: false, .. } => {
            let branches = branch::of_query((**subquery).clone())?;
            let inner = write_all(&branches, now, |branch| branch.limit)?;
            Ok(Source::query(&inner.sql, inner.columns, alias_name(alias.as_ref())))
        }
        other => refuse(format!("`{other}` is not supported by this sandbox.")),
    }
}

fn is_events(name: &ObjectName) -> bool {
    name.to_string().trim_matches('`').eq_ignore_ascii_case("events")
}

fn alias_name(alias: Option<&TableAlias>) -> Option<String> {
    alias.map(|alias| alias.name.value.clone())
}

/// The selected expressions with their names; `*` is spelled out. Each alias is known to what follows.
fn items(select: &Select, scope: &mut Scope) -> Understood<Vec<(String, Term)>> {
    let mut items = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expression) => {
                let term = scope.read(expression)?;
                items.push((name_of(expression), term));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let term = scope.read_for_alias(expr, &alias.value)?;
                scope.name(&alias.value, term.clone());
                items.push((alias.value.clone(), term));
            }
            SelectItem::Wildcard(_) => items.extend(scope.everything()),
            other => return refuse(format!("`{other}` is not supported by this sandbox.")),
        }
    }
    if let Some((_, item)) = items.iter().find(|(_, item)| item.kind == Kind::Interval) {
        return refuse(format!("An interval cannot be selected: {}", item.sql));
    }
    Ok(items)
}

/// PostHog names a column after its expression.
fn name_of(expression: &Expr) -> String {
    match expression {
        Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        other => other.to_string(),
    }
}

/// A constant in SQLite's GROUP BY would be a position.
fn in_group_by(key: &Term) -> &str {
    if key.varies { &key.sql } else { "NULL" }
}

/// What is grouped by.
fn group_keys(select: &Select, items: &[(String, Term)], scope: &Scope) -> Understood<Vec<Term>> {
    let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else {
        return refuse("GROUP BY ALL is not supported by this sandbox.");
    };
    if !modifiers.is_empty() {
        return refuse("GROUP BY with modifiers is not supported by this sandbox.");
    }
    let keys = expressions.iter().map(|expression| {
        let key = match position(expression, items)? {
            Some(item) => item,
            None => scope.read(expression)?,
        };
        if key.aggregate {
            return refuse("Aggregate functions are not allowed in GROUP BY.");
        }
        Ok(key)
    });
    keys.collect()
}

/// What is ordered by, and which way. NULLs come last both ways, as in ClickHouse.
fn order(order_by: &[OrderByExpr], items: &[(String, Term)], scope: &Scope) -> Understood<Vec<(Term, String)>> {
    let mut keys = Vec::new();
    for by in order_by {
        if by.with_fill.is_some() {
            return refuse("WITH FILL is not supported by this sandbox.");
        }
        let key = match position(&by.expr, items)? {
            Some(item) => item,
            None => scope.read(&by.expr)?,
        };
        let way = match by.options.sort {
            None | Some(OrderBySort::Asc) => "ASC",
            Some(OrderBySort::Desc) => "DESC",
            Some(OrderBySort::Using(_)) => return refuse("ORDER BY USING is not supported."),
        };
        let nulls = if by.options.nulls_first == Some(true) { "FIRST" } else { "LAST" };
        // A constant orders nothing, and in SQLite it would be a position.
        if key.varies {
            keys.push((key, format!("{way} NULLS {nulls}")));
        }
    }
    Ok(keys)
}

/// `GROUP BY 1`, `ORDER BY 2`: the item at that position.
fn position(expression: &Expr, items: &[(String, Term)]) -> Understood<Option<Term>> {
    let Expr::Value(value) = expression else { return Ok(None) };
    let Value::Number(digits, _) = &value.value else { return Ok(None) };
    match digits.parse::<usize>().ok().and_then(|place| items.get(place.checked_sub(1)?)) {
        Some((_, item)) => Ok(Some(item.clone())),
        None => refuse(format!("Position {digits} is out of range.")),
    }
}
