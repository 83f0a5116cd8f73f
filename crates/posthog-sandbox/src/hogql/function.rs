//! Functions. An unsupported function is rejected by name.

use sqlparser::ast::{DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::expression::{Scope, extracted_text};
use super::kind::Kind;
use super::term::Term;
use super::{Understood, aggregate, operator, reject, time};

pub(super) fn call(scope: &Scope, function: &Function) -> Understood<Term> {
    let name = function.name.to_string();
    if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
        return reject(format!("`{name}` with OVER, FILTER or WITHIN GROUP is not supported by this sandbox."));
    }
    if !matches!(function.parameters, FunctionArguments::None) {
        return reject(format!("`{name}` with parameters is not supported by this sandbox."));
    }
    let (arguments, distinct) = arguments(scope, &name, &function.args)?;
    if let Some((aggregate, conditional)) = aggregate::recognise(&name) {
        return aggregate::call(aggregate, conditional, distinct, arguments);
    }
    if distinct {
        return reject(format!("`{name}` does not accept DISTINCT."));
    }
    if let Some(term) = time::call(&name, &arguments) {
        return term;
    }
    plain(scope, &name, arguments)
}

fn arguments(scope: &Scope, name: &str, arguments: &FunctionArguments) -> Understood<(Vec<Term>, bool)> {
    let FunctionArguments::List(list) = arguments else { return reject(format!("`{name}` requires its arguments in parentheses.")) };
    if !list.clauses.is_empty() {
        return reject(format!("The clauses in `{name}` are not supported by this sandbox."));
    }
    let mut terms = Vec::new();
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => terms.push(scope.read(expression)?),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {}
            other => return reject(format!("The argument `{other}` is not supported by this sandbox.")),
        }
    }
    Ok((terms, matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct))))
}

/// Functions that are neither aggregates nor time functions.
fn plain(scope: &Scope, name: &str, arguments: Vec<Term>) -> Understood<Term> {
    match (name, arguments.as_slice()) {
        ("now" | "now64", []) => Ok(Term::constant(scope.view.now.us().to_string(), Kind::DateTime64)),
        ("today", []) => Ok(Term::constant((scope.view.now.day() * 86_400_000_000).to_string(), Kind::Date)),
        ("toString", [only]) => to_text(only),
        ("toInt" | "toInt64", [only]) => to_number(only, Kind::Int64),
        ("toFloat" | "toFloat64", [only]) => to_number(only, Kind::Float64),
        ("toUUID", [only]) => only.clone().desired_as(Kind::Uuid),
        ("lower" | "upper", [only]) => text_function(name, only, Kind::String),
        ("length", [only]) => {
            let only = only.clone().must_be_text(name)?;
            // ClickHouse counts bytes.
            Term::of(&[&only], format!("length(CAST({} AS BLOB))", only.sql), Kind::UInt64)
        }
        ("concat", [_, ..]) => concatenated(&arguments),
        ("substring", [_, _, ..]) => substring(arguments),
        ("startsWith", [whole, start]) => {
            let (whole, start) = (whole.clone().must_be_text(name)?, start.clone().must_be_text(name)?);
            let sql = format!("(substr({}, 1, length({})) = {})", whole.sql, start.sql, start.sql);
            Term::of(&[&whole, &start], sql, Kind::UInt8)
        }
        ("if", [condition, yes, no]) => operator::choice(&[(condition.clone().must_be_number(name)?, yes.clone())], no),
        ("multiIf", [conditions @ .., otherwise]) if conditions.len() >= 2 && conditions.len() % 2 == 0 => {
            let branches = conditions.chunks_exact(2).map(|pair| Ok((pair[0].clone().must_be_number(name)?, pair[1].clone())));
            operator::choice(&branches.collect::<Understood<Vec<_>>>()?, otherwise)
        }
        ("coalesce", [_, ..]) | ("ifNull", [_, _]) => first_not_null(&arguments),
        ("nullIf", [one, other]) => {
            let same = operator::compared(one.clone(), "=", other.clone())?;
            operator::choice(&[(same, Term::constant("NULL", Kind::Nothing))], one)
        }
        ("isNull", [only]) => operator::is_null(only, false),
        ("isNotNull", [only]) => operator::is_null(only, true),
        ("empty" | "notEmpty", [only]) => {
            let only = only.clone().must_be_text(name)?;
            Term::of(&[&only], format!("({} {} '')", only.sql, if name == "empty" { "=" } else { "<>" }), Kind::UInt8)
        }
        ("not", [only]) => {
            let only = only.clone().must_be_number(name)?;
            Term::of(&[&only], format!("(NOT {})", only.sql), Kind::UInt8)
        }
        ("abs", [only]) => {
            let only = only.clone().must_be_number(name)?;
            let kind = if only.kind == Kind::Float64 { Kind::Float64 } else { Kind::UInt64 };
            Term::of(&[&only], format!("abs({})", only.sql), kind)
        }
        ("round" | "floor" | "ceil", [only]) => rounded(only.clone(), name),
        ("round", [only, digits]) if (digits.kind == Kind::UInt8 && !digits.varies) => {
            let only = only.clone().must_be_number(name)?;
            if only.kind != Kind::Float64 {
                return Ok(only);
            }
            let scaled = only.clone().sql(format!("({} * 1e{})", only.sql, digits.sql));
            let whole = rounded(scaled, "round")?;
            let sql = format!("({} / 1e{})", whole.sql, digits.sql);
            Ok(whole.sql(sql))
        }
        ("plus", [left, right]) => operator::arithmetic(left.clone(), "+", right.clone()),
        ("minus", [left, right]) => operator::arithmetic(left.clone(), "-", right.clone()),
        ("modulo", [left, right]) => operator::arithmetic(left.clone(), "%", right.clone()),
        ("divide", [left, right]) => operator::divided(left.clone(), right.clone()),
        ("intDiv", [left, right]) if left.kind.is_whole() && right.kind.is_whole() => {
            operator::not_by_zero(right)?;
            Term::of(&[left, right], format!("({} / {})", left.sql, right.sql), Kind::Int64)
        }
        ("greatest", [_, _, ..]) => extreme("max", &arguments),
        ("least", [_, _, ..]) => extreme("min", &arguments),
        ("JSONExtractString", [json, key]) if json.sql == "properties" => match &key.text {
            Some(key) => extracted_text(json, key),
            None => reject("JSONExtractString requires a string literal as key."),
        },
        _ => reject(format!("Unsupported function call '{name}(...)' with {} arguments", arguments.len())),
    }
}

