//! What judging a project reads, in one trip to the database.

use super::database::Row;
use super::stretch::{ROUTES, Stretch};
use super::{Recent, Store, StoreError, Which, beats, glances, incidents};
use crate::model::{Glance, Incident, Minute, ProjectId, Recorded, RouteId};

/// One row of it.
enum Found {
    Incident(Box<Incident>),
    Beat(Recorded),
    Glance(Glance),
}

impl Store {
    /// [`Store::incidents`], [`Store::beats`] and [`Store::glances`] at once.
    pub async fn recent(
        &self,
        project: ProjectId,
        routes: &[RouteId],
        from: Minute,
        to: Minute,
        which: &Which,
    ) -> Result<Recent, StoreError> {
        let stretch = Stretch { from, to };
        if !stretch.is_short() || stretch.is_empty() || routes.len() > ROUTES {
            return Ok(Recent {
                incidents: incidents::incidents(&self.database, which).await?,
                beats: beats::beats(&self.database, routes, stretch).await?,
                glances: glances::glances(&self.database, project, stretch).await?,
            });
        }
        let statements = vec![incidents::select(which), beats::select(routes, stretch), glances::select(project, stretch)];
        let of = |row: &Row| match row.len() {
            glances::COLUMNS => glances::from_row(project, row).map(Found::Glance),
            beats::WIDTH => beats::from_row(row).map(Found::Beat),
            _ => incidents::from_row(row).map(|incident| Found::Incident(Box::new(incident))),
        };
        let mut recent = Recent::default();
        for found in self.database.read_all("reading what to judge a project by", statements, of).await? {
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
}
