//! The web server: pages for users, a JSON API with the same features, metrics and health checks, and status pages and badges for the public.
//! Pages are rendered on the server (`templates/`), work without JavaScript, and load nothing from other hosts. It reads through `report`, changes
//! through `settings` and `auth`, and knows only the liveness of the loops.

mod accounts;
mod api;
mod assets;
mod caller;
mod channels;
mod code;
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
mod limiter;
mod live;
mod mark;
mod metrics;
mod pages;
mod part;
mod project_search;
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
mod words;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use site::Site;

pub use api::description;
pub use server::ConnectionLimits;
pub use site::{Web, issuer};

/// How long pending responses may take after the stop.
const END_WITHIN: Duration = Duration::from_secs(3);

impl Web {
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
        let (ending, ended) = watch::channel(false);
        let clock = self.clock.clone();
        let site = Arc::new(Site::new(self, ended.clone()));
        let (settings, limits) = (site.web.settings.clone(), site.web.limits);
        let router = router::router(site);
        // Live streams end at the stop: an open page must not delay it, and a slow reader only for `END_WITHIN`.
        let stop = async move {
            stop.await;
            ending.send_replace(true);
        };
        let mut heard = ended;
        let deadline = async move {
            let asked = heard.wait_for(|ended| *ended).await.is_ok();
            if asked {
                clock.sleep(clock.in_real(END_WITHIN)).await;
            }
        };
        tokio::select! {
            () = server::serve(listener, router, &settings, limits, stop) => {}
            () = deadline => {}
        }
    }
}
