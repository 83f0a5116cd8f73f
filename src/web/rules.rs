//! Rules, for pages and the API alike: which settings they are, and how they are tried over history: a few at once, beside the threads that
//! answer, and not for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::error::WebError;
use super::site::Site;
use crate::model::{AppKind, Field, IngestionAlertApp, Project};
use crate::settings::replay::{Replay, run};

/// So many replays run at once: each takes a processor for itself.
pub(super) const REPLAYS: usize = 2;
/// A replay that takes longer than this, in real time, is given up.
const LONGEST: Duration = Duration::from_secs(20);

/// The settings that say what trouble is: those of the rules, and what they watch.
pub(super) fn settings() -> impl Iterator<Item = &'static Field> {
    let is_rule = |setting: &&Field| is_of_rules(setting.key);
    AppKind::IngestionAlert.settings().iter().filter(is_rule)
}

/// Whether a setting is one of those.
pub(super) fn is_of_rules(key: &str) -> bool {
    matches!(key, "timeRange" | "watch") || IngestionAlertApp::rule_of(key).is_some()
}

/// What the rules of `app` would have said of the last `since`.
pub(super) async fn replay(site: &Site, project: Arc<Project>, app: IngestionAlertApp, since: Duration) -> Result<Replay, WebError> {
    let full = || WebError::Busy("others are trying rules just now; try again in some seconds".to_owned());
    let place = Arc::clone(&site.replays).try_acquire_owned().map_err(|_| full())?;
    let (store, clock, to) = (Arc::clone(&site.web.store), site.web.clock.clone(), site.now());
    let threads = Handle::current();
    let work = spawn_blocking(move || {
        // Given back when the work ends, also when nobody waits for it any more.
        let _place = place;
        threads.block_on(async move {
            // A day is run at a stretch, so that it is heard of the end between two days.
            tokio::select! {
                replayed = run(&store, &project, &app, (to.minus(since), to), |_| {}) => replayed.map(Some),
                () = clock.sleep(clock.in_real(LONGEST)) => Ok(None),
            }
        })
    });
    match work.await {
        Ok(Ok(Some(replayed))) => Ok(replayed),
        Ok(Ok(None)) => Err(WebError::Busy(format!("it takes longer than {} s; try less history", LONGEST.as_secs()))),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(WebError::Busy("the replay broke off".to_owned())),
    }
}
