//! Translates a SELECT to SQLite.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, ObjectName, ObjectNamePart, OrderByExpr, OrderBySort, Select, SelectItem, TableAlias, TableFactor,
    TableWithJoins, Value,
};

use super::branch::{self, Branch, Branches, Part};
use super::expression::{Scope, Source};
use super::kind::Kind;
use super::term::Term;
use super::{Column, Understood, View, reject};

#[derive(Debug)]
pub(super) struct Written {
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
    /// Also true for an OFFSET in a subquery.
    pub(super) has_offset: bool,
}

/// Translates branches to one UNION ALL; `limit` returns the limit of each.
pub(super) fn write_all(branches: &Branches, view: View, limit: impl Fn(&Branch) -> Option<usize>) -> Understood<Written> {
    let mut parts = Vec::new();
    let mut columns: Vec<Column> = Vec::new();
    let mut has_offset = branches.part.offset.is_some();
    for branch in &branches.all {
        let part = write(branch, view, limit(branch))?;
        has_offset |= part.has_offset;
        columns = if columns.is_empty() { part.columns } else { united(columns, &part.columns)? };
        parts.push(format!("SELECT * FROM ({})", part.sql));
    }
    let sql = parts.join(" UNION ALL ");
    let sql = if branches.part.is_all() { sql } else { limited(&format!("SELECT * FROM ({sql})"), branches.part) };
    Ok(Written { sql, columns, has_offset })
}

/// SQLite accepts OFFSET only after LIMIT.
fn limited(sql: &str, part: Part) -> String {
    let limit = part.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    format!("{sql} LIMIT {limit} OFFSET {}", part.offset.unwrap_or(0))
}

/// The columns of a UNION ALL: the names of the first branch, and the common types.
fn united(first: Vec<Column>, other: &[Column]) -> Understood<Vec<Column>> {
    if first.len() != other.len() {
        return reject("UNION different number of columns in queries");
    }
    let pairs = first.into_iter().zip(other);
    pairs
        .map(|(one, another)| match one.kind.common(another.kind) {
            Some(kind) => Ok(Column { kind, nullable: one.nullable || another.nullable, ..one }),
            None => reject(format!(
                "There is no supertype for types {}, {} because some of them are different",
                one.kind.name(one.nullable),
                another.kind.name(another.nullable)
            )),
        })
        .collect()
}

