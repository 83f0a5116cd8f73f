//! What judging a project reads, in one trip to the database.

use super::database::{Database, Row};
use super::stretch::{ROUTES, Stretch};
use super::{Recent, StoreError, Which, beats, glances, incidents};
use crate::model::{Glance, Incident, ProjectId, Recorded, RouteId};

/// One row of it.
enum Found {
    Incident(Box<Incident>),
    Beat(Recorded),
    Glance(Glance),
}

/// Incidents, beats and what was kept of the looks, over a stretch of minutes.
pub(super) async fn recent(
    database: &Database,
    project: ProjectId,
    routes: &[RouteId],
    stretch: Stretch,
    which: &Which,
) -> Result<Recent, StoreError> {
    if !stretch.is_short() || stretch.is_empty() || routes.len() > ROUTES {
        return Ok(Recent {
            incidents: incidents::incidents(database, which).await?,
            beats: beats::beats(database, routes, stretch).await?,
            glances: glances::glances(database, project, stretch).await?,
        });
    }
    let statements = vec![incidents::select(which), beats::select(routes, stretch), glances::select(project, stretch)];
    let of = |row: &Row| match row.len() {
        glances::COLUMNS => glances::from_row(project, row).map(Found::Glance),
        beats::WIDTH => beats::from_row(row).map(Found::Beat),
        _ => incidents::from_row(row).map(|incident| Found::Incident(Box::new(incident))),
    };
    let mut recent = Recent::default();
    for found in database.read_all("reading what to judge a project by", statements, of).await? {
        match found {
            Found::Incident(incident) => recent.incidents.push(*incident),
            Found::Beat(beat) => recent.beats.push(beat),
            Found::Glance(glance) => recent.glances.push(glance),
        }
    }
    recent.beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
    recent.glances.sort_unstable_by_key(|glance| glance.at);
    Ok(recent)
}
