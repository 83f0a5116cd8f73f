//! Personal API keys with their scopes and projects.

use serde_json::{Value, json};

use super::moment::Moment;
use super::{LIMITED_KEY, PERSONAL_KEY, QUERY_KEY, READER_KEY};

/// The secret key of the first project. The private API rejects it everywhere.
pub(super) const SECRET_KEY: &str = "phs_sandbox";

const EVERY_SCOPE: &str = "*";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    value: &'static str,
    id: &'static str,
    label: &'static str,
    scopes: &'static [&'static str],
    /// Empty: every project.
    projects: &'static [u32],
}

const KEYS: [Key; 4] = [
    Key { value: PERSONAL_KEY, id: "0195d3a0key01", label: "Everything", scopes: &[EVERY_SCOPE], projects: &[] },
    Key { value: LIMITED_KEY, id: "0195d3a0key02", label: "Queries of project 1", scopes: &["query:read"], projects: &[1] },
    Key { value: QUERY_KEY, id: "0195d3a0key03", label: "Queries", scopes: &["query:read"], projects: &[] },
    Key {
        value: READER_KEY,
        id: "0195d3a0key04",
        label: "Reader of project 1",
        scopes: &["query:read", "project:read", "event_filter:read", "ingestion_warning:read"],
        projects: &[1],
    },
];

impl Key {
    pub(super) fn of(value: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.value == value)
    }

    pub(super) fn is_limited(&self) -> bool {
        !self.projects.is_empty()
    }

    pub(super) fn reaches(&self, project: u32) -> bool {
        !self.is_limited() || self.projects.contains(&project)
    }

    /// A write scope includes the read scope.
    pub(super) fn has(&self, scope: &str) -> bool {
        let writes = scope.strip_suffix(":read").map(|object| format!("{object}:write"));
        self.scopes.iter().any(|held| *held == EVERY_SCOPE || *held == scope || Some(*held) == writes.as_deref())
    }

    pub(super) fn as_json(&self, now: Moment) -> Value {
        json!({
            "id": self.id,
            "label": self.label,
            "value": null,
            "mask_value": format!("phx_...{}", &self.value[self.value.len() - 4..]),
            "created_at": "2026-01-01T00:00:00Z",
            "last_used_at": now.iso(),
            "last_rolled_at": null,
            "user_id": 1,
            "scopes": self.scopes,
            "scoped_teams": self.projects,
            "scoped_organizations": [],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_scopes_and_no_other() {
        let key = |scopes| Key { value: "phx_test", id: "", label: "", scopes, projects: &[] };
        assert!(key(&["*"]).has("annotation:write"));
        assert!(key(&["project:write"]).has("project:read"));
        assert!(!key(&["project:read"]).has("project:write"));
        assert!(!key(&["query:read"]).has("project:read"));
        assert!(!key(&[]).has("query:read"));
    }

    #[test]
    fn a_limited_key_reaches_its_projects_alone() {
        let key = |value| Key::of(value).unwrap();
        assert!(key(PERSONAL_KEY).reaches(1) && key(PERSONAL_KEY).reaches(2));
        assert!(key(LIMITED_KEY).reaches(1) && !key(LIMITED_KEY).reaches(2));
        assert_eq!(Key::of("phx_of_nobody"), None);
    }
}
