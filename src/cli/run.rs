//! `heartbeat run`: the service.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::explain::explain;
use super::global::{Invocation, specs};
use crate::app;
use crate::auth::Authenticator;
use crate::clock::{Clock, Speed};
use crate::config::{Listen, Problem, Scope, Settings, certificate_problems};
use crate::lifecycle::{Hangup, Lifecycle, Reload};
use crate::model::{Host, ProjectSpec, Role};
use crate::settings::{By, ChangeError, SettingsService};
use crate::store::Store;

/// Run the service: send beats, read them back, notify, and serve the page
///
/// Projects, channels, maintenance windows and status pages come from the store. --config applies a settings file at the start and again on SIGHUP, like
/// `heartbeat apply` without --prune. Without a settings file, the variables `POSTHOG_HOST`, `POSTHOG_PROJECT_API_KEY` and (optional)
/// `POSTHOG_PERSONAL_API_KEY` define one project with the name `default`.
///
/// --listen sets the address of the page. The first start prints a one-time link to set the first password.
///
/// SIGINT and SIGTERM stop the service; a second signal ends it at once.
#[derive(Debug, Args)]
pub struct Run {
    /// Run in fast time, with a `heartbeat sandbox` of the same speed (only addresses on this machine)
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,

    /// Listen address of the page, with a port, or `off` [default: `HEARTBEAT_LISTEN`, else the settings file, else 127.0.0.1:8400]
    #[arg(long, value_name = "ADDRESS", value_parser = Listen::parse)]
    pub listen: Option<Listen>,
}

struct Prepared {
    settings: Settings,
    /// None when the page is off.
    page: Option<TcpListener>,
    store: Arc<Store>,
    projects: Vec<ProjectSpec>,
}

impl Prepared {
    /// Prints the address of the page, with a link to set the first password while there is no user.
    async fn show_page(&self, invocation: &Invocation, clock: &Clock, listens: SocketAddr) -> anyhow::Result<()> {
        let authenticator = Authenticator { store: Arc::clone(&self.store), clock: clock.clone() };
        let address = self.settings.web.address(listens, "/");
        // Stored before it is printed, so that other commands print this address too.
        app::announce(&self.store, &self.settings.web.address(listens, "")).await;
        // With a proxy or OIDC, users can already log in.
        let has_other_login = self.settings.web.proxy.is_some() || self.settings.web.oidc.is_some();
        let invitation = async {
            if has_other_login || !authenticator.is_new().await? {
                Ok(None)
            } else {
                authenticator.invite(None, Role::Editor).await.map(Some)
            }
        };
        let code = invitation.await.unwrap_or_else(|error| {
            // For example a full disk or a read-only database. Beats matter more than the page.
            tracing::error!(%error, "the link for the first user could not be created; when the store works again, run `heartbeat users invite NAME`");
            None
        });
        match code {
            Some(code) => {
                let link = self.settings.web.address(listens, &format!("/enter/{code}"));
                invocation
                    .screen
                    .line(format!("The page is at {address}. Set your password within a day with this one-time link:\n  {link}"))?;
            }
            None => invocation.screen.note(format!("The page is at {address}"))?,
        }
        Ok(())
    }
}

impl Run {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let lifecycle = Lifecycle::listen(Hangup::Reloads)?;
        app::raise_descriptor_limit();
        let (clock, stop) = (Clock::fast(self.speed), lifecycle.stop());
        let prepared = tokio::select! {
            ready = self.prepare(invocation, &clock) => ready?,
            // Opening a locked or remote database can take long; a stop signal must not wait for it.
            () = stop.asked() => {
                tracing::info!("stopped before the first beat");
                return Ok(());
            }
        };
        if prepared.projects.is_empty() {
            invocation.screen.note(
                "There is no project yet. The service waits for one: run `heartbeat projects add` or `heartbeat apply heartbeat.toml`.",
            )?;
        }
        if let Some(page) = &prepared.page {
            prepared.show_page(invocation, &clock, page.local_addr()?).await?;
        }
        let Prepared { settings, page, store, projects } = prepared;
        let service = app::service(&settings, store.clone(), clock.clone())?;
        let page = page.map(|page| (app::web(&service, settings.web.clone()), page));
        tracing::info!(projects = projects.len(), speed = %self.speed, database = %settings.database, "beating");
        let work = lifecycle.guard(service.run_with(page, stop));
        tokio::select! {
            ended = work => ended??,
            () = self.reload(invocation, lifecycle.reload(), &store, &clock) => {}
        }
        tracing::info!("stopped");
        Ok(())
    }

    /// The page's address is bound before the store is opened, so that a start that fails because the address is in use changes nothing.
    async fn prepare(&self, invocation: &Invocation, clock: &Clock) -> anyhow::Result<Prepared> {
        let settings = invocation.settings(Scope::Everything)?;
        app::check(&settings, clock)?;
        let page = app::listen(self.listen.unwrap_or(settings.web.listen)).await?;
        let store = app::open_store(&settings).await?;
        self.put(&settings, invocation, &store, clock).await?;
        let projects = specs(&store).await?;
        let unknown = settings.web.unknown_metrics_projects(&projects, "");
        for warning in certificate_problems(&invocation.environment).into_iter().chain(unknown) {
            tracing::warn!("{warning}");
        }
        Ok(Prepared { settings, page, store, projects })
    }

    /// Saves what the settings define in the store, and logs the changes.
    async fn put(&self, settings: &Settings, invocation: &Invocation, store: &Store, clock: &Clock) -> anyhow::Result<()> {
        let by = invocation.config().map_or_else(By::environment, |file| By::file(&file));
        let mut warnings = Vec::new();
        let settings_service = SettingsService::new(store, by, clock.now());
        let changes = settings_service.apply(|stored| {
            let plans = stored.plans(settings, false)?;
            let others = stored.projects.iter().filter(|stored| plans.projects.put.iter().all(|desired| desired.name != stored.name));
            self.reject_remote_hosts(others.chain(&plans.projects.put))?;
            warnings = stored.unknown_projects(&plans);
            Ok(plans)
        });
        let changes = changes.await.map_err(explain)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        for change in changes {
            tracing::info!("{change}");
        }
        Ok(())
    }

    /// Fast time sends more than one event per real minute, which no PostHog on another machine must receive.
    fn reject_remote_hosts<'s>(&self, mut projects: impl Iterator<Item = &'s ProjectSpec>) -> Result<(), ChangeError> {
        if self.speed.is_real() {
            return Ok(());
        }
        let remote = projects.find_map(|spec| spec.hosts().find(|host| !host.is_loopback()).map(|host: &Host| (&spec.name, host)));
        match remote {
            Some((name, host)) => {
                let problem = format!(
                    "--speed {} works only with addresses on this machine, but project {name} has `{host}`; omit --speed, or start \
                     `heartbeat sandbox`",
                    self.speed
                );
                Err(Problem::whole("speed", problem).into())
            }
            None => Ok(()),
        }
    }

    /// Applies the settings on each reload request. Wrong settings change nothing.
    async fn reload(&self, invocation: &Invocation, mut reload: Reload, store: &Store, clock: &Clock) {
        loop {
            reload.asked().await;
            let applied = match invocation.settings(Scope::Everything) {
                Ok(settings) => self.put(&settings, invocation, store, clock).await,
                Err(problems) => Err(problems.into()),
            };
            match applied {
                Ok(()) => tracing::info!("settings reloaded"),
                Err(error) => tracing::error!("the settings were not applied, and the service continues with the previous ones: {error:#}"),
            }
        }
    }
}
