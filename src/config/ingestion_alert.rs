//! `[project.ingestion_alert]`: the app, as a settings file asks for it.

use crate::model::IngestionAlertApp;

use super::keys::{KeyFields, KeyPlaces};
use super::rules;
use super::section::Section;

/// Reads the app on a project, and which of its secrets are left as they are stored. A setting that is wrong is noted, and has its default.
pub(super) fn read(section: Section<'_>, places: KeyPlaces<'_>) -> (IngestionAlertApp, Vec<&'static str>) {
    let title = format!("{}, ingestion alert", section.title());
    let section = section.titled(title);
    let mut app = IngestionAlertApp::default();
    let mut as_stored = Vec::new();
    app.enabled = section.flag("enabled").unwrap_or(app.enabled);
    for setting in IngestionAlertApp::settings() {
        if !setting.secret {
            let set = section.text_or_plain(setting.key).map(|text| app.set(setting.key, &text));
            if let Some(Err(says)) = set {
                section.wrong(setting.key, says);
            }
        } else if let Some(given) = KeyFields::of(setting.key).given(&section) {
            given.read(&section, places, |text| rules::not_a_placeholder(text).and_then(|()| app.set(setting.key, text)));
        } else {
            as_stored.push(setting.key);
        }
    }
    section.finish();
    (app, as_stored)
}
