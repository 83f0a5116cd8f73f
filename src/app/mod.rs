//! Creates all parts from the settings and connects them. The only module that knows all others.

mod announce;
mod demo;
mod descriptors;
mod file;
mod inbox;
mod page;
mod service;
mod watch;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::clock::Clock;
use crate::config::{DeadMan, KeySource, Problem, Problems, Settings};
use crate::liveness::Liveness;
use crate::model::Proxies;
use crate::notify::{self, Ping, Sender, SenderSettings};
use crate::posthog;
use crate::store::{self, CipherError, SecretCipher, Store};

pub use announce::{announce, page_address};
pub use demo::{Demo, Running};
pub use descriptors::raise_descriptor_limit;
pub use file::DatabaseFile;
pub use inbox::Inbox;
pub use page::{listen, web};

use page::can_log_in;
pub use service::Service;

/// Opens the configured store. Creates missing directories and the key, but never a new key for an existing database: its secrets
/// could not be decrypted with it. Errors contain no password.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<Store>> {
    let cipher = match &settings.key {
        KeySource::Given(key) => SecretCipher::from_base64(key.expose_secret()).map_err(|wrong| not_a_key(&wrong))?,
        KeySource::File(path) => {
            if settings.database.file().is_some_and(|file| fs::metadata(file).is_ok_and(|found| found.len() > 0)) {
                key_is_there(settings)?;
            }
            create_parent(path)?;
            SecretCipher::from_key_file(path)?
        }
    };
    if let Some(file) = settings.database.file() {
        create_parent(&file)?;
    }
    let opened = store::open(settings.database.url(), cipher).await;
    opened.with_context(|| format!("the database {} cannot be opened", settings.database))
}

/// Opens a store that exists, and creates nothing.
pub async fn open_existing_store(settings: &Settings) -> anyhow::Result<Arc<Store>> {
    if let Some(file) = settings.database.file().filter(|file| !file.exists()) {
        let flag = "name another with --database or DATABASE_URL";
        anyhow::bail!("there is no database at {}; `heartbeat projects add` or `heartbeat run` creates it, or {flag}", file.display());
    }
    key_is_there(settings)?;
    open_store(settings).await
}

fn key_is_there(settings: &Settings) -> anyhow::Result<()> {
    let KeySource::File(path) = &settings.key else { return Ok(()) };
    anyhow::ensure!(
        path.exists(),
        "the key file {} does not exist, and the secrets in the database {} cannot be decrypted without it; put it back, or name it with HEARTBEAT_KEY_FILE",
        path.display(),
        settings.database
    );
    Ok(())
}

fn not_a_key(wrong: &CipherError) -> Problems {
    Problem::at("environment", format!("HEARTBEAT_KEY cannot be used: {wrong}")).into()
}

fn create_parent(file: &Path) -> anyhow::Result<()> {
    let Some(directory) = file.parent() else { return Ok(()) };
    fs::create_dir_all(directory).with_context(|| format!("the directory {} cannot be created", directory.display()))
}

/// Whether a service could start with these settings. Opens, creates and sends nothing.
pub fn check(settings: &Settings, clock: &Clock) -> anyhow::Result<()> {
    can_log_in(&settings.web, clock)?;
    store::check_address(settings.database.url())?;
    if let Some(file) = settings.database.file() {
        anyhow::ensure!(!file.is_dir(), "the database {} is a directory: name a file in it", settings.database);
        can_create_parent(&file)?;
    }
    match &settings.key {
        KeySource::Given(key) => drop(SecretCipher::from_base64(key.expose_secret()).map_err(|wrong| not_a_key(&wrong))?),
        KeySource::File(path) if path.is_dir() => anyhow::bail!("the key file {} is a directory: name a file in it", path.display()),
        KeySource::File(path) if path.exists() => drop(SecretCipher::from_key_file(path)?),
        KeySource::File(path) => can_create_parent(path)?,
    }
    client(&settings.proxies, clock.clone())?;
    sender(settings, clock.clone()).map(drop)
}

/// Whether the directory of a file exists or can be created.
fn can_create_parent(file: &Path) -> anyhow::Result<()> {
    let nearest = file.ancestors().skip(1).find(|directory| directory.exists());
    let wrong = nearest.filter(|nearest| !nearest.as_os_str().is_empty() && !nearest.is_dir());
    wrong.map_or(Ok(()), |wrong| Err(anyhow::anyhow!("{} cannot be created: {} is not a directory", file.display(), wrong.display())))
}

pub fn service(settings: &Settings, store: Arc<Store>, clock: Clock) -> anyhow::Result<Service> {
    let client = client(&settings.proxies, clock.clone())?;
    let sender = Arc::new(sender(settings, clock.clone())?);
    let ping = settings.dead_man.clone().map(|DeadMan { url, post }| {
        let method = if post { notify::Method::POST } else { notify::Method::GET };
        Ping { url, method }
    });
    let file = settings.database.file().map(DatabaseFile::at).transpose().context("cannot read the database file")?;
    Ok(Service { store, file, client, sender, ping, liveness: Liveness::new(clock.clone()), clock, retention: settings.retention })
}

pub fn client(proxies: &Proxies, clock: Clock) -> anyhow::Result<posthog::Client> {
    let settings = posthog::Settings { proxies: proxies.clone(), ..posthog::Settings::default() };
    Ok(posthog::Client::new(clock, &settings)?)
}

pub fn sender(settings: &Settings, clock: Clock) -> anyhow::Result<Sender> {
    let public_url = settings.web.public_url.clone();
    Ok(Sender::new(clock, &SenderSettings { proxies: settings.proxies.clone(), public_url, ..SenderSettings::default() })?)
}
