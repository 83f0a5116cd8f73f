//! Reads what is needed to judge a project in one trip to the database.

use super::database::{AT_ONCE, Row};
use super::minute_range::MinuteRange;
use super::{IncidentFilter, Recent, Store, StoreError, beats, incidents, readback_samples};
use crate::model::{Incident, Minute, ProjectId, ReadbackSample, Recorded, RouteId};

enum Found {
    Incident(Box<Incident>),
    Beat(Recorded),
    ReadbackSample(ReadbackSample),
}

impl Store {
    /// [`Store::incidents`], [`Store::beats`] and [`Store::samples`] in one query.
    pub async fn recent(
        &self,
        project: ProjectId,
        routes: &[RouteId],
        from: Minute,
        to: Minute,
        which: &IncidentFilter,
    ) -> Result<Recent, StoreError> {
        let minute_range = MinuteRange { from, to };
        if !minute_range.is_short() || minute_range.is_empty() || routes.len() > AT_ONCE {
            return Ok(Recent {
                incidents: self.incidents(which).await?,
                beats: self.beats(routes, from, to).await?,
                samples: self.samples(project, from, to).await?,
            });
        }
        let statements =
            vec![incidents::select(which), beats::select(routes, minute_range), readback_samples::select(project, minute_range)];
        let of = |row: &Row| match row.len() {
            readback_samples::COLUMNS => readback_samples::from_row(project, row).map(Found::ReadbackSample),
            beats::WIDTH => beats::from_row(row).map(Found::Beat),
            _ => incidents::from_row(row).map(|incident| Found::Incident(Box::new(incident))),
        };
        let mut recent = Recent::default();
        for found in self.database.read_all("reading the data to judge a project", statements, of).await? {
            match found {
                Found::Incident(incident) => recent.incidents.push(*incident),
                Found::Beat(beat) => recent.beats.push(beat),
                Found::ReadbackSample(sample) => recent.samples.push(sample),
            }
        }
        recent.beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
        recent.samples.sort_unstable_by_key(|sample| sample.at);
        Ok(recent)
    }
}
