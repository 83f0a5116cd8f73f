//! Readers for the fields of a change. An error states the valid values; `null` resets a field.

use serde_json::Value;

use super::{Budget, EventFilter, PARTITIONS, PARTS, Quota, Release};

/// The longest delay and lag: a week.
const LONGEST_MS: u64 = 7 * 24 * 3600 * 1000;

/// The default refill of a read budget: PostHog's free plan.
const REFILL_BYTES_PER_HOUR: u64 = 20_000_000_000;

const MOST_NAMES: usize = 1000;

pub(super) fn optional<T>(value: &Value, read: impl Fn(&Value) -> Result<T, String>) -> Result<Option<T>, String> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

pub(super) fn status(value: &Value) -> Result<u16, String> {
    bounded(value, 200, 599).map(|status| status as u16).ok_or_else(|| "must be an HTTP status from 200 to 599, or null".into())
}

pub(super) fn seconds(value: &Value) -> Result<u32, String> {
    bounded(value, 0, 86_400).map(|seconds| seconds as u32).ok_or_else(|| "must be whole seconds from 0 to 86400, or null".into())
}

pub(super) fn millis(value: &Value) -> Result<u64, String> {
    if value.is_null() {
        return Ok(0);
    }
    bounded(value, 0, LONGEST_MS).ok_or_else(|| format!("must be whole milliseconds from 0 to {LONGEST_MS} (a week)"))
}

fn bounded(value: &Value, least: u64, most: u64) -> Option<u64> {
    value.as_u64().filter(|number| (least..=most).contains(number))
}

pub(super) fn rate(value: &Value) -> Result<f64, String> {
    match value {
        Value::Null => Ok(0.0),
        _ => value.as_f64().filter(|rate| (0.0..=1.0).contains(rate)).ok_or_else(|| "must be a number from 0 to 1".into()),
    }
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Null => Ok(false),
        _ => value.as_bool().ok_or_else(|| "must be true or false".into()),
    }
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a string, or null".into())
}

/// At most `most` values.
fn list<T>(value: &Value, most: usize, wrong: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(listed) if listed.len() <= most => listed.iter().map(|one| read(one).ok_or_else(|| wrong.to_owned())).collect(),
        _ => Err(wrong.to_owned()),
    }
}

pub(super) fn partitions(value: &Value) -> Result<Vec<u8>, String> {
    let last = PARTITIONS - 1;
    let read = |one: &Value| bounded(one, 0, u64::from(last)).map(|partition| partition as u8);
    let mut partitions = list(value, usize::MAX, &format!("must be a list of partitions from 0 to {last}"), read)?;
    partitions.sort_unstable();
    partitions.dedup();
    Ok(partitions)
}

pub(super) fn parts(value: &Value) -> Result<Vec<String>, String> {
    let read = |one: &Value| one.as_str().filter(|name| PARTS.contains(name)).map(str::to_owned);
    list(value, usize::MAX, &format!("must be a list of these parts: {}", PARTS.join(", ")), read)
}

pub(super) fn names(value: &Value) -> Result<Vec<String>, String> {
    let read = |one: &Value| one.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    list(value, MOST_NAMES, &format!("must be a list of at most {MOST_NAMES} event names"), read)
}

pub(super) fn event_filter(value: &Value) -> Result<EventFilter, String> {
    let wrong =
        |why: &dyn std::fmt::Display| format!("must be an event filter with `mode` and `filter_tree` in PostHog's format, or null: {why}");
    let filter = serde_json::from_value::<EventFilter>(value.clone()).map_err(|why| wrong(&why))?;
    filter.fault().map_or_else(|| Ok(filter), |fault| Err(wrong(&fault)))
}

pub(super) fn code(value: &Value) -> Result<String, String> {
    let is_code = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    value.as_str().filter(is_code).map(str::to_owned).ok_or_else(|| "must be a code such as `too_many_bytes`, or null".into())
}

pub(super) fn quota(value: &Value) -> Result<Quota, String> {
    let wrong = "must be an object with `usage` and `limit`, both whole numbers from 0, or null";
    let fields = value.as_object().filter(|fields| fields.len() == 2).ok_or(wrong)?;
    let number = |name: &str| fields.get(name).and_then(Value::as_u64).ok_or(wrong);
    Ok(Quota { usage: number("usage")?, limit: number("limit")? })
}

pub(super) fn budget(value: &Value) -> Result<Budget, String> {
    let wrong =
        "must be an object with `remaining_bytes` (a whole number) and optionally `refill_bytes_per_hour` (a whole number from 1), or null";
    let fields = value.as_object().ok_or(wrong)?;
    if fields.keys().any(|name| !["remaining_bytes", "refill_bytes_per_hour"].contains(&name.as_str())) {
        return Err(wrong.into());
    }
    let remaining_bytes = fields.get("remaining_bytes").and_then(Value::as_i64).ok_or(wrong)?;
    let refill_bytes_per_hour = match fields.get("refill_bytes_per_hour") {
        None => REFILL_BYTES_PER_HOUR,
        Some(refill) => refill.as_u64().filter(|refill| *refill > 0).ok_or(wrong)?,
    };
    Ok(Budget { remaining_bytes, refill_bytes_per_hour })
}

pub(super) fn release(value: &Value) -> Result<Release, String> {
    match value.as_str() {
        Some("current") => Ok(Release::Current),
        Some("old") => Ok(Release::Old),
        None if value.is_null() => Ok(Release::Current),
        _ => Err("must be `current` or `old`".into()),
    }
}
