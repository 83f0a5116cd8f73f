//! `[[project]]`: one PostHog project, as a settings file asks for it.

use crate::model::{Pace, ProjectName, ProjectSpec};

use super::keys::{self, KeyPlaces};
use super::section::Section;
use super::wanted::INGESTION_ALERT;
use super::{Wanted, heartbeat, ingestion_alert, rules};

const FIELD: &str = "project";

/// Reads all projects of a file. One that has a problem is left out; the problem is noted.
pub(super) fn read_all(top: &Section<'_>, places: KeyPlaces<'_>) -> Vec<Wanted> {
    let mut names = Vec::new();
    let mut projects = Vec::new();
    for (index, section) in top.sections(FIELD, FIELD).into_iter().enumerate() {
        let section = section.numbered("", "project", index);
        let name = section.required("name", "shop", |text| rules::name(text, "project", &names));
        names.extend(name.clone());
        projects.extend(read(section, name, places));
    }
    projects
}

/// Leaves the projects of a file unread, and known.
pub(super) fn pass_over(top: &Section<'_>) {
    top.pass_over(&[FIELD]);
}

/// Everything is read before anything is given up, so that all problems are found.
fn read(section: Section<'_>, name: Option<ProjectName>, places: KeyPlaces<'_>) -> Option<Wanted> {
    let host = section.required("host", "us", rules::host);
    let api_host = section.read("api_host", rules::host);
    let token = keys::TOKEN.given(&section);
    if token.is_none() {
        section.wrong("token", "is missing; give `token = \"phc_...\"`, from Settings > Project > General");
    }
    let token = token.and_then(|given| given.read(&section, places, rules::token));
    let given = keys::PERSONAL_KEY.given(&section);
    let personal_key = given.as_ref().and_then(|given| given.read(&section, places, rules::personal_key));
    let mut as_stored = if given.is_none() { vec![keys::PERSONAL_KEY.plain()] } else { Vec::new() };
    let posthog_id = section.positive("project_id");
    let pace = read_pace(&section);
    let heartbeat = section.section("heartbeat").map(|app| heartbeat::read(app, token.as_ref()));
    let ingestion_alert = section.section(INGESTION_ALERT).map(|app| ingestion_alert::read(app, places));
    section.finish();

    let heartbeat = match heartbeat {
        Some(app) => Some(app?),
        None => None,
    };
    let ingestion_alert = ingestion_alert.map(|(app, left)| {
        as_stored.extend(left);
        app
    });
    let spec = ProjectSpec {
        name: name?,
        host: host?,
        api_host,
        token: token?,
        personal_key: personal_key.flatten(),
        posthog_id,
        pace,
        heartbeat,
        ingestion_alert,
    };
    Some(Wanted { spec, as_stored })
}

fn read_pace(section: &Section<'_>) -> Pace {
    let usual = Pace::default();
    let pace = Pace {
        late_after: section.read("late_after", rules::late_after).unwrap_or(usual.late_after),
        lost_after: section.read("lost_after", rules::lost_after).unwrap_or(usual.lost_after),
        look_every: section.read("look_every", rules::look_every).unwrap_or(usual.look_every),
    };
    if let Err(says) = rules::pace(&pace) {
        section.unfit(&["late_after", "lost_after"], says);
    }
    pace
}
