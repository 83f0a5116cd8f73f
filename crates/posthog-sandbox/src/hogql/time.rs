//! Times and intervals. In SQLite they are all whole microseconds, so they can be compared with each other.

use super::kind::Kind;
use super::term::{Term, parse_time};
use super::{Understood, reject};

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// In microseconds; `None` for units without a fixed length.
fn unit_us(unit: &str) -> Option<i64> {
    match unit {
        "Second" => Some(SECOND_US),
        "Minute" => Some(60 * SECOND_US),
        "Hour" => Some(3600 * SECOND_US),
        "Day" => Some(DAY_US),
        "Week" => Some(7 * DAY_US),
        _ => None,
    }
}

/// `INTERVAL 5 MINUTE`: the unit in any case, without a plural `s`.
pub(super) fn written_interval(count: Term, unit: &str) -> Understood<Term> {
    let lower = unit.to_ascii_lowercase();
    let mut letters = lower.chars();
    let name = letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str());
    interval(count, &name.unwrap_or_default())
}

fn interval(count: Term, unit: &str) -> Understood<Term> {
    let Some(us) = unit_us(unit) else {
        return reject(format!("An interval in the unit {unit} is not supported by this sandbox."));
    };
    let count = match &count.text {
        // INTERVAL '5' MINUTE.
        Some(text) => match text.trim().parse::<i64>() {
            Ok(number) => Term::constant(number.to_string(), Kind::Int64),
            Err(_) => return reject(format!("Cannot parse `{text}` as a number.")),
        },
        None => count,
    };
    if !count.kind.is_number() {
        return reject("An interval requires a number.");
    }
    // ClickHouse truncates fractions: 1.5 hours are 1 hour.
    let whole = if count.kind == Kind::Float64 { format!("CAST({} AS INTEGER)", count.sql) } else { count.sql.clone() };
    Term::of(&[&count], format!("({whole} * {us})"), Kind::Interval)
}

pub(super) fn moved(left: &Term, back: bool, right: &Term) -> Understood<Term> {
    let sign = if back { "-" } else { "+" };
    let kind = match (left.kind, right.kind) {
        (Kind::Interval, Kind::Interval) => Kind::Interval,
        (kind @ (Kind::DateTime | Kind::DateTime64), Kind::Interval) => kind,
        (Kind::Interval, kind @ (Kind::DateTime | Kind::DateTime64)) if !back => kind,
        (Kind::Date, Kind::Interval) => Kind::DateTime,
        (one, another) => return reject(format!("Illegal types of arguments of `{sign}`: {}, {}", one.name(false), another.name(false))),
    };
    Term::of(&[left, right], format!("({} {sign} {})", left.sql, right.sql), kind)
}

/// `None` if `name` is not a time function.
pub(super) fn call(name: &str, arguments: &[Term]) -> Option<Understood<Term>> {
    if let Some(unit) = name.strip_prefix("toInterval") {
        return Some(one(name, arguments).and_then(|count| interval(count, unit)));
    }
    let floored = |us: i64, kind| Some(time(name, arguments).and_then(|at| floor(&at, us, kind)));
    match name {
        "toStartOfSecond" => floored(SECOND_US, Kind::DateTime64),
        "toStartOfMinute" => floored(60 * SECOND_US, Kind::DateTime),
        "toStartOfFiveMinutes" | "toStartOfFiveMinute" => floored(5 * 60 * SECOND_US, Kind::DateTime),
        "toStartOfTenMinutes" => floored(10 * 60 * SECOND_US, Kind::DateTime),
        "toStartOfFifteenMinutes" => floored(15 * 60 * SECOND_US, Kind::DateTime),
        "toStartOfHour" => floored(3600 * SECOND_US, Kind::DateTime),
        "toStartOfDay" => floored(DAY_US, Kind::DateTime),
        "toDate" => floored(DAY_US, Kind::Date),
        "toUnixTimestamp" => Some(time(name, arguments).and_then(|at| divided(&at, SECOND_US, Kind::UInt32))),
        "toUnixTimestamp64Milli" => Some(precise(name, arguments).and_then(|at| divided(&at, 1000, Kind::Int64))),
        "toUnixTimestamp64Micro" => Some(precise(name, arguments).and_then(|at| divided(&at, 1, Kind::Int64))),
        "fromUnixTimestamp" => Some(one(name, arguments).and_then(|seconds| from_seconds(&seconds))),
        "toDateTime" | "toDateTime64" => Some(converted(name, arguments)),
        "toSecond" => Some(part(name, arguments, SECOND_US, 60)),
        "toMinute" => Some(part(name, arguments, 60 * SECOND_US, 60)),
        "toHour" => Some(part(name, arguments, 3600 * SECOND_US, 24)),
        "dateDiff" => Some(difference(arguments)),
        "toStartOfInterval" => Some(start_of_interval(arguments)),
        _ => None,
    }
}

pub(super) fn written(at: &Term) -> Understood<Term> {
    let seconds = format!("({} / {SECOND_US})", at.sql);
    let sql = match at.kind {
        Kind::Date => format!("strftime('%Y-%m-%d', {seconds}, 'unixepoch')"),
        Kind::DateTime => format!("strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch')"),
        _ => format!("(strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch') || printf('.%06d', {} % {SECOND_US}))", at.sql),
    };
    Term::of(&[at], sql, Kind::String)
}

