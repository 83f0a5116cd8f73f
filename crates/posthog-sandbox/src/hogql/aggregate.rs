//! Aggregate functions, with and without `If`.

use super::kind::Kind;
use super::term::Term;
use super::{Understood, reject};

/// Each also exists with the suffix `If`.
const AGGREGATES: [&str; 8] = ["count", "uniq", "uniqExact", "min", "max", "sum", "avg", "any"];

/// Returns the aggregate, and whether its last argument is a condition (suffix `If`).
pub(super) fn recognise(name: &str) -> Option<(&'static str, bool)> {
    let find = |name: &str| AGGREGATES.into_iter().find(|aggregate| *aggregate == name);
    find(name).map(|aggregate| (aggregate, false)).or_else(|| find(name.strip_suffix("If")?).map(|aggregate| (aggregate, true)))
}

pub(super) fn call(name: &str, conditional: bool, distinct: bool, mut arguments: Vec<Term>) -> Understood<Term> {
    if arguments.iter().any(|argument| argument.aggregate) {
        return reject(format!("Aggregate function {name} is found inside another aggregate function in query."));
    }
    let condition = if conditional { arguments.pop() } else { None };
    if conditional && condition.is_none() {
        return reject(format!("Aggregate function {name}If requires a condition."));
    }
    let condition = condition.map(|condition| condition.must_be_number(name)).transpose()?;
    let filter = condition.as_ref().map(|condition| format!(" FILTER (WHERE {})", condition.sql)).unwrap_or_default();
    let counted = distinct || name.starts_with("uniq");
    let (sql, kind, nullable) = match (name, arguments.as_slice()) {
        ("count", []) => (format!("count(*){filter}"), Kind::UInt64, false),
        ("count" | "uniq" | "uniqExact", [only]) => {
            let distinct = if counted { "DISTINCT " } else { "" };
            (format!("count({distinct}{}){filter}", only.sql), Kind::UInt64, false)
        }
        (_, [_]) if distinct => return reject("DISTINCT is supported in count only."),
        ("min" | "max", [only]) => or_default(only, format!("{name}({}){filter}", only.sql), only.kind),
        ("any", [only]) => or_default(only, format!("min({}){filter}", only.sql), only.kind),
        ("sum", [only]) => {
            let only = only.clone().must_be_number(name)?;
            let kind = match only.kind {
                Kind::Float64 => Kind::Float64,
                Kind::Int64 => Kind::Int64,
                _ => Kind::UInt64,
            };
            or_default(&only, format!("sum({}){filter}", only.sql), kind)
        }
        // Over no rows ClickHouse returns NaN, which is null in JSON.
        ("avg", [only]) => (format!("avg({}){filter}", only.clone().must_be_number(name)?.sql), Kind::Float64, only.nullable),
        _ => return reject(format!("Aggregate function {name} does not take {} arguments.", arguments.len())),
    };
    Ok(Term { nullable, varies: true, aggregate: true, ..Term::constant(sql, kind) })
}

/// Over no rows ClickHouse returns the type's default (0, an empty string, 1970), unless the argument is nullable.
fn or_default(argument: &Term, sql: String, kind: Kind) -> (String, Kind, bool) {
    let sql = if argument.nullable { sql } else { format!("coalesce({sql}, {})", kind.of_no_rows()) };
    (sql, kind, argument.nullable)
}
