//! Reads the projects for the schedule. A fast store is waited for, so that changes apply at once; a slow one costs a beat one short wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::model::Project;
use crate::store::ConfigSnapshot;

const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Scout {
    config_snapshot: Option<ConfigSnapshot>,
    reading: Option<JoinHandle<(ConfigSnapshot, bool)>>,
    /// Whether the store did not answer in time and has not answered since.
    hangs: bool,
}

impl Scout {
    pub(super) fn new(config_snapshot: ConfigSnapshot) -> Self {
        Self { config_snapshot: Some(config_snapshot), reading: None, hangs: false }
    }

    /// Whether it is to be asked again soon: the store hangs or fails, or a change is still to be read.
    pub(super) fn is_waiting(&self) -> bool {
        self.config_snapshot.as_ref().is_none_or(|config_snapshot| config_snapshot.is_failing() || config_snapshot.has_changed())
    }

    pub(super) async fn news(&mut self, monotonic: Duration) -> Option<Arc<[Arc<Project>]>> {
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
                tracing::error!("the store hangs: beats are sent on time and recorded when it answers; the projects are those read last");
            }
            return None;
        };
        self.reading = None;
        if std::mem::replace(&mut self.hangs, false) {
            tracing::info!("the store answers again");
        }
        match read {
            Ok((config_snapshot, changed)) => {
                let projects = changed.then(|| Arc::clone(config_snapshot.projects()));
                self.config_snapshot = Some(config_snapshot);
                projects
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// The store's answer if it comes in time; a hanging store is not asked.
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
