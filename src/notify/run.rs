//! The loop: each second what is owed goes out; every half minute a sign that Heartbeat is alive goes into the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Sender;
use super::outbox::Outbox;
use crate::clock::Clock;
use crate::liveness::{Liveness, Loop};
use crate::message;
use crate::model::{Channel, ChannelKind, Message, Notification, Severity, Timestamp};
use crate::store::{ConfigSnapshot, Store, StoreError};

/// How often the outbox is looked into: a person is told at most so much later.
const EVERY: Duration = Duration::from_secs(1);
/// How often a sign of life is written.
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// No sign for longer than this: Heartbeat was down, and says so.
const DOWN_AFTER: Duration = Duration::from_mins(5);
/// How often an Alertmanager is told again that an incident is open: it forgets what nobody repeats.
const REPEAT_EVERY: Duration = Duration::from_mins(3);
/// How long a stop waits for messages that are under way.
const FAREWELL: Duration = Duration::from_secs(5);

/// What telling needs.
#[derive(Clone)]
pub struct Notify {
    /// Where notifications come from.
    pub store: Arc<Store>,
    /// Delivers.
    pub sender: Arc<Sender>,
    /// The time.
    pub clock: Clock,
    /// Where it gives its sign of life.
    pub liveness: Liveness,
}

impl Notify {
    /// Tells until `stop`. Trouble with the store, also at the start, is logged and waited out: what is owed stays owed.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut config_snapshot =
            ConfigSnapshot::new(Arc::clone(&self.store), "telling goes on to the channels known so far").with_channels();
        let mut outbox = Outbox::default();
        tokio::select! {
            () = stop => {}
            () = async {
                self.begin(&mut config_snapshot).await;
                self.walk(&mut config_snapshot, &mut outbox).await;
            } => {}
        }
        if self.clock.timeout(FAREWELL, outbox.finish()).await.is_err() {
            tracing::info!("stopped before every message was taken; what was not is sent again, with the same id");
        }
    }

    /// Reads whom to tell, and says when we were down; again each second until the store lets it.
    async fn begin(&self, config_snapshot: &mut ConfigSnapshot) {
        let mut ails = false;
        loop {
            let begin = async {
                config_snapshot.refresh().await?;
                self.say_when_we_were_down(config_snapshot, self.store.last_sign_of_life().await?).await
            };
            match begin.await {
                Ok(()) => return,
                Err(error) if !std::mem::replace(&mut ails, true) => {
                    tracing::error!(%error, "cannot read whom to tell; it is tried again every second");
                }
                Err(_) => {}
            }
            self.clock.sleep(EVERY).await;
        }
    }

    async fn walk(&self, config_snapshot: &mut ConfigSnapshot, outbox: &mut Outbox) {
        let mut passed = (self.clock.now(), self.clock.uptime());
        let (mut signed, mut repeated) = (None::<Timestamp>, self.clock.now());
        let (mut ails, mut repeating) = (false, JoinSet::new());
        loop {
            config_snapshot.refresh_when_due(self.clock.monotonic(), false).await;
            let (now, up) = (self.clock.now(), self.clock.uptime());
            let round = async {
                // The machine slept, this process stood still, or the wall was stepped: nobody else can say so.
                if up.saturating_sub(passed.1) > DOWN_AFTER {
                    self.say_when_we_were_down(config_snapshot, Some(passed.0)).await?;
                } else if now.since(passed.0) > DOWN_AFTER {
                    self.say_of_ourselves(config_snapshot, "clock jumped from", passed.0, message::jumped(passed.0, now)).await?;
                }
                outbox.collect()?;
                let closing = self.close_alerts(config_snapshot, now).await?;
                outbox.empty(self, config_snapshot.channels(), &closing, now).await?;
                if signed.is_none_or(|signed| now < signed || now.since(signed) >= SIGN_EVERY) {
                    self.tell_what_is_mended(now).await?;
                    self.store.sign_of_life(now).await?;
                    signed = Some(now);
                }
                Ok::<_, StoreError>(())
            };
            match round.await {
                Ok(()) => {
                    self.liveness.sign(Loop::Notify, now);
                    ails = false;
                }
                Err(error) if !std::mem::replace(&mut ails, true) => {
                    tracing::error!(%error, "cannot work on the outbox; it is tried again every second");
                }
                Err(_) => {}
            }
            passed = (now, up);
            if let Some(Err(panic)) = repeating.try_join_next() {
                std::panic::resume_unwind(panic.into_panic());
            }
            // Beside the loop: a receiver that hangs must not keep the others waiting.
            if (now < repeated || now.since(repeated) >= REPEAT_EVERY) && repeating.is_empty() {
                repeated = now;
                let channels = forgetful(config_snapshot);
                if !channels.is_empty() {
                    repeating.spawn(self.clone().repeat_what_is_open(channels, config_snapshot.projects().to_vec()));
                }
            }
            self.clock.sleep(EVERY).await;
        }
    }

    /// Owes every channel a word on a time in which Heartbeat gave no sign of life. Written before the next sign: repeated after a crash
    /// it is the same notification.
    async fn say_when_we_were_down(&self, config_snapshot: &ConfigSnapshot, last: Option<Timestamp>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(last) = last.filter(|last| now.since(*last) > DOWN_AFTER) else { return Ok(()) };
        self.say_of_ourselves(config_snapshot, "down since", last, message::returned(last, now)).await
    }

    /// Owes every channel a word of ours, and gives a sign of life behind it.
    async fn say_of_ourselves(
        &self,
        config_snapshot: &ConfigSnapshot,
        what: &str,
        since: Timestamp,
        message: Message,
    ) -> Result<(), StoreError> {
        tracing::warn!("{}", message.title);
        let about = format!("{what} {}", since.ms());
        let told = config_snapshot.channels().iter().filter(|channel| channel.spec.wants(None, Severity::Warning));
        let queued: Vec<Notification> = told.map(|channel| Notification::queued(channel.id, None, &about, 0, message.clone())).collect();
        if !queued.is_empty() {
            self.store.owe(&queued).await?;
        }
        self.store.sign_of_life(self.clock.now()).await
    }
}

/// The channels that forget what nobody repeats.
fn forgetful(config_snapshot: &ConfigSnapshot) -> Vec<Channel> {
    let forgets = |channel: &&Channel| channel.spec.kind == ChannelKind::Alertmanager && channel.is_tried();
    config_snapshot.channels().iter().filter(forgets).cloned().collect()
}
