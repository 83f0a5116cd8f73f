//! The web: pages for people, a JSON API that can do the same, metrics and health for machines, status pages and badges for strangers.
//!
//! Takes a listener and what the service has; gives answers. Pages are drawn by the server (`templates/`), work without script, and
//! ask nothing of any other host: everything is embedded. It reads through `report` and writes through `edit` and `access`; it knows
//! nothing of the loops but their signs of life.

mod accounts;
mod api;
mod assets;
mod channels;
mod control;
mod draw;
mod error;
mod etag;
mod figures;
mod form;
mod guard;
mod health;
mod incidents;
mod keys;
mod layout;
mod live;
mod mark;
mod metrics;
mod pages;
mod rejection;
mod router;
mod rules;
mod said;
mod server;
mod setup;
mod shown;
mod site;
mod status;
mod visitor;
mod when;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::WebSettings;
use crate::liveness::Liveness;
use crate::model::Digest;
use crate::notify::Sender;
use crate::posthog;
use crate::store::Store;

use site::Site;

mod words;
pub use api::description;
pub use server::ConnectionLimits;
pub use site::issuer;

/// How long answers that are under way may take once the end was asked for.
const END_WITHIN: Duration = Duration::from_secs(3);

/// Everything the page needs.
#[derive(Clone)]
pub struct Web {
    /// Where everything is remembered.
    pub store: Arc<Store>,
    /// Asks PostHog, when a person sets up a project.
    pub client: posthog::Client,
    /// Delivers test messages.
    pub sender: Arc<Sender>,
    /// The time.
    pub clock: Clock,
    /// The loops' signs of life.
    pub liveness: Liveness,
    /// How it is reached, and who is believed.
    pub settings: WebSettings,
    /// How many connections visitors may have, and for how long.
    pub limits: ConnectionLimits,
    /// A link that lets in without a password, as often as it is opened: for the demo alone.
    pub pass: Option<Digest>,
}

impl Web {
    /// Serves until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
        let (ending, ended) = watch::channel(false);
        let clock = self.clock.clone();
        let site = Arc::new(Site::new(self, ended.clone()));
        let (settings, limits) = (site.web.settings.clone(), site.web.limits);
        let router = router::router(site);
        // Streams end when they hear of it: an open page must not hold up the end, and a slow reader not for long.
        let stop = async move {
            stop.await;
            ending.send_replace(true);
        };
        let mut heard = ended;
        let long_ago = async move {
            let asked = heard.wait_for(|ended| *ended).await.is_ok();
            if asked {
                clock.sleep(clock.in_real(END_WITHIN)).await;
            }
        };
        tokio::select! {
            () = server::serve(listener, router, &settings, limits, stop) => {}
            () = long_ago => {}
        }
    }
}
