//! Readers for the fields of a change, for serde. An error states the valid values; `null` never comes here, because it resets a field.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Budget, EventFilter, PARTITIONS, PARTS, Quota};

/// The longest delay and lag: a week.
const LONGEST_MS: u64 = 7 * 24 * 3600 * 1000;

/// The default refill of a read budget: PostHog's free plan.
const REFILL_BYTES_PER_HOUR: u64 = 20_000_000_000;

const MOST_NAMES: usize = 1000;

/// Reads a value of this type for which `is_valid` holds; `must` says which these are.
fn valid<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D, must: &str, is_valid: impl Fn(&T) -> bool) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    serde_json::from_value(value).ok().filter(is_valid).ok_or_else(|| D::Error::custom(format!("must be {must}")))
}

pub(super) fn status<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    valid(from, "an HTTP status from 200 to 599, or null", |status| (200..=599).contains(status)).map(Some)
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    valid(from, "whole seconds from 0 to 86400, or null", |seconds| *seconds <= 86_400).map(Some)
}

pub(super) fn millis<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    valid(from, &format!("whole milliseconds from 0 to {LONGEST_MS} (a week)"), |ms| *ms <= LONGEST_MS)
}

pub(super) fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    valid(from, "a number from 0 to 1", |rate| (0.0..=1.0).contains(rate))
}

pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    valid(from, "true or false", |_| true)
}

pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    valid(from, "a string, or null", |_| true).map(Some)
}

pub(super) fn partitions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let must = format!("a list of partitions from 0 to {}", PARTITIONS - 1);
    let mut partitions: Vec<u8> = valid(from, &must, |all: &Vec<u8>| all.iter().all(|partition| *partition < PARTITIONS))?;
    partitions.sort_unstable();
    partitions.dedup();
    Ok(partitions)
}

pub(super) fn parts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let must = format!("a list of these parts: {}", PARTS.join(", "));
    valid(from, &must, |all: &Vec<String>| all.iter().all(|name| PARTS.contains(&name.as_str())))
}

pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let is_valid = |all: &Vec<String>| all.len() <= MOST_NAMES && all.iter().all(|name| !name.is_empty());
    valid(from, &format!("a list of at most {MOST_NAMES} event names"), is_valid)
}

pub(super) fn event_filter<'de, D: Deserializer<'de>>(from: D) -> Result<Option<EventFilter>, D::Error> {
    let wrong = |why: &dyn std::fmt::Display| {
        D::Error::custom(format!("must be an event filter with `mode` and `filter_tree` in PostHog's format, or null: {why}"))
    };
    let filter = serde_json::from_value::<EventFilter>(Value::deserialize(from)?).map_err(|why| wrong(&why))?;
    filter.fault().map_or_else(|| Ok(Some(filter)), |fault| Err(wrong(&fault)))
}

pub(super) fn code<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let is_code = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    valid(from, "a code such as `too_many_bytes`, or null", is_code).map(Some)
}

pub(super) fn quota<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quota>, D::Error> {
    valid(from, "an object with `usage` and `limit`, both whole numbers from 0, or null", |_| true).map(Some)
}

pub(super) fn budget<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Budget>, D::Error> {
    let must = "an object with `remaining_bytes` (a whole number) and optionally `refill_bytes_per_hour` (a whole number from 1), or null";
    valid(from, must, |budget: &Budget| budget.refill_bytes_per_hour > 0).map(Some)
}

pub(super) const fn default_refill() -> u64 {
    REFILL_BYTES_PER_HOUR
}
