//! Lists of projects' names as JSON text.

use crate::model::ProjectName;

/// The list as text.
pub(super) fn write(names: &[ProjectName]) -> String {
    let names: Vec<&str> = names.iter().map(ProjectName::as_str).collect();
    // A list of strings cannot fail to be JSON.
    serde_json::to_string(&names).unwrap_or_default()
}

/// Reads [`write`] back; the rest of a sentence when the text is not such.
pub(super) fn read(text: &str) -> Result<Vec<ProjectName>, String> {
    let names: Vec<String> = serde_json::from_str(text).map_err(|wrong| wrong.to_string())?;
    names.iter().map(|name| ProjectName::parse(name).map_err(|wrong| wrong.to_string())).collect()
}