fn one(name: &str, arguments: &[Term]) -> Understood<Term> {
    match arguments {
        [only] => Ok(only.clone()),
        // For most of these functions the second argument is a time zone; the project's is UTC.
        [first, zone] if zone.text.as_deref().is_some_and(|zone| zone.eq_ignore_ascii_case("UTC")) => Ok(first.clone()),
        _ => reject(format!("Function '{name}' expects 1 argument, found {}", arguments.len())),
    }
}

fn time(name: &str, arguments: &[Term]) -> Understood<Term> {
    one(name, arguments)?.must_be_time(name)
}

/// ClickHouse's sub-second functions accept only a `DateTime64`.
fn precise(name: &str, arguments: &[Term]) -> Understood<Term> {
    let at = time(name, arguments)?;
    if at.kind == Kind::DateTime64 { Ok(at) } else { reject(format!("The first argument for function {name} must be DateTime64")) }
}

fn floor(at: &Term, us: i64, kind: Kind) -> Understood<Term> {
    Term::of(&[at], format!("({} / {us} * {us})", at.sql), kind)
}

fn divided(at: &Term, us: i64, kind: Kind) -> Understood<Term> {
    Term::of(&[at], format!("({} / {us})", at.sql), kind)
}

fn part(name: &str, arguments: &[Term], us: i64, of: i64) -> Understood<Term> {
    let at = time(name, arguments)?;
    Term::of(&[&at], format!("({} / {us} % {of})", at.sql), Kind::UInt8)
}

fn from_seconds(seconds: &Term) -> Understood<Term> {
    if !seconds.kind.is_whole() {
        return reject("A Unix timestamp must be a whole number.");
    }
    Term::of(&[seconds], format!("({} * {SECOND_US})", seconds.sql), Kind::DateTime)
}

fn converted(name: &str, arguments: &[Term]) -> Understood<Term> {
    let precise = name == "toDateTime64";
    let (first, precision_us) = match (precise, arguments) {
        (_, [first]) | (false, [first, _]) => (first, 1),
        (true, [first, precision] | [first, precision, _]) => (first, step_us(precision)?),
        _ => return reject(format!("Function '{name}' does not take {} arguments", arguments.len())),
    };
    if let [_, zone] | [_, _, zone] = arguments
        && (arguments.len() == 3 || !precise)
        && !zone.text.as_deref().is_some_and(|zone| zone.eq_ignore_ascii_case("UTC"))
    {
        return reject(format!("{name} in a time zone other than UTC is not supported by this sandbox."));
    }
    if let Some(text) = &first.text {
        let Some(at) = parse_time(text) else { return reject(format!("Cannot parse `{text}` as a time.")) };
        let kind = if precise { Kind::DateTime64 } else { Kind::DateTime };
        let step_us = if precise { precision_us } else { SECOND_US };
        let us = at.us().div_euclid(step_us) * step_us;
        return Ok(Term::constant(us.to_string(), kind));
    }
    match first.kind {
        kind if kind.is_time() && precise => floor(first, precision_us, Kind::DateTime64),
        kind if kind.is_time() => floor(first, SECOND_US, Kind::DateTime),
        kind if kind.is_whole() && !precise => from_seconds(first),
        other => reject(format!("{name} of {} is not supported by this sandbox.", other.name(first.nullable))),
    }
}

/// The step of a precision, in microseconds: 1000 for `3`.
fn step_us(precision: &Term) -> Understood<i64> {
    let digits = precision.sql.parse::<u32>().ok().filter(|digits| *digits <= 6 && !precision.varies);
    digits.map_or_else(|| reject("toDateTime64 requires a precision from 0 to 6."), |digits| Ok(10_i64.pow(6 - digits)))
}

/// `dateDiff('hour', a, b)` counts the starts of an hour between the times.
fn difference(arguments: &[Term]) -> Understood<Term> {
    let [unit, from, to] = arguments else { return reject("Function 'dateDiff' expects 3 arguments") };
    // Without weeks: they begin on a Monday, and 1970-01-01 was a Thursday.
    let us = match unit.text.as_deref() {
        Some("second") => SECOND_US,
        Some("minute") => 60 * SECOND_US,
        Some("hour") => 3600 * SECOND_US,
        Some("day") => DAY_US,
        _ => return reject("The first argument of dateDiff must be 'second', 'minute', 'hour' or 'day'."),
    };
    let (from, to) = (from.clone().must_be_time("dateDiff")?, to.clone().must_be_time("dateDiff")?);
    Term::of(&[&from, &to], format!("({} / {us} - {} / {us})", to.sql, from.sql), Kind::Int64)
}

fn start_of_interval(arguments: &[Term]) -> Understood<Term> {
    let [at, span] = arguments else { return reject("Function 'toStartOfInterval' expects 2 arguments") };
    let at = at.clone().must_be_time("toStartOfInterval")?;
    if span.kind != Kind::Interval || span.varies {
        return reject("toStartOfInterval requires a constant interval.");
    }
    // ClickHouse counts hours from midnight, days from 1970-01-01, and weeks from a Monday.
    let whole_us =
        |text: &str| text.trim_matches(['(', ')']).split(" * ").map(|factor| factor.parse::<i64>().ok()).product::<Option<i64>>();
    let Some(us) = whole_us(&span.sql).filter(|us| *us > 0) else { return reject("toStartOfInterval requires a positive interval.") };
    let divides = if us < DAY_US { us < 3600 * SECOND_US || DAY_US % us == 0 } else { us % (7 * DAY_US) != 0 };
    if !divides {
        return reject("toStartOfInterval of weeks, or of hours that do not divide a day, is not supported by this sandbox.");
    }
    Term::of(&[&at], format!("({} / {us} * {us})", at.sql), Kind::DateTime)
}
