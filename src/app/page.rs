//! The page: its listener and its settings.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::Service;
use super::descriptors::descriptor_limit;
use crate::clock::Clock;
use crate::config::{Listen, USUAL_LISTEN, WebSettings};
use crate::web::{ConnectionLimits, Web, issuer};

/// Opens the listener. If the default port is taken, Heartbeat runs without a page and logs it: beats are more important.
pub async fn listen(place: Listen) -> anyhow::Result<Option<TcpListener>> {
    match place {
        Listen::Off => Ok(None),
        Listen::At(address) => Ok(Some(bound(address).await?)),
        Listen::Usual => {
            let address = USUAL_LISTEN.parse().context("the default address to listen on is not valid")?;
            let bound = bound(address).await;
            if let Err(why) = &bound {
                tracing::warn!("running without the page: {why:#}");
            }
            Ok(bound.ok())
        }
    }
}

async fn bound(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener
        .with_context(|| format!("the page cannot listen on {address}; give another address with --listen, or `--listen off` for no page"))
}

/// Fails if single sign-on is configured and this program was built without it.
pub(super) fn can_log_in(settings: &WebSettings, clock: &Clock) -> anyhow::Result<()> {
    Ok(issuer(settings, clock).map(drop)?)
}

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