/// Translates one branch; `limit` replaces its own limit.
pub(super) fn write(branch: &Branch, view: View, limit: Option<usize>) -> Understood<Written> {
    let select = &*branch.select;
    check_clauses(select)?;
    let source = source(&select.from, view)?;
    let has_offset = source.has_offset || branch.part.offset.is_some();
    let mut scope = Scope::new(source, view);
    let items = items(select, &mut scope)?;
    let filter = match &select.selection {
        None => String::new(),
        Some(condition) => {
            let condition = scope.condition(condition, "WHERE")?;
            if condition.aggregate {
                return reject("Aggregate functions are not allowed in WHERE.");
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
    // Read again, now that the group keys are known.
    let items = self::items(select, &mut scope)?;
    let having = select.having.as_ref().map(|condition| scope.condition(condition, "HAVING")).transpose()?;
    let grouped = !groups.is_empty() || having.is_some() || items.iter().any(|(_, item)| item.aggregate);
    let order = order(&branch.order_by, &items, &scope)?;
    if grouped
        && let Some(bare) =
            items.iter().map(|(_, item)| item).chain(having.as_ref()).chain(order.iter().map(|(key, _)| key)).find(|term| term.bare)
    {
        return reject(format!("Column {} is not under aggregate function and not in GROUP BY keys", bare.sql));
    }
    let mut sql = format!(
        "SELECT {}{}{}{filter}{groups}",
        if select.distinct.is_some() { "DISTINCT " } else { "" },
        items.iter().enumerate().map(|(place, (_, item))| format!("{} AS c{place}", item.sql)).collect::<Vec<_>>().join(", "),
        scope.from(),
    );
    if let Some(having) = &having {
        if groups.is_empty() && !having.aggregate && !items.iter().any(|(_, item)| item.aggregate) {
            return reject("HAVING without an aggregate is not supported by this sandbox.");
        }
        sql += " HAVING ";
        sql += &having.sql;
    }
    if !order.is_empty() {
        sql += " ORDER BY ";
        sql += &order.iter().map(|(key, how)| format!("{} {how}", key.sql)).collect::<Vec<_>>().join(", ");
    }
    let part = Part { limit, ..branch.part };
    if !part.is_all() {
        sql = limited(&sql, part);
    }
    let columns = items.into_iter().map(|(name, item)| Column { name, kind: item.kind, nullable: item.nullable }).collect();
    Ok(Written { sql, columns, has_offset })
}

/// Rejects clauses that the parser accepts and the sandbox does not support.
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
        Some((clause, _)) => reject(format!("{clause} is not supported by this sandbox.")),
        None => Ok(()),
    }
}

fn source(from: &[TableWithJoins], view: View) -> Understood<Source> {
    let table = match from {
        [] => return Ok(Source::nothing()),
        [only] if only.joins.is_empty() => &only.relation,
        _ => return reject("JOIN is not supported by this sandbox."),
    };
    match table {
        TableFactor::Table { name, alias, args: None, sample: None, .. } => named(name, alias_name(alias.as_ref()), view),
        TableFactor::Derived { subquery, alias, lateral: false, .. } => {
            let branches = branch::of_query((**subquery).clone())?;
            let inner = write_all(&branches, view, |branch| branch.part.limit)?;
            Ok(Source::query(inner, alias_name(alias.as_ref())))
        }
        other => reject(format!("`{other}` is not supported by this sandbox.")),
    }
}

fn named(name: &ObjectName, alias: Option<String>, view: View) -> Understood<Source> {
    let parts = name.0.iter().filter_map(ObjectNamePart::as_ident).map(|part| part.value.as_str()).collect::<Vec<_>>();
    match parts.as_slice() {
        ["events"] => Ok(Source::events(view.project, alias)),
        ["system", "ingestion_warnings"] if view.system_tables => Ok(Source::ingestion_warnings(view.project, alias)),
        parts => reject(format!("Unknown table `{}`.", parts.join("."))),
    }
}

fn alias_name(alias: Option<&TableAlias>) -> Option<String> {
    alias.map(|alias| alias.name.value.clone())
}

/// The selected expressions with their names; `*` is expanded. Later expressions can use earlier aliases.
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
            other => return reject(format!("`{other}` is not supported by this sandbox.")),
        }
    }
    if let Some((_, item)) = items.iter().find(|(_, item)| item.kind == Kind::Interval) {
        return reject(format!("An interval cannot be selected: {}", item.sql));
    }
    Ok(items)
}

/// As in PostHog, a column without alias has its expression as name.
fn name_of(expression: &Expr) -> String {
    match expression {
        Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        other => other.to_string(),
    }
}

/// In SQLite's GROUP BY a constant is a column position.
fn in_group_by(key: &Term) -> &str {
    if key.varies { &key.sql } else { "NULL" }
}

fn group_keys(select: &Select, items: &[(String, Term)], scope: &Scope) -> Understood<Vec<Term>> {
    let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else {
        return reject("GROUP BY ALL is not supported by this sandbox.");
    };
    if !modifiers.is_empty() {
        return reject("GROUP BY with modifiers is not supported by this sandbox.");
    }
    let keys = expressions.iter().map(|expression| {
        let key = match position(expression, items)? {
            Some(item) => item,
            None => scope.read(expression)?,
        };
        if key.aggregate {
            return reject("Aggregate functions are not allowed in GROUP BY.");
        }
        Ok(key)
    });
    keys.collect()
}

/// NULLs are last in both directions, as in ClickHouse: PostHog's parser ignores NULLS FIRST and NULLS LAST.
fn order(order_by: &[OrderByExpr], items: &[(String, Term)], scope: &Scope) -> Understood<Vec<(Term, String)>> {
    let mut keys = Vec::new();
    for by in order_by {
        if by.with_fill.is_some() {
            return reject("WITH FILL is not supported by this sandbox.");
        }
        let key = match position(&by.expr, items)? {
            Some(item) => item,
            None => scope.read(&by.expr)?,
        };
        let way = match by.options.sort {
            None | Some(OrderBySort::Asc) => "ASC",
            Some(OrderBySort::Desc) => "DESC",
            Some(OrderBySort::Using(_)) => return reject("ORDER BY USING is not supported."),
        };
        // A constant has no effect on the order; in SQLite it is a column position.
        if key.varies {
            keys.push((key, format!("{way} NULLS LAST")));
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
        None => reject(format!("Position {digits} is out of range.")),
    }
}
