//! What people set up as a loop last read it: read again only when somebody changed it.

use std::sync::Arc;
use std::time::Duration;

use super::{Store, StoreError};
use crate::model::{Channel, Project, Window};

/// How often a loop asks whether somebody changed a project: a person who enables an app sees the first beat after this.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// A loop's copy of all projects, with the revision that it was read at.
pub struct ConfigSnapshot {
    store: Arc<Store>,
    /// What goes on while the store cannot be read, in words.
    goes_on: &'static str,
    tells: bool,
    revision: Option<i64>,
    projects: Vec<Arc<Project>>,
    channels: Vec<Channel>,
    closing: bool,
    windows: Vec<Window>,
    /// When it was asked last, on the clock that only goes on.
    asked: Option<Duration>,
    ails: bool,
}

impl ConfigSnapshot {
    /// Of projects alone; empty until the first [`Config snapshot::refresh`]. `goes_on` ends the sentence that is logged while the store cannot be
    /// read: "beating goes on with those known so far".
    #[must_use]
    pub fn new(store: Arc<Store>, goes_on: &'static str) -> Self {
        let (projects, channels, windows) = (Vec::new(), Vec::new(), Vec::new());
        Self { store, goes_on, tells: false, revision: None, projects, channels, closing: false, windows, asked: None, ails: false }
    }

    /// With channels and maintenance windows, for a loop that has something to tell. Without this there are none: no channel keeps a
    /// loop from its work that has nothing to do with them.
    #[must_use]
    pub fn with_channels(self) -> Self {
        Self { tells: true, ..self }
    }

    /// Reads everything again when something has changed since the last reading; says whether it had.
    ///
    /// # Errors
    /// When the store cannot be read; the copy stays as it was.
    pub async fn refresh(&mut self) -> Result<bool, StoreError> {
        // The revision is read first: a change between the two readings is then read again, and none is missed.
        let revision = self.store.revision().await?;
        if self.revision == Some(revision) {
            return Ok(false);
        }
        let projects = self.store.projects().await?;
        if self.tells {
            (self.channels, self.windows) = (self.store.channels().await?, self.store.windows().await?);
            self.closing = !self.store.closing_channels().await?.is_empty();
        }
        self.projects = projects.into_iter().map(Arc::new).collect();
        self.revision = Some(revision);
        Ok(true)
    }

    /// Whether [`Config snapshot::refresh_when_due`] would ask the store.
    #[must_use]
    pub fn is_due(&self, monotonic: Duration) -> bool {
        self.revision.is_none() || self.asked.is_none_or(|asked| monotonic.saturating_sub(asked) >= REFRESH_EVERY)
    }

    /// [`Config snapshot::refresh`], a second after the last time, or at once; `monotonic` is the time on the clock that only goes on. Says what it
    /// says; none when it was not asked, or failed. A store that ails is told of once.
    pub async fn refresh_when_due(&mut self, monotonic: Duration, at_once: bool) -> Option<bool> {
        if self.asked.is_none() && self.revision.is_some() {
            self.asked = Some(monotonic);
        }
        if !at_once && !self.is_due(monotonic) {
            return None;
        }
        self.asked = Some(monotonic);
        match self.refresh().await {
            Ok(changed) => {
                self.ails = false;
                Some(changed)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.ails, true) {
                    tracing::error!(%error, "cannot read the projects; {}", self.goes_on);
                }
                None
            }
        }
    }

    /// All projects, by name.
    #[must_use]
    pub fn projects(&self) -> &[Arc<Project>] {
        &self.projects
    }

    /// All channels, in the store's order. Whether one delivers is as of the last change, and may be another by now.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Whether there are channels that close their alerts: [`Store::closing_channels`].
    #[must_use]
    pub const fn has_closing_channels(&self) -> bool {
        self.closing
    }

    /// All maintenance windows, by name.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}
