//! A change of what people set up: projects, channels and maintenance windows, with the deeds that tell of it, in one transaction.

use crate::model::{ChannelSpec, Deed, ProjectName, ProjectSpec, Timestamp, Window};

use super::database::Database;
use super::numbers::Numbers;
use super::seal::Sealer;
use super::{StoreError, apply, channels, deeds, windows};

/// What is to be changed at once. In each kind, what is both removed and put is removed first.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Projects to add, or to replace by name.
    pub put_projects: &'a [ProjectSpec],
    /// Projects to remove.
    pub remove_projects: &'a [ProjectName],
    /// Channels to add, or to replace by name.
    pub put_channels: &'a [ChannelSpec],
    /// Channels to remove.
    pub remove_channels: &'a [ProjectName],
    /// Maintenance windows to add, or to replace by name.
    pub put_windows: &'a [Window],
    /// Maintenance windows to remove.
    pub remove_windows: &'a [ProjectName],
    /// What is told of it.
    pub deeds: &'a [Deed],
    /// When: switches are turned, and routes begin, at this instant.
    pub at: Timestamp,
    /// The revision that it was worked out from. When somebody has changed something since, nothing is written.
    pub expected: Option<i64>,
}

/// Nothing, in 1970.
impl Default for Change<'_> {
    fn default() -> Self {
        Self {
            put_projects: &[],
            remove_projects: &[],
            put_channels: &[],
            remove_channels: &[],
            put_windows: &[],
            remove_windows: &[],
            deeds: &[],
            at: Timestamp::from_ms(0),
            expected: None,
        }
    }
}

impl Change<'_> {
    const fn is_of_projects(&self) -> bool {
        !self.put_projects.is_empty() || !self.remove_projects.is_empty()
    }

    const fn is_of_channels(&self) -> bool {
        !self.put_channels.is_empty() || !self.remove_channels.is_empty()
    }

    const fn is_of_windows(&self) -> bool {
        !self.put_windows.is_empty() || !self.remove_windows.is_empty()
    }

    /// What is tried, in words for an error.
    const fn what(&self) -> &'static str {
        match (self.is_of_projects(), self.is_of_channels(), self.is_of_windows()) {
            (false, true, false) => "changing channels",
            (false, false, true) => "changing maintenance windows",
            (_, false, false) => "changing projects",
            _ => "changing settings",
        }
    }
}

/// Makes a change; false when the revision is another one than was expected.
pub(super) async fn change(database: &Database, sealer: &Sealer, change: &Change<'_>) -> Result<bool, StoreError> {
    let mut work = database.work(change.what()).await?;
    let mut numbers = Numbers::begin(&mut work).await?;
    if change.expected.is_some_and(|expected| expected != numbers.revision_before()) {
        return Ok(false);
    }
    apply::apply(&mut work, sealer, &mut numbers, change).await?;
    channels::apply(&mut work, sealer, &mut numbers, change).await?;
    windows::apply(&mut work, change).await?;
    numbers.end(&mut work).await?;
    deeds::write(&mut work, change.deeds).await?;
    work.commit().await?;
    database.persist(change.what()).await?;
    Ok(true)
}
