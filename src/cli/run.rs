//! `heartbeat run`: the service.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::explain::plainly;
use super::global::{Invocation, specs};
use crate::app;
use crate::clock::{Clock, Speed};
use crate::config::{Listen, Problem, Scope, Settings, certificate_problems};
use crate::lifecycle::{Lifecycle, Reload};
use crate::model::{Host, ProjectSpec, Role};
use crate::settings::{By, ChangeError, SettingsService};
use crate::store::Store;

/// Run the service: beat, look, judge, until it is stopped
///
/// Projects, channels and maintenance windows come from the store. With --config the file is applied at the start and again on SIGHUP (as `heartbeat apply` does it,
/// without --prune). With neither, but `POSTHOG_HOST`, `POSTHOG_PROJECT_API_KEY` and perhaps `POSTHOG_PERSONAL_API_KEY` in the environment,
/// it runs that one project, under the name `default`.
///
/// The page is served beside it (--listen). Its first start prints a link, good once, with which the first password is set.
///
/// SIGINT and SIGTERM stop it; a second one ends it at once.
#[derive(Debug, Args)]
pub struct Run {
    /// Run in fast time, against a `heartbeat sandbox` of the same speed; only for addresses on this machine
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Where the page listens: an address with a port, or `off` [default: `HEARTBEAT_LISTEN`, else the settings file, else 127.0.0.1:8400]
    #[arg(long, value_name = "ADDRESS", value_parser = Listen::parse)]
    pub listen: Option<Listen>,
}

/// What a service needs before it begins.
struct Prepared {
    settings: Settings,
    /// Where the page listens, where there is one.
    page: Option<TcpListener>,
    store: Arc<Store>,
    projects: Vec<ProjectSpec>,
}

impl Run {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let lifecycle = Lifecycle::listen()?;
        app::raise_descriptor_limit();
        let (clock, stop) = (Clock::fast(self.speed), lifecycle.stop());
        let Prepared { settings, page, store, projects } = tokio::select! {
            ready = self.prepare(invocation, &clock) => ready?,
            // A database that is locked, or far away, may take its time to open: who stops the service need not wait for that.
            () = stop.asked() => {
                tracing::info!("stopped before the first beat");
                return Ok(ExitCode::SUCCESS);
            }
        };
        if projects.is_empty() {
            invocation.screen.note(
                "There is no project yet. This goes on and waits for one: `heartbeat projects add`, or `heartbeat apply heartbeat.toml`.",
            )?;
        }
        if let Some(page) = &page {
            self.show_page(invocation, &settings, &store, &clock, page.local_addr()?).await?;
        }
        let service = app::service(&settings, store.clone(), clock.clone())?;
        let page = page.map(|page| (app::web(&service, settings.web.clone()), page));
        tracing::info!(projects = projects.len(), speed = %self.speed, database = %settings.database, "beating");
        let work = lifecycle.guard(service.run_with(page, stop));
        tokio::select! {
            ended = work => ended??,
            () = self.reload(invocation, lifecycle.reload(), &store, &clock) => {}
        }
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Reads the settings, takes the place where the page listens, opens the store, and puts into it what the settings name. A start that fails
    /// for want of that place has changed nothing.
    async fn prepare(&self, invocation: &Invocation, clock: &Clock) -> anyhow::Result<Prepared> {
        let settings = invocation.settings(Scope::Everything)?;
        app::check(&settings, clock)?;
        let page = app::listen(self.listen.unwrap_or(settings.web.listen)).await?;
        let store = app::open_store(&settings).await?;
        self.put(&settings, invocation, &store, clock).await?;
        let projects = specs(&store).await?;
        let names = projects.iter().map(|spec| &spec.name).collect::<Vec<_>>();
        for warning in certificate_problems(&invocation.environment).into_iter().chain(settings.web.unknown_metrics_projects(&names, "")) {
            tracing::warn!("{warning}");
        }
        Ok(Prepared { settings, page, store, projects })
    }

