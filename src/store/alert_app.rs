//! The stored form of Ingestion Alert: its settings as JSON, the secret ones encrypted, and its webhooks.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::model::{ChannelKind, ChannelSpec, Field, IngestionAlertApp, ProjectName, ProjectSpec, Values};

use super::StoreError;
use super::cipher::{Owner, SecretCipher, SecretField};
use super::error::damaged;

pub(super) struct Stored {
    pub(super) enabled: bool,
    pub(super) settings: String,
    pub(super) secrets: Option<Vec<u8>>,
}

pub(super) fn write(project: &ProjectName, app: &IngestionAlertApp, cipher: &SecretCipher) -> Result<Stored, StoreError> {
    let set = |is_desired: fn(&&Field) -> bool| -> BTreeMap<&str, String> {
        let desired = IngestionAlertApp::settings().iter().filter(is_desired);
        desired.filter_map(|setting| Some((setting.key, app.value(setting.key)?))).collect()
    };
    let json = |settings: &BTreeMap<&str, String>| {
        let unwritten = |wrong| StoreError::Damaged(format!("project {project}: ingestion-alert's settings cannot be written: {wrong}"));
        serde_json::to_string(settings).map(Zeroizing::new).map_err(unwritten)
    };
    let secrets = set(|setting| setting.secret);
    let secrets = if secrets.is_empty() {
        None
    } else {
        Some(cipher.encrypt(Owner::Project(project), SecretField::AppSettings, &json(&secrets)?)?)
    };
    Ok(Stored { enabled: app.enabled, settings: json(&set(|setting| !setting.secret))?.to_string(), secrets })
}

/// Uses the parser of user input. Without a key the secret settings are left out.
pub(super) fn read(project: &ProjectName, stored: &Stored, cipher: Option<&SecretCipher>) -> Result<IngestionAlertApp, StoreError> {
    let mut app = IngestionAlertApp::default();
    app.enabled = stored.enabled;
    let settings = serde_json::from_str::<BTreeMap<String, String>>(&stored.settings);
    let settings = settings.map_err(|wrong| damaged("project", project, "ingestion-alert settings", &wrong))?;
    let secrets = match stored.secrets.as_ref().zip(cipher) {
        None => BTreeMap::new(),
        Some((secrets, cipher)) => {
            let opened = cipher.open(Owner::Project(project), SecretField::AppSettings, secrets)?;
            // The error of serde could quote a secret.
            serde_json::from_str::<BTreeMap<String, String>>(&opened)
                .map_err(|_| damaged("project", project, SecretField::AppSettings.label(), &"it is not JSON"))?
        }
    };
    for (key, text) in settings.iter().chain(&secrets) {
        app.set(key, text).map_err(|wrong| damaged("project", project, &format!("ingestion-alert setting {key}"), &wrong))?;
    }
    Ok(app)
}

/// The channel for the app's webhooks (triggered and resolved); `None` when neither is set. It also delivers while the app is disabled, so
/// that resolved notifications are still sent.
pub(super) fn pair(spec: &ProjectSpec) -> Option<ChannelSpec> {
    let app = spec.ingestion_alert.as_ref()?;
    let mut values = Values::default();
    for (key, url) in [("triggered", &app.webhook_triggered), ("resolved", &app.webhook_resolved)] {
        values.set(key, url.as_ref().map_or("", |url| url.expose()));
    }
    let channel = ChannelSpec::new(spec.name.clone(), ChannelKind::GetPair);
    let is_given = values != Values::default();
    is_given.then(|| ChannelSpec { projects: [spec.name.clone()].into_iter().collect(), values, ..channel })
}
