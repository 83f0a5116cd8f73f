//! The page: where it listens, and the first way in.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::Service;
use super::descriptors::descriptor_limit;
use crate::auth::Authenticator;
use crate::clock::Clock;
use crate::config::{Listen, USUAL_LISTEN, WebSettings};
use crate::store::Store;
use crate::web::{ConnectionLimits, Web, issuer};

/// Listens for the page. Where nothing was said and the usual place is taken, there is no page, and the log says so: beats matter more.
///
/// # Errors
/// When it cannot listen where it was told to.
pub async fn listen(place: Listen) -> anyhow::Result<Option<TcpListener>> {
    match place {
        Listen::Off => Ok(None),
        Listen::At(address) => Ok(Some(bound(address).await?)),
        Listen::Usual => {
            let address = USUAL_LISTEN.parse().context("the usual place to listen is no address")?;
            let bound = bound(address).await;
            if let Err(why) = &bound {
                tracing::warn!("there is no page: {why:#}");
            }
            Ok(bound.ok())
        }
    }
}

async fn bound(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener
        .with_context(|| format!("the page cannot listen on {address}; give another place with --listen, or `--listen off` for no page"))
}

/// Whether the page can log people in as it is told to.
///
/// # Errors
/// When it is told to do it by single sign-on, and this program was built without.
pub(super) fn can_log_in(settings: &WebSettings, clock: &Clock) -> anyhow::Result<()> {
    Ok(issuer(settings, clock).map(drop)?)
}

/// Who lets people in.
#[must_use]
pub fn authenticator(store: Arc<Store>, clock: Clock) -> Authenticator {
    Authenticator { store, clock }
}

/// The page of a service.
#[must_use]
pub fn web(service: &Service, settings: WebSettings) -> Web {
    Web {
        store: Arc::clone(&service.store),
        client: service.client.clone(),
        sender: Arc::clone(&service.sender),
        clock: service.clock.clone(),
        liveness: service.liveness.clone(),
        settings,
        limits: ConnectionLimits::for_descriptors(descriptor_limit()),
        pass: None,
    }
}