    /// Says where the page is; while nobody can log in, with the link that lets the first one in.
    async fn show_page(
        &self,
        invocation: &Invocation,
        settings: &Settings,
        store: &Arc<Store>,
        clock: &Clock,
        listens: SocketAddr,
    ) -> anyhow::Result<()> {
        let authenticator = app::authenticator(Arc::clone(store), clock.clone());
        let place = settings.web.address(listens, "/");
        // Before anybody reads it here: a command that prints an address then has this one.
        app::announce(store, &settings.web.address(listens, "")).await;
        // Where somebody else says who people are, there is a way in already.
        let has_other_way = settings.web.proxy.is_some() || settings.web.oidc.is_some();
        let invited = async {
            if has_other_way || !authenticator.is_new().await? {
                Ok(None)
            } else {
                authenticator.invite(None, Role::Editor).await.map(Some)
            }
        };
        let code = invited.await.unwrap_or_else(|error| {
            // A full disk, or a database that only reads: beats matter more than the page.
            tracing::error!(%error, "no link could be made for the first user; once the store works, `heartbeat users invite NAME` makes one");
            None
        });
        match code {
            Some(code) => {
                let link = settings.web.address(listens, &format!("/enter/{code}"));
                invocation.screen.line(format!("The page is at {place}. Set your password there, once and within a day:\n  {link}"))?;
            }
            None => invocation.screen.note(format!("The page is at {place}"))?,
        }
        Ok(())
    }

    /// Puts the settings' projects, channels and windows into the store; says what that changed.
    async fn put(&self, settings: &Settings, invocation: &Invocation, store: &Store, clock: &Clock) -> anyhow::Result<()> {
        let by = invocation.config().map_or_else(By::environment, |file| By::file(&file));
        let mut strangers = Vec::new();
        let settings_service = SettingsService::new(store, by, clock.now());
        let changes = settings_service.apply(|stored| {
            let plans = stored.plans(settings, false)?;
            let others = stored.projects.iter().filter(|known| plans.projects.put.iter().all(|desired| desired.name != known.name));
            self.reject_the_world(others.chain(&plans.projects.put))?;
            strangers = stored.strangers(&plans);
            Ok(plans)
        });
        let changes = changes.await.map_err(plainly)?;
        for stranger in strangers {
            tracing::warn!("{stranger}");
        }
        for change in changes {
            tracing::info!("{change}");
        }
        Ok(())
    }

    /// Fast time sends more than one event a real minute: never to a PostHog that is not on this machine.
    fn reject_the_world<'s>(&self, mut projects: impl Iterator<Item = &'s ProjectSpec>) -> Result<(), ChangeError> {
        if self.speed.is_real() {
            return Ok(());
        }
        let far = projects.find_map(|spec| spec.hosts().find(|host| !host.is_loopback()).map(|host: &Host| (&spec.name, host)));
        match far {
            Some((name, host)) => {
                let says = format!(
                    "--speed {} is only for addresses on this machine, and project {name} has `{host}`; leave --speed out, or start \
                     `heartbeat sandbox`",
                    self.speed
                );
                Err(Problem::whole("speed", says).into())
            }
            None => Ok(()),
        }
    }

    /// Applies the settings again whenever that is asked for, for ever. Wrong settings change nothing.
    async fn reload(&self, invocation: &Invocation, mut reload: Reload, store: &Store, clock: &Clock) {
        loop {
            reload.asked().await;
            let applied = match invocation.settings(Scope::Everything) {
                Ok(settings) => self.put(&settings, invocation, store, clock).await,
                Err(problems) => Err(problems.into()),
            };
            match applied {
                Ok(()) => tracing::info!("settings read again"),
                Err(error) => tracing::error!("the settings were not applied, and everything goes on as before: {error:#}"),
            }
        }
    }
}
