//! The loop: sends queued notifications when they are due, and writes the last heartbeat of Heartbeat to the store every 30 seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Sender;
use super::outbox::Outbox;
use crate::clock::Clock;
use crate::liveness::{FirstError, Liveness, Loop};
use crate::message;
use crate::model::{Channel, ChannelKind, Message, Notification, Severity, Timestamp};
use crate::store::{ConfigSnapshot, Store, StoreError};

/// Between two rounds that find the same notification held up, and after a failure of the store.
const RETRY_EVERY: Duration = Duration::from_secs(1);
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// After a longer gap, Heartbeat notifies that it was down.
const DOWN_AFTER: Duration = Duration::from_mins(5);
/// Alertmanager expires an alert that is not sent again.
const REPEAT_EVERY: Duration = Duration::from_mins(3);
const FAREWELL: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Notify {
    pub store: Arc<Store>,
    pub sender: Arc<Sender>,
    pub clock: Clock,
    pub liveness: Liveness,
}

impl Notify {
    /// Runs until `stop`. Errors of the store, also at the start, are logged and retried: queued notifications stay queued.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut config_snapshot =
            ConfigSnapshot::new(Arc::clone(&self.store), "notifications go to the channels that were read last").with_channels();
        let mut outbox = Outbox::default();
        tokio::select! {
            () = stop => {}
            () = async {
                self.begin(&mut config_snapshot).await;
                self.run_rounds(&mut config_snapshot, &mut outbox).await;
            } => {}
        }
        if self.clock.timeout(FAREWELL, outbox.finish()).await.is_err() {
            tracing::info!("stopped before every message was accepted; the others are sent again with the same id");
        }
    }

    /// Reads the channels and notifies about downtime; retries each second until the store answers.
    async fn begin(&self, config_snapshot: &mut ConfigSnapshot) {
        let mut first_error = FirstError::default();
        loop {
            let begin = async {
                config_snapshot.refresh().await?;
                self.notify_about_downtime(config_snapshot, self.store.last_sign_of_life().await?).await
            };
            match begin.await {
                Ok(()) => return,
                Err(error) => first_error.log(&error, "cannot read the channels; retried every second"),
            }
            self.clock.sleep(RETRY_EVERY).await;
        }
    }

    async fn run_rounds(&self, config_snapshot: &mut ConfigSnapshot, outbox: &mut Outbox) {
        let mut passed = (self.clock.now(), self.clock.uptime());
        let (mut signed, mut repeated) = (None::<Timestamp>, self.clock.now());
        let (mut first_error, mut repeating) = (FirstError::default(), JoinSet::new());
        let mut changes = self.store.changes();
        // Whether the outbox, and stopped channels, may have changed since they were read.
        let (mut is_news, mut asks, mut asks_channels) = (true, true, true);
        let mut next = None::<Timestamp>;
        loop {
            config_snapshot.refresh_when_due(self.clock.monotonic(), false).await;
            let (now, up) = (self.clock.now(), self.clock.uptime());
            is_news |= changes.has_changed().unwrap_or(true) || !self.store.is_watched();
            changes.mark_unchanged();
            asks_channels |= is_news;
            asks |= std::mem::take(&mut is_news) || now < passed.0 || next.is_some_and(|next| next <= now);
            let round = async {
                // The machine slept, this process was suspended, or the clock was set: only this loop can notice.
                if up.saturating_sub(passed.1) > DOWN_AFTER {
                    self.notify_about_downtime(config_snapshot, Some(passed.0)).await?;
                } else if now.since(passed.0) > DOWN_AFTER {
                    self.notify_all_channels(config_snapshot, "clock jumped from", passed.0, message::jumped(passed.0, now)).await?;
                }
                outbox.collect()?;
                if asks {
                    let closing = self.close_alerts(config_snapshot, now).await?;
                    outbox.empty(self, config_snapshot.channels(), &closing, now).await?;
                    let due = self.store.next_due().await?.map(|due| due.max(now.plus(RETRY_EVERY)));
                    let closes = (!closing.is_empty()).then(|| now.plus(RETRY_EVERY));
                    next = due.into_iter().chain(closes).min();
                    asks = false;
                }
                if signed.is_none_or(|signed| now < signed || now.since(signed) >= SIGN_EVERY) {
                    if std::mem::take(&mut asks_channels) {
                        self.notify_about_resolved_channels(now).await?;
                    }
                    self.store.sign_of_life(now).await?;
                    signed = Some(now);
                }
                Ok::<_, StoreError>(signed.unwrap_or(now).plus(SIGN_EVERY))
            };
            let wake = match round.await {
                Ok(signs) => {
                    self.liveness.sign(Loop::Notify, now);
                    first_error.end();
                    next.into_iter().fold(signs, Timestamp::min)
                }
                Err(error) => {
                    first_error.log(&error, "cannot process the outbox; retried every second");
                    (asks, asks_channels) = (true, true);
                    now.plus(RETRY_EVERY)
                }
            };
            let wake = if config_snapshot.is_failing() { wake.min(now.plus(RETRY_EVERY)) } else { wake };
            passed = (now, up);
            if let Some(Err(panic)) = repeating.try_join_next() {
                std::panic::resume_unwind(panic.into_panic());
            }
            // In its own task: a receiver that hangs must not delay the others.
            if (now < repeated || now.since(repeated) >= REPEAT_EVERY) && repeating.is_empty() {
                repeated = now;
                let channels = forgetful(config_snapshot);
                if !channels.is_empty() {
                    repeating.spawn(self.clone().repeat_what_is_open(channels, config_snapshot.projects().to_vec()));
                }
            }
            tokio::select! {
                Ok(()) = changes.changed() => is_news = true,
                () = outbox.ended() => {}
                () = self.clock.wait(now, wake) => {}
            }
        }
    }

    /// Queued before the next heartbeat is written: repeated after a crash,
    /// it is the same notification.
    async fn notify_about_downtime(&self, config_snapshot: &ConfigSnapshot, last: Option<Timestamp>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(last) = last.filter(|last| now.since(*last) > DOWN_AFTER) else { return Ok(()) };
        self.notify_all_channels(config_snapshot, "down since", last, message::returned(last, now)).await
    }

    async fn notify_all_channels(
        &self,
        config_snapshot: &ConfigSnapshot,
        what: &str,
        since: Timestamp,
        message: Message,
    ) -> Result<(), StoreError> {
        tracing::warn!("{}", message.title);
        let about = format!("{what} {}", since.ms());
        let subscribed = config_snapshot.channels().iter().filter(|channel| channel.spec.wants(None, Severity::Warning));
        let queued: Vec<Notification> =
            subscribed.map(|channel| Notification::queued(channel.id, None, &about, 0, message.clone())).collect();
        self.store.owe(&queued).await?;
        self.store.sign_of_life(self.clock.now()).await
    }
}

fn forgetful(config_snapshot: &ConfigSnapshot) -> Vec<Channel> {
    let forgets = |channel: &&Channel| channel.spec.kind == ChannelKind::Alertmanager && channel.is_tried();
    config_snapshot.channels().iter().filter(forgets).cloned().collect()
}
