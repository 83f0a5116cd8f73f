//! The two projects of the sandbox.

use serde_json::{Value, json};

use super::{PROJECT_ID, SECOND_PROJECT_ID, SECOND_TOKEN, TOKEN};

pub(super) const ORGANIZATION_ID: &str = "0195d3a0-0000-7000-8000-000000000001";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) id: u32,
    pub(super) token: &'static str,
    name: &'static str,
    uuid: &'static str,
}

/// The first one is `@current`.
pub(super) const PROJECTS: [Project; 2] = [
    Project { id: PROJECT_ID, token: TOKEN, name: "Sandbox", uuid: "0195d3a0-0000-7000-8000-000000000002" },
    Project { id: SECOND_PROJECT_ID, token: SECOND_TOKEN, name: "Sandbox two", uuid: "0195d3a0-0000-7000-8000-000000000004" },
];

impl Project {
    pub(super) fn of_token(token: &str) -> Option<&'static Self> {
        PROJECTS.iter().find(|project| project.token == token)
    }

    /// `named` is a project id or `@current`.
    pub(super) fn of_address(named: &str) -> Option<&'static Self> {
        if named == "@current" {
            return PROJECTS.first();
        }
        PROJECTS.iter().find(|project| named.parse() == Ok(project.id))
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "id": self.id,
            "uuid": self.uuid,
            "organization": ORGANIZATION_ID,
            "api_token": self.token,
            "name": self.name,
            "timezone": "UTC",
            "is_demo": false,
            "ingested_event": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_by_its_token_and_by_its_address() {
        assert_eq!(Project::of_token("phc_sandbox_two").map(|project| project.id), Some(2));
        assert_eq!(Project::of_token("phc_sandbox_"), None);
        for (named, id) in [("1", Some(1)), ("2", Some(2)), ("@current", Some(1)), ("3", None), ("-1", None), ("one", None), ("", None)] {
            assert_eq!(Project::of_address(named).map(|project| project.id), id, "{named}");
        }
    }
}
