//! What `--set` changes for a replay: the rules, and nothing that looks on record cannot tell.

use crate::config::nearest;
use crate::model::{AppKind, IngestionAlertApp};

/// The app with these settings changed. Everything wrong with them is said at once.
pub(super) fn set(app: &mut IngestionAlertApp, assignments: &[String]) -> Result<(), String> {
    let wrong = assignments.iter().filter_map(|assignment| set_one(app, assignment).err()).collect::<Vec<_>>();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn set_one(app: &mut IngestionAlertApp, assignment: &str) -> Result<(), String> {
    let (key, value) =
        assignment.split_once('=').ok_or_else(|| "--set must be RULE=VALUE, such as lag_above=90s; the `=` is missing".to_owned())?;
    match key.trim() {
        "watch" => Err("watch cannot be set here: looks on record counted what was watched then".to_owned()),
        key @ ("webHookUrlTriggered" | "webHookUrlResolved" | "posthogApiKey" | "posthogHost") => {
            Err(format!("{key} has no part in a replay: nobody is told, and PostHog is not asked"))
        }
        key if AppKind::IngestionAlert.settings().iter().any(|setting| setting.key == key) => {
            app.set(key, value).map_err(|says| format!("{key} {says}"))
        }
        unknown => {
            let keys = || AppKind::IngestionAlert.settings().iter().map(|setting| setting.key);
            let hint = match nearest(unknown, keys()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`heartbeat apps search ingestion-alert` lists them".to_owned(),
            };
            let quoted: String = unknown.chars().take(40).collect();
            Err(format!("`{quoted}` is not a setting of ingestion-alert; {hint}"))
        }
    }
}

/// Whether the settings that are changed ask looks on record for another time range than theirs.
pub(super) fn changes_range(before: &IngestionAlertApp, after: &IngestionAlertApp) -> bool {
    before.time_range != after.time_range
}
