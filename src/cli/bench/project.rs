//! The projects of a bench: their settings, and the numbers in their tokens.

use crate::model::{HeartbeatApp, Host, IngestionAlertApp, PersonalKey, ProjectName, ProjectSpec, ProjectToken};

const TOKEN: &str = "phc_bench";

/// What all projects of a bench are like.
#[derive(Debug, Clone, Copy)]
pub struct Projects<'a> {
    pub count: u32,
    /// Address of the sink.
    pub address: &'a str,
    /// Whether they have a personal API key, so that they are read back.
    pub keyed: bool,
    /// Whether they have Ingestion Alert, so that read-backs are judged.
    pub watched: bool,
}

impl Projects<'_> {
    pub(super) fn specs(self) -> anyhow::Result<Vec<ProjectSpec>> {
        (1..=self.count).map(|number| self.spec(number)).collect()
    }

    fn spec(self, number: u32) -> anyhow::Result<ProjectSpec> {
        Ok(ProjectSpec {
            personal_key: if self.keyed { Some(PersonalKey::parse("phx_bench")?) } else { None },
            posthog_id: Some(u64::from(number)),
            heartbeat: Some(HeartbeatApp::default()),
            ingestion_alert: self.watched.then(IngestionAlertApp::default),
            ..ProjectSpec::new(
                ProjectName::parse(&format!("project-{number}"))?,
                Host::parse(self.address)?,
                ProjectToken::parse(&format!("{TOKEN}{number:038}"))?,
            )
        })
    }
}

/// The number of the project with this token.
pub(super) fn number_of(token: &str) -> Option<u32> {
    token.strip_prefix(TOKEN)?.parse().ok()
}
