//! `[service]`: where things are kept, and for how long.

use std::path::Path;
use std::time::Duration;

use crate::model::Retention;

use super::section::Section;
use super::{Database, duration, rules};

const DAY: Duration = Duration::from_hours(24);
/// Nothing is kept longer than ten years.
const LONGEST: Duration = Duration::from_hours(24 * 3660);

/// What `[service]` says; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) database: Option<Database>,
    pub(super) retention: Retention,
}

/// Reads `[service]`; paths in it start from `directory`.
pub(super) fn read(top: &Section<'_>, directory: &Path) -> Service {
    let Some(section) = top.section("service") else { return Service::default() };
    let section = section.titled("service");
    let usual = Retention::default();
    let keep = |key: &'static str, usual: Duration| section.read(key, |text| rules::within(text, DAY, LONGEST)).unwrap_or(usual);
    let retention = Retention {
        beats: keep("keep_beats", usual.beats),
        hours: keep("keep_hours", usual.hours),
        evidence: keep("keep_evidence", usual.evidence),
    };
    let database = section.read("database", |text| Database::parse(text, Some(directory)));
    if retention.hours < retention.beats {
        let [hours, beats] = [retention.hours, retention.beats].map(duration::show);
        section.unfit(
            &["keep_hours", "keep_beats"],
            format!("keep_hours `{hours}` must not be shorter than keep_beats `{beats}`: beats are folded into hours"),
        );
    }
    section.finish();
    Service { database, retention }
}
