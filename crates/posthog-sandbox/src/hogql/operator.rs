//! Operators and the types of their operands.

use sqlparser::ast::BinaryOperator;

use super::kind::Kind;
use super::term::Term;
use super::{Understood, reject, time};

pub(super) fn binary(left: Term, op: &BinaryOperator, right: Term) -> Understood<Term> {
    match op {
        BinaryOperator::Plus | BinaryOperator::Minus if left.kind == Kind::Interval || right.kind == Kind::Interval => {
            time::moved(&left, op == &BinaryOperator::Minus, &right)
        }
        BinaryOperator::Plus => arithmetic(left, "+", right),
        BinaryOperator::Minus => arithmetic(left, "-", right),
        BinaryOperator::Multiply => arithmetic(left, "*", right),
        BinaryOperator::Modulo => arithmetic(left, "%", right),
        BinaryOperator::Divide => divided(left, right),
        BinaryOperator::Eq => compared(left, "=", right),
        BinaryOperator::NotEq => compared(left, "<>", right),
        BinaryOperator::Lt => compared(left, "<", right),
        BinaryOperator::LtEq => compared(left, "<=", right),
        BinaryOperator::Gt => compared(left, ">", right),
        BinaryOperator::GtEq => compared(left, ">=", right),
        BinaryOperator::And => joined(left, "AND", right),
        BinaryOperator::Or => joined(left, "OR", right),
        BinaryOperator::StringConcat => {
            let (left, right) = (left.must_be_text("`||`")?, right.must_be_text("`||`")?);
            Term::of(&[&left, &right], format!("({} || {})", left.sql, right.sql), Kind::String)
        }
        other => reject(format!("`{other}` is not supported by this sandbox.")),
    }
}

/// `+ - * %`. ClickHouse widens integer types; the sandbox does not reproduce the exact width.
pub(super) fn arithmetic(left: Term, op: &str, right: Term) -> Understood<Term> {
    let (left, right) = (left.must_be_number(&format!("`{op}`"))?, right.must_be_number(&format!("`{op}`"))?);
    let signed = op == "-" || left.kind == Kind::Int64 || right.kind == Kind::Int64;
    let kind = match (left.kind, right.kind) {
        (Kind::Float64, _) | (_, Kind::Float64) => Kind::Float64,
        _ if signed => Kind::Int64,
        _ => Kind::UInt64,
    };
    let sql = match (op, kind) {
        // SQLite's `%` truncates its operands to integers.
        ("%", Kind::Float64) => format!("({0} - CAST({0} / {1} AS INTEGER) * {1})", left.sql, right.sql),
        _ => format!("({} {op} {})", left.sql, right.sql),
    };
    if op == "%" {
        not_by_zero(&right)?;
    }
    Term::of(&[&left, &right], sql, kind)
}

/// Integer division by zero is an error in ClickHouse. The sandbox detects only a literal zero.
pub(super) fn not_by_zero(divisor: &Term) -> Understood<()> {
    if divisor.sql == "0" { reject("Division by zero") } else { Ok(()) }
}

/// ClickHouse's `/` always returns a float. Division by zero is NaN there and NULL here: both are null in JSON.
pub(super) fn divided(left: Term, right: Term) -> Understood<Term> {
    let (left, right) = (left.must_be_number("`/`")?, right.must_be_number("`/`")?);
    Term::of(&[&left, &right], format!("(CAST({} AS REAL) / {})", left.sql, right.sql), Kind::Float64)
}

fn joined(left: Term, op: &str, right: Term) -> Understood<Term> {
    let (left, right) = (left.must_be_number(op)?, right.must_be_number(op)?);
    Term::of(&[&left, &right], format!("({} {op} {})", left.sql, right.sql), Kind::UInt8)
}

pub(super) fn compared(left: Term, op: &str, right: Term) -> Understood<Term> {
    let (left, right) = alike(left, right)?;
    let sql = format!("({} {op} {})", left.sql, right.sql);
    let negated = op == "<>";
    never_null(&left, &right, sql, (op == "=" || negated).then_some(negated))
}