fn to_text(term: &Term) -> Understood<Term> {
    match term.kind {
        Kind::String => Ok(term.clone()),
        Kind::Uuid => Ok(Term { kind: Kind::String, ..term.clone() }),
        kind if kind.is_time() => time::written(term),
        Kind::Bool => Term::of(&[term], format!("iif({}, 'true', 'false')", term.sql), Kind::String),
        kind if kind.is_whole() => Term::of(&[term], format!("CAST({} AS TEXT)", term.sql), Kind::String),
        other => reject(format!("toString of {} is not supported by this sandbox.", other.name(term.nullable))),
    }
}

/// `toInt` and `toFloat`: NULL for a string that is not a number.
fn to_number(term: &Term, kind: Kind) -> Understood<Term> {
    let name = if kind == Kind::Float64 { "REAL" } else { "INTEGER" };
    if term.kind.is_number() {
        return Term::of(&[term], format!("CAST({} AS {name})", term.sql), kind);
    }
    let text = term.clone().must_be_text("toInt and toFloat")?;
    let number = &text.sql;
    let is_one = if kind == Kind::Float64 {
        // Digits with an optional point, and an optional exponent; a sign only at the start and after the exponent's letter.
        format!(
            "{number} GLOB '[-+.0-9]*' AND {number} GLOB '*[0-9]*' AND {number} GLOB '*[.0-9]' AND NOT {number} GLOB '*[^-+.eE0-9]*' \
             AND NOT {number} GLOB '*[.0-9][-+]*'"
        )
    } else {
        format!(
            "{number} GLOB '[-+0-9]*' AND {number} GLOB '*[0-9]' AND NOT substr({number}, 2) GLOB '*[^0-9]*' \
             AND (length({number}) < 19 OR CAST({number} AS INTEGER) || '' = ltrim({number}, '+'))"
        )
    };
    let sql = format!("iif({is_one}, CAST({number} AS {name}), NULL)");
    Ok(Term::of(&[&text], sql, kind)?.nullable())
}

