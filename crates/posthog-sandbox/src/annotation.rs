//! A note on the charts of a project.

use serde_json::{Value, json};

use super::moment::Moment;

#[derive(Debug, Clone)]
pub(super) struct Annotation {
    pub(super) id: u64,
    pub(super) project: u32,
    pub(super) content: String,
    pub(super) date_marker: Moment,
    pub(super) scope: String,
    pub(super) created_at: Moment,
}

impl Annotation {
    pub(super) fn as_json(&self) -> Value {
        json!({
            "id": self.id,
            "content": self.content,
            "date_marker": self.date_marker.iso(),
            "creation_type": "USR",
            "scope": self.scope,
            "deleted": false,
            "created_at": self.created_at.iso(),
            "updated_at": self.created_at.iso(),
        })
    }
}
