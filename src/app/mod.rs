//! The only place that knows every room: it builds them from the settings and hands them to each other.

mod demo;
mod service;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::clock::Clock;
use crate::config::{KeySource, Proxies, Settings};
use crate::keep::Retention;
use crate::posthog;
use crate::store::{self, Sealer, Store};
use crate::vitals::Vitals;

pub use demo::{Demo, Running};
pub use service::Service;

/// Opens the store that the settings name. A directory that is not there yet is made, and so is the key in it.
///
/// # Errors
/// Says which database or key could not be opened, and why; never with a password.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let directories = [settings.database.file(), key_file(settings)].into_iter().flatten();
    for directory in directories.filter_map(|file| file.parent().map(ToOwned::to_owned)) {
        std::fs::create_dir_all(&directory).with_context(|| format!("the directory {} could not be made", directory.display()))?;
    }
    let sealer = match &settings.key {
        KeySource::Given(key) => Sealer::from_base64(key.expose_secret()).context("the key in HEARTBEAT_KEY cannot be used"),
        KeySource::File(path) => {
            Sealer::from_key_file(path).with_context(|| format!("the key that seals secrets could not be had from {}", path.display()))
        }
    };
    let opened = store::open(settings.database.url(), sealer?).await;
    opened.with_context(|| format!("the database {} could not be opened", settings.database))
}

fn key_file(settings: &Settings) -> Option<PathBuf> {
    match &settings.key {
        KeySource::File(path) => Some(path.clone()),
        KeySource::Given(_) => None,
    }
}

/// Puts the service together; nothing runs yet.
///
/// # Errors
/// When a proxy's address cannot be used, or this machine's certificates cannot be read.
pub fn service(settings: &Settings, store: Arc<dyn Store>, clock: Clock) -> anyhow::Result<Service> {
    let client = client(&settings.proxies, clock.clone())?;
    let kept = settings.retention;
    let retention = Retention { beats_for: kept.beats, hours_for: kept.hours, evidence_for: kept.evidence };
    Ok(Service { store, client, vitals: Vitals::new(clock.clone()), clock, retention })
}

/// A client of PostHog that goes through these proxies.
///
/// # Errors
/// When a proxy's address cannot be used, or this machine's certificates cannot be read.
pub fn client(proxies: &Proxies, clock: Clock) -> anyhow::Result<posthog::Client> {
    let Proxies { http, https, all, none } = proxies.clone();
    let proxies = posthog::Proxies { http, https, all, none };
    Ok(posthog::Client::new(clock, &posthog::Settings { proxies, ..posthog::Settings::default() })?)
}
