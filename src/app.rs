//! The only place that knows every room: it builds them from the settings and hands them to each other.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::config::{KeySource, Problem, Problems, Settings};
use crate::store::{self, SealError, Sealer, Store};

/// Opens the store that the settings name. Directories that are not there yet are made, and so is the key.
///
/// # Errors
/// Says which database or key could not be opened, and why; never with a password.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let sealer = match &settings.key {
        KeySource::Given(key) => Sealer::from_base64(key.expose_secret()).map_err(|wrong| not_a_key(&wrong))?,
        KeySource::File(path) => {
            make_room_for(path)?;
            Sealer::from_key_file(path)?
        }
    };
    if let Some(file) = settings.database.file() {
        make_room_for(&file)?;
    }
    let opened = store::open(settings.database.url(), sealer).await;
    opened.with_context(|| format!("the database {} could not be opened", settings.database))
}

/// A variable that holds no key is a problem of the settings.
fn not_a_key(wrong: &SealError) -> Problems {
    Problem::new("environment", format!("HEARTBEAT_KEY cannot be used: {wrong}")).into()
}

/// Makes the directory that a file lies in.
fn make_room_for(file: &Path) -> anyhow::Result<()> {
    let Some(directory) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(directory).with_context(|| format!("the directory {} could not be made", directory.display()))
}
