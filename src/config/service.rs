//! `[service]`: where things are kept, for how long, and who is told that Heartbeat itself is alive.

use std::time::Duration;

use crate::model::{Retention, SecretUrl};

use super::keys::{DEAD_MAN_URL, KeyPlaces};
use super::section::Section;
use super::{Database, Scope, duration, rules};

const DAY: Duration = Duration::from_hours(24);
/// Nothing is kept longer than ten years.
const LONGEST: Duration = Duration::from_hours(24 * 3660);

/// What `[service]` says; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) database: Option<Database>,
    pub(super) retention: Retention,
    pub(super) dead_man_url: Option<SecretUrl>,
    pub(super) dead_man_post: bool,
}

/// Who watches the watcher: an address that is called every minute while all is well, and whose owner says so when no call comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadMan {
    /// The address: a secret, whoever knows it can call it.
    pub url: SecretUrl,
    /// By POST; otherwise by GET.
    pub post: bool,
}

/// Reads an address that is a secret; an empty text stands for none.
///
/// # Errors
/// The rest of a sentence; the address is not quoted.
pub(super) fn secret_url(text: &str) -> Result<Option<SecretUrl>, String> {
    rules::not_a_placeholder(text)?;
    if text.trim().is_empty() { Ok(None) } else { SecretUrl::parse(text).map(Some) }
}

/// Reads `[service]`; paths in it start from the file's directory. A key that is only named is found when all is asked for: a command that
/// does not need it does not fail over it.
pub(super) fn read(top: &Section<'_>, places: KeyPlaces<'_>, scope: Scope) -> Service {
    let Some(section) = top.section("service") else { return Service::default() };
    let section = section.titled("service");
    let usual = Retention::default();
    let keep = |key: &'static str, usual: Duration| section.read(key, |text| rules::within(text, DAY, LONGEST)).unwrap_or(usual);
    let retention = Retention {
        beats: keep("keep_beats", usual.beats),
        hours: keep("keep_hours", usual.hours),
        evidence: keep("keep_evidence", usual.evidence),
    };
    let database = section.read("database", |text| Database::parse(text, Some(places.directory)));
    let given = DEAD_MAN_URL.given(&section).filter(|_| scope == Scope::Everything);
    let dead_man_url = given.and_then(|given| given.read(&section, places, secret_url)).flatten();
    let dead_man_post = section.read("dead_man_method", is_post).unwrap_or(false);
    if retention.hours < retention.beats {
        let [hours, beats] = [retention.hours, retention.beats].map(duration::show);
        section.unfit(
            &["keep_hours", "keep_beats"],
            format!("keep_hours `{hours}` must not be shorter than keep_beats `{beats}`: hours stand for beats that are gone"),
        );
    }
    section.finish();
    Service { database, retention, dead_man_url, dead_man_post }
}

fn is_post(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_uppercase().as_str() {
        "GET" => Ok(false),
        "POST" => Ok(true),
        _ => Err(format!("`{}` must be GET or POST", text.trim())),
    }
}