fn text_function(name: &str, text: &Term, kind: Kind) -> Understood<Term> {
    let text = text.clone().must_be_text(name)?;
    Term::of(&[&text], format!("{name}({})", text.sql), kind)
}

fn concatenated(parts: &[Term]) -> Understood<Term> {
    let texts = parts.iter().map(to_text).collect::<Understood<Vec<_>>>()?;
    let sql = texts.iter().map(|text| text.sql.as_str()).collect::<Vec<_>>().join(" || ");
    Term::of(&texts.iter().collect::<Vec<_>>(), format!("({sql})"), Kind::String)
}

/// `substring(text, from[, length])`, counted from 1. ClickHouse counts bytes; the sandbox counts characters.
pub(super) fn substring(arguments: Vec<Term>) -> Understood<Term> {
    let mut arguments = arguments.into_iter();
    let Some(text) = arguments.next() else { return reject("substring requires a string.") };
    let text = text.must_be_text("substring")?;
    let places = arguments.map(|place| place.must_be_number("substring")).collect::<Understood<Vec<_>>>()?;
    if places.len() > 2 {
        return reject("substring takes at most 3 arguments.");
    }
    let parts = places.iter().chain([&text]).collect::<Vec<_>>();
    let [from, length @ ..] = places.as_slice() else { return reject("substring requires a start position.") };
    let rest = format!("substr({}, {})", text.sql, from.sql);
    let cut = match length {
        [] => rest,
        [length, ..] => format!("substr({rest}, 1, iif({0} < 0, max(length({rest}) + {0}, 0), {0}))", length.sql),
    };
    Term::of(&parts, format!("iif({} = 0, '', {cut})", from.sql), Kind::String)
}

/// `floor`, `ceil` and `round` to integers. `round` rounds halves to even, as ClickHouse does. SQLite can only truncate.
pub(super) fn rounded(term: Term, name: &str) -> Understood<Term> {
    let term = term.must_be_number(name)?;
    if term.kind != Kind::Float64 {
        return Ok(term);
    }
    let number = &term.sql;
    let cut = format!("CAST({number} AS INTEGER)");
    let floor = format!("({cut} - ({number} < {cut}))");
    let sql = match name {
        "floor" => floor,
        "ceil" => format!("({cut} + ({number} > {cut}))"),
        _ => format!("CASE WHEN {number} - {floor} = 0.5 THEN {floor} + abs({floor} % 2) ELSE round({number}) END"),
    };
    Term::of(&[&term], format!("CAST({sql} AS REAL)"), Kind::Float64)
}

fn first_not_null(terms: &[Term]) -> Understood<Term> {
    let Some((last, before)) = terms.split_last() else { return reject("coalesce requires an argument.") };
    let branches = before.iter().map(|term| Ok((operator::is_null(term, true)?, Term { nullable: false, ..term.clone() })));
    operator::choice(&branches.collect::<Understood<Vec<_>>>()?, last)
}

fn extreme(name: &str, terms: &[Term]) -> Understood<Term> {
    let mut kind = Kind::Nothing;
    for term in terms {
        if term.nullable {
            return reject("greatest and least of nullable arguments are not supported by this sandbox.");
        }
        kind = match kind.common(term.kind) {
            Some(kind) => kind,
            None => return reject("greatest and least require arguments of one type."),
        };
    }
    let sql = terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(", ");
    Term::of(&terms.iter().collect::<Vec<_>>(), format!("{name}({sql})"), kind)
}

/// `CAST(x AS T)` and `x::T`, for types with a conversion function.
pub(super) fn cast(scope: &Scope, term: Term, to: &str) -> Understood<Term> {
    let function = match to.to_ascii_lowercase().as_str() {
        "string" => "toString",
        "int64" | "int" | "bigint" => "toInt",
        "float64" | "float" | "double" => "toFloat",
        "uuid" => "toUUID",
        "date" => "toDate",
        "datetime" => "toDateTime",
        _ => return reject(format!("CAST to {to} is not supported by this sandbox.")),
    };
    let arguments = vec![term];
    time::call(function, &arguments).unwrap_or_else(|| plain(scope, function, arguments))
}
