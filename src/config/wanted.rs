//! What settings ask for, which is not yet the whole of it: a file may leave secrets to the store.

use crate::model::{ChannelSpec, IngestionAlertApp, ProjectSpec};

use super::keys::PERSONAL_KEY;

/// The app Ingestion Alert, as the field of a project.
pub(super) const INGESTION_ALERT: &str = "ingestion_alert";

/// A project as settings ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it should be, all but perhaps its secrets.
    pub spec: ProjectSpec,
    /// What the settings say nothing of, by name: it stays as it is stored. Secrets of a file; of the environment's project also the app that
    /// it has no words for. What is not here is in the spec, or (`personal_api_key = ""`) there is to be none.
    pub as_stored: Vec<&'static str>,
}

/// A channel as settings ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedChannel {
    /// What it should be, all but perhaps its secrets.
    pub spec: ChannelSpec,
    /// The secrets of which the settings say nothing, by the names of their fields: those that are stored stay.
    pub as_stored: Vec<&'static str>,
}

impl Wanted {
    /// Whether the personal API key is left to the store.
    #[must_use]
    pub fn leaves_personal_key(&self) -> bool {
        self.as_stored.contains(&PERSONAL_KEY.plain())
    }

    /// The whole project: with that of the stored project of this name which the settings leave to it.
    #[must_use]
    pub fn over(&self, stored: &[ProjectSpec]) -> ProjectSpec {
        let mut spec = self.spec.clone();
        let Some(known) = stored.iter().find(|known| known.name == spec.name) else { return spec };
        for key in &self.as_stored {
            if *key == PERSONAL_KEY.plain() {
                spec.personal_key.clone_from(&known.personal_key);
            } else if *key == INGESTION_ALERT {
                spec.ingestion_alert.clone_from(&known.ingestion_alert);
            } else if let (Some(app), Some(known)) = (&mut spec.ingestion_alert, &known.ingestion_alert) {
                keep(app, known, key);
            }
        }
        spec
    }
}

/// Keeps one setting as it is. What an app holds it also takes.
fn keep(app: &mut IngestionAlertApp, known: &IngestionAlertApp, key: &str) {
    let kept = app.set(key, &known.value(key).unwrap_or_default());
    debug_assert!(kept.is_ok(), "{key}: {kept:?}");
}

impl WantedChannel {
    /// The whole channel: with those secrets of the stored channel of this name and kind that the settings leave to that.
    #[must_use]
    pub fn over(&self, stored: &[ChannelSpec]) -> ChannelSpec {
        let mut spec = self.spec.clone();
        let Some(known) = stored.iter().find(|known| known.name == spec.name && known.kind == spec.kind) else { return spec };
        for key in &self.as_stored {
            spec.values.set(key, known.values.get(key).unwrap_or_default());
        }
        spec
    }
}
