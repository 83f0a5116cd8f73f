//! The service: starts and stops all loops together.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::announce::{Announcement, withdraw};
use super::file::DatabaseFile;
use super::watch::{watch, watch_changes, watch_store};
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
        let mut loops = Loops { running: JoinSet::new(), stop };
        let Self { store, file, client, sender, ping, clock, liveness, retention } = self;
        let address = page.as_ref().and_then(|(web, listener)| Some(web.settings.address(listener.local_addr().ok()?, "")));
        if let Some((web, listener)) = page {
            loops.start("page", |stop| async move {
                web.serve(listener, async move { stop.asked().await }).await;
                Ok(())
            });
        }
        let pulse = Pulse { store: Arc::clone(&store), client: client.clone(), clock: clock.clone(), liveness: liveness.clone() };
        let verify = Verify { store: Arc::clone(&store), client, clock: clock.clone(), liveness: liveness.clone() };
        let notify = Notify { store: Arc::clone(&store), sender: Arc::clone(&sender), clock: clock.clone(), liveness: liveness.clone() };
        let (signs, at) = (liveness.clone(), clock.clone());
        let retain = retention::run(Arc::clone(&store), at, retention, move |at| signs.sign(Loop::Retention, at));
        loops.start(Loop::Pulse.name(), |stop| async move { Ok(pulse.run(stop.asked()).await?) });
        loops.start(Loop::Verify.name(), |stop| async move {
            verify.run(stop.asked()).await;
            Ok(())
        });
        loops.start(Loop::Notify.name(), |stop| async move {
            notify.run(stop.asked()).await;
            Ok(())
        });
        loops.start(Loop::Retention.name(), |stop| async move {
            tokio::select! {
                () = stop.asked() => Ok(()),
                never = retain => match never {},
            }
        });
        let page = address.clone().map(Announcement::of);
        // Tasks, because this future runs on a thread of its own: each time it is woken would be one more switch between threads.
        let mut watching = JoinSet::new();
        watching.spawn(never(watch(clock.clone(), liveness.clone())));
        watching.spawn(never(watch_changes(Arc::clone(&store))));
        watching.spawn(watch_store(Arc::clone(&store), liveness.clone(), file, page));
        if let Some(ping) = ping {
            watching.spawn(never(watch_over(ping, sender, clock, liveness)));
        }
        let ended = tokio::select! {
            ended = loops.all_ended() => ended,
            Some(gone) = watching.join_next() => Err(gone.map_or_else(|panic| anyhow!(panic), |gone| anyhow!(gone))),
        };
        watching.shutdown().await;
        if let Some(address) = address {
            withdraw(&store, &address).await;
        }
        ended
    }
}

struct Loops {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    stop: Stop,
}

impl Loops {
    fn start<F>(&mut self, name: &'static str, work: impl FnOnce(Stop) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let work = work(self.stop.clone());
        self.running.spawn(async move { (name, work.await) });
    }

    async fn all_ended(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.running.join_next().await {
            let (name, result) = ended.context("a loop panicked")?;
            result.with_context(|| format!("the loop {name} failed"))?;
            if !self.stop.is_asked() {
                return Err(anyhow!("the loop {name} ended by itself"));
            }
        }
        Ok(())
    }
}

async fn never<T>(work: impl Future<Output = Infallible>) -> T {
    match work.await {}
}
