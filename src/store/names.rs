//! Names: lists of them as JSON text, and rows in their order.

use crate::model::ProjectName;

pub(super) fn write(names: &[ProjectName]) -> String {
    let names: Vec<&str> = names.iter().map(ProjectName::as_str).collect();
    serde_json::to_string(&names).unwrap_or_default()
}

/// The error is the second half of a sentence.
pub(super) fn read(text: &str) -> Result<Vec<ProjectName>, String> {
    let names: Vec<String> = serde_json::from_str(text).map_err(|wrong| wrong.to_string())?;
    names.iter().map(|name| ProjectName::parse(name).map_err(|wrong| wrong.to_string())).collect()
}

/// Sorted here, because the two databases order text differently.
pub(super) fn by_name<T, N: Ord>(mut rows: Vec<T>, name: impl Fn(&T) -> &N) -> Vec<T> {
    rows.sort_unstable_by(|one, other| name(one).cmp(name(other)));
    rows
}
