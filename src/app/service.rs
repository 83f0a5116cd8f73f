//! The service: starts and stops all loops together.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::announce::{keep_announcing, withdraw};
use super::file::DatabaseFile;
use super::watch::{watch, watch_store};
use crate::clock::Clock;
use crate::lifecycle::Stop;
use crate::liveness::{Liveness, Loop};
use crate::model::Retention;
use crate::notify::{Notify, Ping, Sender, watch_over};
use crate::posthog;
use crate::pulse::Pulse;
use crate::retention;
use crate::store::Store;
use crate::verify::Verify;
use crate::web::Web;

#[derive(Clone)]
pub struct Service {
    pub store: Arc<Store>,
    /// None for PostgreSQL.
    pub file: Option<DatabaseFile>,
    pub client: posthog::Client,
    pub sender: Arc<Sender>,
    pub ping: Option<Ping>,
    pub clock: Clock,
    pub liveness: Liveness,
    pub retention: Retention,
}

impl Service {
    /// Runs all loops until `stop`. If one loop ends by itself, all end with an error.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        self.run_with(None, stop).await
    }

    /// Also serves the page on this listener; the page counts as a loop.
    pub async fn run_with(self, page: Option<(Web, TcpListener)>, stop: Stop) -> anyhow::Result<()> {
        let mut loops: JoinSet<(&'static str, anyhow::Result<()>)> = JoinSet::new();
        let Self { store, file, client, sender, ping, clock, liveness, retention } = self;
        let address = page.as_ref().and_then(|(web, listener)| Some(web.settings.address(listener.local_addr().ok()?, "")));
        if let Some((web, listener)) = page {
            let stop = stop.clone();
            let asked = async move { stop.asked().await };
            loops.spawn(async move {
                web.serve(listener, asked).await;
                ("page", Ok(()))
            });
        }
        let watch = watch(clock.clone(), liveness.clone());
        let watch_store = watch_store(Arc::clone(&store), liveness.clone());
        let pings = ping.map(|ping| watch_over(ping, Arc::clone(&sender), clock.clone(), liveness.clone()));
        let (announced, of_page) = (address.clone(), Arc::clone(&store));
        let announcing = async move {
            match announced {
                Some(address) => keep_announcing(of_page, address).await,
                None => std::future::pending().await,
            }
        };
        let of_page = Arc::clone(&store);
        let lost = file.map(|file| file.lost(clock.clone()));
        let lost = async { if let Some(lost) = lost { lost.await } else { std::future::pending().await } };
        let pings = async { if let Some(pings) = pings { pings.await } else { std::future::pending().await } };
        let notify = Notify { store: Arc::clone(&store), sender, clock: clock.clone(), liveness: liveness.clone() };
        let pulse = Pulse { store: Arc::clone(&store), client: client.clone(), clock: clock.clone(), liveness: liveness.clone() };
        let verify = Verify { store: Arc::clone(&store), client, clock: clock.clone(), liveness: liveness.clone() };
        start(&mut loops, Loop::Pulse, {
            let stop = stop.clone();
            async move { Ok(pulse.run(stop.asked()).await?) }
        });
        start(&mut loops, Loop::Verify, {
            let stop = stop.clone();
            async move {
                verify.run(stop.asked()).await;
                Ok(())
            }
        });
        start(&mut loops, Loop::Notify, {
            let stop = stop.clone();
            async move {
                notify.run(stop.asked()).await;
                Ok(())
            }
        });
        start(&mut loops, Loop::Retention, {
            let stop = stop.clone();
            async move {
                tokio::select! {
                    () = stop.asked() => Ok(()),
                    never = retention::run(store, clock, retention, move |at| liveness.sign(Loop::Retention, at)) => match never {},
                }
            }
        });
        let all_ended = async {
            while let Some(ended) = loops.join_next().await {
                let (of, result) = ended.context("a loop panicked")?;
                result.with_context(|| format!("the loop {of} failed"))?;
                if !stop.is_asked() {
                    return Err(anyhow!("the loop {of} ended by itself"));
                }
            }
            Ok(())
        };
        let ended = tokio::select! {
            ended = all_ended => ended,
            never = announcing => match never {},
            never = watch => match never {},
            never = watch_store => match never {},
            never = pings => match never {},
            gone = lost => Err(anyhow!(gone)),
        };
        if let Some(address) = address {
            withdraw(&of_page, &address).await;
        }
        ended
    }
}

fn start(
    loops: &mut JoinSet<(&'static str, anyhow::Result<()>)>,
    of: Loop,
    work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) {
    loops.spawn(async move { (of.name(), work.await) });
}
