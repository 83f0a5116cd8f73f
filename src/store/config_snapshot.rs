//! A loop's copy of the settings; read again only when they change. All loops share one copy of the projects.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::{Counters, Store, StoreError};
use crate::model::{Channel, Project, Window};

/// How often a loop that is awake checks the revision while [`Store::is_watched`] is false, and after a failure.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// The projects that loops hold, and the revision from which they were read.
pub(super) type Shared = tokio::sync::Mutex<Option<(i64, Weak<[Arc<Project>]>)>>;

impl Store {
    /// The projects as of `revision` or later: those that another loop holds, or else read.
    async fn shared_projects(&self, revision: i64) -> Result<Arc<[Arc<Project>]>, StoreError> {
        let mut shared = self.shared.lock().await;
        if let Some((of, projects)) = &*shared
            && *of == revision
            && let Some(projects) = projects.upgrade()
        {
            return Ok(projects);
        }
        let projects: Arc<[Arc<Project>]> = self.projects().await?.into_iter().map(Arc::new).collect();
        *shared = Some((revision, Arc::downgrade(&projects)));
        Ok(projects)
    }
}

pub struct ConfigSnapshot {
    store: Arc<Store>,
    changes: watch::Receiver<Counters>,
    goes_on: &'static str,
    reads_channels: bool,
    revision: Option<i64>,
    projects: Arc<[Arc<Project>]>,
    channels: Vec<Channel>,
    closing: bool,
    windows: Vec<Window>,
    asked: Option<Duration>,
    is_failing: bool,
}

impl ConfigSnapshot {
    /// Projects only; empty until the first [`ConfigSnapshot::refresh`]. `goes_on` ends the sentence that is logged while the store cannot
    /// be read, for example "beats are still sent for the projects read before".
    #[must_use]
    pub fn new(store: Arc<Store>, goes_on: &'static str) -> Self {
        Self {
            changes: store.changes(),
            store,
            goes_on,
            reads_channels: false,
            revision: None,
            projects: Arc::default(),
            channels: Vec::new(),
            closing: false,
            windows: Vec::new(),
            asked: None,
            is_failing: false,
        }
    }

    /// Also reads channels and maintenance windows, for a loop that sends notifications. Other loops do not read them, so that a damaged
    /// channel does not stop them.
    #[must_use]
    pub fn with_channels(self) -> Self {
        Self { reads_channels: true, ..self }
    }

    /// Reads everything again if the revision has changed; returns whether it has. On an error the copy stays as it is.
    pub async fn refresh(&mut self) -> Result<bool, StoreError> {
        // The revision is read first: a change between the two reads is then read again, and none is missed.
        let revision = self.store.revision().await?;
        if self.revision == Some(revision) {
            return Ok(false);
        }
        let projects = self.store.shared_projects(revision).await?;
        if self.reads_channels {
            (self.channels, self.windows) = (self.store.channels().await?, self.store.windows().await?);
            self.closing = !self.store.closing_channels().await?.is_empty();
        }
        self.projects = projects;
        self.revision = Some(revision);
        Ok(true)
    }

    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// Whether a change was noticed after the last reading began.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        // The sender lives in the store.
        self.changes.has_changed().unwrap_or(false)
    }

    #[must_use]
    pub fn is_due(&self, monotonic: Duration) -> bool {
        let is_stale = || self.asked.is_none_or(|asked| monotonic.saturating_sub(asked) >= REFRESH_EVERY);
        self.revision.is_none() || self.has_changed() || (self.is_failing || !self.store.is_watched()) && is_stale()
    }

    /// [`ConfigSnapshot::refresh`] if a change was noticed or `at_once`, and otherwise as [`ConfigSnapshot::is_due`]. `monotonic` is the monotonic time. Returns `None` when it did
    /// not read or failed. Repeated errors are logged once.
    pub async fn refresh_when_due(&mut self, monotonic: Duration, at_once: bool) -> Option<bool> {
        if self.asked.is_none() && self.revision.is_some() {
            self.asked = Some(monotonic);
        }
        if !at_once && !self.is_due(monotonic) {
            return None;
        }
        self.asked = Some(monotonic);
        self.changes.mark_unchanged();
        match self.refresh().await {
            Ok(changed) => {
                self.is_failing = false;
                Some(changed)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "cannot read the projects; {}", self.goes_on);
                }
                None
            }
        }
    }

    #[must_use]
    pub const fn projects(&self) -> &Arc<[Arc<Project>]> {
        &self.projects
    }

    /// In the store's order. Whether a channel is stopped may be outdated.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    #[must_use]
    pub const fn has_closing_channels(&self) -> bool {
        self.closing
    }

    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}
