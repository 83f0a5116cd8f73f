//! `[service]`: database, retention and the dead man's switch of Heartbeat itself.

use std::time::Duration;

use crate::model::{Invalid, Retention, SecretUrl};

use super::key_fields::DEAD_MAN_URL;
use super::keys::{Given, KeyPlaces};
use super::problem::Problem;
use super::section::Section;
use super::{Database, Scope, duration, rules};

const DAY: Duration = Duration::from_hours(24);
const LONGEST: Duration = Duration::from_hours(24 * 3660);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) database: Option<Database>,
    pub(super) retention: Retention,
    pub(super) dead_man_url: Option<SecretUrl>,
    pub(super) dead_man_post: bool,
}

/// An address that is called every minute while all work is done. Its owner alerts when the calls stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadMan {
    /// A secret: everyone who has the address can call it.
    pub url: SecretUrl,
    pub post: bool,
}

/// An empty text means none. The address is not quoted in errors.
pub(super) fn secret_url(text: &str) -> Result<Option<SecretUrl>, Invalid> {
    rules::not_a_placeholder(text)?;
    if text.trim().is_empty() { Ok(None) } else { SecretUrl::parse(text).map(Some) }
}

/// Keys that are only named are resolved with [`Scope::Everything`] alone, so that a command that does not need them does not fail.
pub(super) fn read(top: &Section<'_>, places: KeyPlaces<'_>, scope: Scope) -> Service {
    let Some(section) = top.section("service") else { return Service::default() };
    let section = section.titled("service");
    let usual = Retention::default();
    let keep = |key: &'static str, usual: Duration| section.read(key, |text| duration::within(text, DAY, LONGEST)).unwrap_or(usual);
    let retention = Retention {
        beats: keep("keep_beats", usual.beats),
        hours: keep("keep_hours", usual.hours),
        evidence: keep("keep_evidence", usual.evidence),
    };
    let database = section.read("database", |text| Database::parse(text, Some(places.directory)));
    let given = Given::of(DEAD_MAN_URL, &section).filter(|_| scope == Scope::Everything);
    let dead_man_url = given.and_then(|given| given.read(&section, places, secret_url)).flatten();
    let dead_man_post = section.read("dead_man_method", is_post).unwrap_or(false);
    if retention.hours < retention.beats {
        let reason = "hourly aggregates replace dropped beats";
        let order = rules::order(("keep_beats", retention.beats), "at most", ("keep_hours", retention.hours), reason);
        section.unfit(&["keep_hours", "keep_beats"], Problem::of("keep_hours", order));
    }
    section.finish();
    Service { database, retention, dead_man_url, dead_man_post }
}

fn is_post(text: &str) -> Result<bool, Invalid> {
    match text.trim().to_ascii_uppercase().as_str() {
        "GET" => Ok(false),
        "POST" => Ok(true),
        _ => Err(Invalid::choice(text, &["GET", "POST"])),
    }
}
