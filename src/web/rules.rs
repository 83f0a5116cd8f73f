//! Alert rules, for pages and API: their settings, and replays over history. Replays run beside the threads that answer, limited in number and time.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::error::WebError;
use super::site::Site;
use crate::model::{AppKind, Field, IngestionAlertApp, Project};
use crate::settings::replay::{Replay, run};

/// Real time after which a replay is cancelled.
const LONGEST: Duration = Duration::from_secs(20);

pub(super) fn settings() -> impl Iterator<Item = &'static Field> {
    let is_rule = |setting: &&Field| is_of_rules(setting.key);
    AppKind::IngestionAlert.settings().iter().filter(is_rule)
}

pub(super) fn is_of_rules(key: &str) -> bool {
    matches!(key, "timeRange" | "watch") || IngestionAlertApp::rule_of(key).is_some()
}

pub(super) async fn replay(site: &Site, project: Arc<Project>, app: IngestionAlertApp, since: Duration) -> Result<Replay, WebError> {
    let full = || WebError::Busy("too many replays are running; try again in a few seconds".to_owned());
    let place = Arc::clone(&site.replays).try_acquire_owned().map_err(|_| full())?;
    let (store, clock, to) = (Arc::clone(&site.web.store), site.web.clock.clone(), site.now());
    let threads = Handle::current();
    let work = spawn_blocking(move || {
        // Released when the work ends, even if the client has gone.
        let _place = place;
        threads.block_on(async move {
            // The replay yields after each day; the timeout takes effect there.
            tokio::select! {
                replayed = run(&store, &project, &app, (to.minus(since), to), |_| {}) => replayed.map(Some),
                () = clock.sleep(clock.in_real(LONGEST)) => Ok(None),
            }
        })
    });
    match work.await {
        Ok(Ok(Some(replayed))) => Ok(replayed),
        Ok(Ok(None)) => Err(WebError::Busy(format!("the replay takes longer than {} s; use a shorter time range", LONGEST.as_secs()))),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(WebError::Busy("the replay failed; the log has the details".to_owned())),
    }
}
