//! Aggregates, with `-If` and without.

use super::kind::Kind;
use super::term::Term;
use super::{Understood, reject};

/// Aggregates that are known; each can end in `If`.
const KNOWN: [&str; 8] = ["count", "uniq", "uniqExact", "min", "max", "sum", "avg", "any"];

/// The aggregate that `name` calls, and whether its last argument is a condition.
pub(super) fn recognise(name: &str) -> Option<(&'static str, bool)> {
    let known = |name: &str| KNOWN.into_iter().find(|known| *known == name);
    known(name).map(|aggregate| (aggregate, false)).or_else(|| known(name.strip_suffix("If")?).map(|aggregate| (aggregate, true)))
}

/// An aggregate over these arguments.
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
        ("min" | "max", [only]) => or_of_no_rows(only, format!("{name}({}){filter}", only.sql), only.kind),
        ("any", [only]) => or_of_no_rows(only, format!("min({}){filter}", only.sql), only.kind),
        ("sum", [only]) => {
            let only = only.clone().must_be_number(name)?;
            let kind = match only.kind {
                Kind::Float64 => Kind::Float64,
                Kind::Int64 => Kind::Int64,
                _ => Kind::UInt64,
            };
            or_of_no_rows(&only, format!("sum({}){filter}", only.sql), kind)
        }
        // Over no rows this is no number in ClickHouse, and null in JSON.
        ("avg", [only]) => (format!("avg({}){filter}", only.clone().must_be_number(name)?.sql), Kind::Float64, only.nullable),
        _ => return reject(format!("Aggregate function {name} does not take {} arguments.", arguments.len())),
    };
    Ok(Term { nullable, varies: true, aggregate: true, ..Term::constant(sql, kind) })
}

/// Over no rows ClickHouse gives zero, an empty text, 1970, where the argument cannot be NULL.
fn or_of_no_rows(argument: &Term, sql: String, kind: Kind) -> (String, Kind, bool) {
    let sql = if argument.nullable { sql } else { format!("coalesce({sql}, {})", kind.of_no_rows()) };
    (sql, kind, argument.nullable)
}
