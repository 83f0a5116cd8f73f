//! The demo: a sandbox, a temporary store and the service, in one process.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;

use super::inbox::{Inbox, Receiver};
use super::{Service, web};
use crate::auth::draw;
use crate::clock::{Clock, Speed};
use crate::config::{USUAL_LISTEN, WebSettings};
use crate::lifecycle::Stop;
use crate::liveness::Liveness;
use crate::model::{
    ChannelKind, ChannelSpec, Digest, Events, HeartbeatApp, Host, IngestionAlertApp, PersonalKey, ProjectName, ProjectSpec, ProjectToken,
    Retention, Timing,
};
use crate::notify::{Sender, SenderSettings};
use crate::posthog;
use crate::sandbox::{self, Sandbox};
use crate::store::{self, SecretCipher, Store};
use crate::web::Web;

pub struct Demo {
    sandbox: Sandbox,
    address: String,
    page: (Web, TcpListener),
    link: String,
    store: Arc<Store>,
    clock: Clock,
    service: Service,
    listener: TcpListener,
    receiver: Receiver,
    folder: tempfile::TempDir,
}

impl Demo {
    /// Prepares sandbox, store, a project with both apps, and a channel whose messages are shown.
    pub async fn set_up(speed: Speed) -> anyhow::Result<Self> {
        let clock = Clock::fast_from_now(speed);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on 127.0.0.1 for the sandbox")?;
        let address = format!("http://{}", listener.local_addr()?);
        let sandbox = Sandbox::new(clock.clone());
        let folder = tempfile::Builder::new().prefix("heartbeat-demo-").tempdir().context("cannot create a temporary directory")?;
        let cipher = SecretCipher::from_key_file(&folder.path().join("heartbeat.key"))?;
        let database = folder.path().join("heartbeat.db");
        let store = store::open(&format!("sqlite:{}", database.display()), cipher).await?;
        store.apply(&[project(&address)?], &[], clock.now()).await?;
        let receiver = Receiver::bind().await?;
        store.apply_channels(&[channel(&receiver.address()?)?], &[]).await?;
        let client = posthog::Client::new(clock.clone(), &posthog::Settings::default())?;
        let liveness = Liveness::new(clock.clone());
        let sender = Arc::new(Sender::new(clock.clone(), &SenderSettings::default())?);
        let (store_of_service, retention) = (Arc::clone(&store), Retention::default());
        let service =
            Service { store: store_of_service, file: None, client, sender, ping: None, clock: clock.clone(), liveness, retention };
        let (page, link) = page(&service).await?;
        clear_faults(&sandbox)?;
        Ok(Self { sandbox, address, page, link, store, clock, service, listener, receiver, folder })
    }

    /// Starts sandbox and service in the background; `stop` ends them.
    #[must_use]
    pub fn start(self, stop: Stop) -> (Running, tokio::task::JoinHandle<anyhow::Result<()>>) {
        let Self { sandbox, address, page, link, store, clock, service, listener, receiver, folder } = self;
        let running = Running { sandbox: sandbox.clone(), address, link, store, clock, inbox: receiver.inbox(), _folder: folder };
        let work = tokio::spawn(async move {
            let serve = {
                let stop = stop.clone();
                async move { sandbox.serve(listener, async move { stop.asked().await }).await.context("the sandbox failed") }
            };
            let take = {
                let stop = stop.clone();
                receiver.serve(async move { stop.asked().await })
            };
            tokio::try_join!(serve, take, service.run_with(Some(page), stop)).map(|_| ())
        });
        (running, work)
    }
}

pub struct Running {
    pub sandbox: Sandbox,
    pub address: String,
    /// Link to the page, without a password.
    pub link: String,
    pub store: Arc<Store>,
    pub clock: Clock,
    pub inbox: Inbox,
    /// Contains the store, and is removed with this value: a second signal ends the background work before its end.
    _folder: tempfile::TempDir,
}

impl Running {
    /// Removes all faults except the demo's default.
    pub fn clear_faults(&self) -> anyhow::Result<()> {
        clear_faults(&self.sandbox)
    }
}

/// The page on its default port or any other, and a login link.
async fn page(service: &Service) -> anyhow::Result<((Web, TcpListener), String)> {
    let listener = match TcpListener::bind(USUAL_LISTEN).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on 127.0.0.1 for the page")?,
    };
    let code = draw().map_err(anyhow::Error::msg)?;
    let settings = WebSettings::default();
    let link = settings.address(listener.local_addr()?, &format!("/enter/{code}"));
    Ok(((Web { pass: Some(Digest::of(&code)), ..web(service, settings) }, listener), link))
}

/// No faults, but a realistic delay of ingestion.
fn clear_faults(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.clear_faults();
    sandbox.change_faults(&json!({"queue": {"lag_ms": 1800}}))?;
    Ok(())
}

/// The sandbox's project with all three events and short times.
fn project(address: &str) -> anyhow::Result<ProjectSpec> {
    let events = Events::parse("heartbeat + heartbeat_buffer + heartbeat_api").map_err(anyhow::Error::msg)?;
    Ok(ProjectSpec {
        personal_key: Some(PersonalKey::parse(sandbox::PERSONAL_KEY)?),
        timing: Timing { lost_after: Duration::from_mins(5), ..Timing::default() },
        heartbeat: Some(HeartbeatApp { events, ..HeartbeatApp::default() }),
        ingestion_alert: Some(alert()?),
        ..ProjectSpec::new(ProjectName::parse("demo")?, Host::parse(address)?, ProjectToken::parse(sandbox::TOKEN)?)
    })
}

/// Ingestion Alert with shorter times than the default.
fn alert() -> anyhow::Result<IngestionAlertApp> {
    let mut app = IngestionAlertApp::default();
    for (setting, value) in [("timeRange", "10"), ("lag_above", "2m"), ("blind", "3m")] {
        app.set(setting, value).map_err(anyhow::Error::msg)?;
    }
    Ok(app)
}

fn channel(address: &str) -> anyhow::Result<ChannelSpec> {
    let mut channel = ChannelSpec::new(ProjectName::parse("screen")?, ChannelKind::Webhook);
    channel.values.set("url", address);
    Ok(channel)
}
