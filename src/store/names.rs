//! Names: filters of projects as JSON text, and rows in the order of their names.

use crate::model::ProjectFilter;

/// Names in one statement.
pub(super) const AT_ONCE: usize = 5000;

pub(super) fn write(filter: &ProjectFilter) -> String {
    serde_json::to_string(filter).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Result<ProjectFilter, serde_json::Error> {
    serde_json::from_str(text)
}

/// Sorted here, because the two databases order text differently.
pub(super) fn by_name<T, N: Ord>(mut rows: Vec<T>, name: impl Fn(&T) -> &N) -> Vec<T> {
    rows.sort_unstable_by(|one, other| name(one).cmp(name(other)));
    rows
}