/// In PostHog a comparison is never NULL: two NULLs are equal, and NULL is unequal to every other value. `equality` is `Some` for
/// equality operators, with true for the negated ones; other comparisons with NULL are false.
fn never_null(left: &Term, right: &Term, sql: String, equality: Option<bool>) -> Understood<Term> {
    let is = |term: &Term| if term.nullable { format!("{} IS NULL", term.sql) } else { "0".to_owned() };
    let sql = match equality {
        _ if !left.nullable && !right.nullable => sql,
        Some(false) => format!("coalesce({sql}, {} AND {})", is(left), is(right)),
        Some(true) => format!("coalesce({sql}, NOT ({} AND {}))", is(left), is(right)),
        None => format!("coalesce({sql}, 0)"),
    };
    Ok(Term::of(&[left, right], sql, Kind::UInt8)?.never_null())
}

fn alike(left: Term, right: Term) -> Understood<(Term, Term)> {
    let (left_kind, right_kind) = (left.kind, right.kind);
    let (left, right) = (left.desired_as(right_kind)?, right.desired_as(left_kind)?);
    if left.kind.common(right.kind).is_none() {
        let (one, another) = (left.kind.name(left.nullable), right.kind.name(right.nullable));
        return reject(format!("There is no supertype for types {one}, {another}: they cannot be compared."));
    }
    Ok((left, right))
}

pub(super) fn within(term: Term, list: Vec<Term>, negated: bool) -> Understood<Term> {
    let mut term = term;
    let mut listed = Vec::new();
    let mut lists_null = false;
    for one in list {
        if one.varies {
            return reject("IN requires a list of constants.");
        }
        if one.kind == Kind::Nothing {
            lists_null = true;
            continue;
        }
        let (converted, one) = alike(term, one)?;
        term = converted;
        listed.push(one.sql);
    }
    let not = if negated { "NOT " } else { "" };
    let within = format!("{} IN ({})", term.sql, listed.join(", "));
    // NULL is in a list only if the list contains NULL.
    let within = match (term.nullable, lists_null) {
        (false, _) => within,
        (true, false) => format!("coalesce({within}, 0)"),
        (true, true) => format!("coalesce({within}, 0) OR {} IS NULL", term.sql),
    };
    Ok(Term::of(&[&term], format!("({not}({within}))"), Kind::UInt8)?.never_null())
}

pub(super) fn between(term: Term, low: Term, high: Term, negated: bool) -> Understood<Term> {
    let (term, low) = alike(term, low)?;
    let (term, high) = alike(term, high)?;
    let not = if negated { "NOT " } else { "" };
    let sql = format!("({} {not}BETWEEN {} AND {})", term.sql, low.sql, high.sql);
    Term::of(&[&term, &low, &high], sql, Kind::UInt8)
}

pub(super) fn like(term: Term, pattern: Term, any_case: bool, negated: bool) -> Understood<Term> {
    let (term, pattern) = (term.must_be_text("LIKE")?, pattern.must_be_text("LIKE")?);
    let not = if negated { "NOT " } else { "" };
    let sql = if any_case {
        format!("(lower({}) {not}LIKE lower({}) ESCAPE '\\')", term.sql, pattern.sql)
    } else {
        format!("({} {not}LIKE {} ESCAPE '\\')", term.sql, pattern.sql)
    };
    never_null(&term, &pattern, sql, Some(negated))
}

pub(super) fn is_null(term: &Term, negated: bool) -> Understood<Term> {
    let not = if negated { "NOT " } else { "" };
    Ok(Term::of(&[term], format!("({} IS {not}NULL)", term.sql), Kind::UInt8)?.never_null())
}

/// CASE: the result of the first branch whose condition is true.
pub(super) fn choice(branches: &[(Term, Term)], otherwise: &Term) -> Understood<Term> {
    let mut kind = otherwise.kind;
    for (_, result) in branches {
        kind = match kind.common(result.kind) {
            Some(kind) => kind,
            None => return reject(format!("There is no supertype for types {}, {}", kind.name(false), result.kind.name(false))),
        };
    }
    let nullable = otherwise.nullable || branches.iter().any(|(_, result)| result.nullable);
    let whens = branches.iter().map(|(condition, result)| format!("WHEN {} THEN {}", condition.sql, result.sql)).collect::<Vec<_>>();
    let sql = format!("CASE {} ELSE {} END", whens.join(" "), otherwise.sql);
    let parts = branches.iter().flat_map(|(condition, result)| [condition, result]).chain([otherwise]).collect::<Vec<_>>();
    // A NULL condition counts as false; it does not make the result NULL.
    Ok(Term { nullable, ..Term::of(&parts, sql, kind)? })
}
