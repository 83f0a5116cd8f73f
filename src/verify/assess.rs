//! Assessing: what Ingestion Alert makes of a project, after each visit.

use super::Verify;
use crate::model::{Look, Project};

impl Verify {
    /// Judges what is known of a project by now; `look` is the newest look at it.
    #[expect(clippy::unused_async, reason = "there are no rules yet: this is where they are run")]
    pub(super) async fn assess(&self, _project: &Project, _look: Option<&Look>) {}
}
