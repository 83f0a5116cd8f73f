//! Reads the projects beside the schedule. A store that answers at once is waited for, so that a change counts from the same moment; one that hangs
//! costs a beat one short wait, and is listened to when it answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::model::Project;
use crate::store::ConfigSnapshot;

/// So long the schedule waits for the store, once; a store that answers later is listened to when it does. A beat must not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Scout {
    /// Here, unless it is being read.
    config_snapshot: Option<ConfigSnapshot>,
    reading: Option<JoinHandle<(ConfigSnapshot, bool)>>,
    /// Whether the store was waited for in vain, and has not answered since.
    hangs: bool,
}

impl Scout {
    pub(super) fn new(config_snapshot: ConfigSnapshot) -> Self {
        Self { config_snapshot: Some(config_snapshot), reading: None, hangs: false }
    }

    /// The projects, where somebody changed them; asked for when that is due.
    pub(super) async fn news(&mut self, monotonic: Duration) -> Option<Vec<Arc<Project>>> {
        if let Some(mut config_snapshot) = self.config_snapshot.take_if(|config_snapshot| config_snapshot.is_due(monotonic)) {
            self.reading = Some(tokio::spawn(async move {
                let changed = config_snapshot.refresh_when_due(monotonic, false).await == Some(true);
                (config_snapshot, changed)
            }));
        }
        let reading = self.reading.as_mut()?;
        let patience = if self.hangs { Duration::ZERO } else { PATIENCE };
        let Ok(read) = Clock::real_timeout(patience, reading).await else {
            if !std::mem::replace(&mut self.hangs, true) {
                tracing::error!(
                    "the store hangs: beats are sent on time, and recorded when it answers; projects are as they were known before"
                );
            }
            return None;
        };
        self.reading = None;
        if std::mem::replace(&mut self.hangs, false) {
            tracing::info!("the store answers again");
        }
        match read {
            Ok((config_snapshot, changed)) => {
                let projects = changed.then(|| config_snapshot.projects().to_vec());
                self.config_snapshot = Some(config_snapshot);
                projects
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// What the store says, if it says so in time; a store that hangs is not asked.
    pub(super) async fn within_patience<T>(&self, question: impl Future<Output = T>) -> Option<T> {
        if self.hangs { None } else { Clock::real_timeout(PATIENCE, question).await.ok() }
    }
}

impl Drop for Scout {
    fn drop(&mut self) {
        if let Some(reading) = &self.reading {
            reading.abort();
        }
    }
}
