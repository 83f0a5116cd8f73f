//! A small world: a sandbox PostHog, a store, and Heartbeat between them, in a time that only the story moves.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use heartbeat::clock::{Clock, Hand};
use heartbeat::liveness::{Liveness, Loop};
use heartbeat::model::{
    Beat, Channel, ChannelKind, ChannelSpec, Events, HeartbeatApp, Host, Incident, IngestionAlertApp, Message, Minute, Notification,
    NotificationState, Outcome, PersonalKey, Project, ProjectName, ProjectSpec, ProjectToken, Recorded, RouteId, Timestamp,
};
use heartbeat::notify::{Notify, Sender, SenderSettings};
use heartbeat::posthog::{self, Client};
use heartbeat::pulse::Pulse;
use heartbeat::report::{self, Report};
use heartbeat::sandbox::{PERSONAL_KEY, Sandbox, TOKEN};
use heartbeat::store::{self, IncidentFilter, NotificationFilter, SecretCipher, Store};
use heartbeat::verify::Verify;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::receiver::Receiver;

/// When every story begins: 2027-01-15T08:00:00Z, a whole minute.
const BEGINNING: Timestamp = Timestamp::from_ms(1_800_000_000_000);
/// Nothing in a story takes longer than this in real time; what does, never happens.
const AT_MOST: Duration = Duration::from_secs(30);

/// The world, with Heartbeat running in it.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) hand: Hand,
    pub(crate) sandbox: Sandbox,
    pub(crate) address: String,
    pub(crate) store: Arc<Store>,
    pub(crate) liveness: Liveness,
    /// Who is notified, where a channel named `ops` leads there.
    pub(crate) ops: Receiver,
    /// The liveness of a second service on the same store, where there is one.
    second: Option<Liveness>,
    loops: Vec<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl World {
    /// One project with the events that are named, its Heartbeat on, without faults. Heartbeat is not running yet.
    pub(crate) async fn asleep(events: &str) -> Self {
        let (clock, hand) = Clock::hand(BEGINNING);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = Sandbox::new(clock.clone());
        tokio::spawn({
            let sandbox = sandbox.clone();
            async move { sandbox.serve(listener, std::future::pending()).await.unwrap() }
        });
        let folder = tempfile::tempdir().unwrap();
        let cipher = SecretCipher::from_key_file(&folder.path().join("key")).unwrap();
        let store = store::open(&format!("sqlite:{}", folder.path().join("heartbeat.db").display()), cipher).await.unwrap();
        let liveness = Liveness::new(clock.clone());
        let (ops, loops) = (Receiver::new(clock.clone()).await, Vec::new());
        let world = Self { clock, hand, sandbox, address, store, liveness, ops, second: None, loops, folder };
        world.store.apply(&[world.spec(events)], &[], world.clock.now()).await.unwrap();
        world
    }

    /// The same, with Heartbeat running.
    pub(crate) async fn new(events: &str) -> Self {
        let mut world = Self::asleep(events).await;
        world.wake_up().await;
        world
    }

    /// A project like the one with these events, but for what `change` makes of it, with Heartbeat started: its first beat may take
    /// the whole minute.
    pub(crate) async fn with(events: &str, change: impl FnOnce(&mut ProjectSpec)) -> Self {
        let mut world = Self::asleep(events).await;
        let mut spec = world.spec(events);
        change(&mut spec);
        world.apply(spec).await;
        world.start();
        world
    }

    /// The same project with Ingestion Alert, these settings changed, and a channel that is notified; both apps running, the first beat arrived.
    pub(crate) async fn alerting(events: &str, settings: &[(&str, &str)]) -> Self {
        Self::alerting_with(events, settings, |_, _| ()).await
    }

    /// The same, but for what `change` makes of the project.
    pub(crate) async fn alerting_with(events: &str, settings: &[(&str, &str)], change: impl FnOnce(&Self, &mut ProjectSpec)) -> Self {
        let mut world = Self::asleep(events).await;
        let mut spec = Self::alerted(world.spec(events), settings);
        change(&world, &mut spec);
        world.apply(spec).await;
        world.webhook("ops", &world.ops).await;
        world.wake_up().await;
        world
    }

    /// The project with Ingestion Alert installed.
    pub(crate) fn alerted(spec: ProjectSpec, settings: &[(&str, &str)]) -> ProjectSpec {
        let mut app = IngestionAlertApp::default();
        for (key, value) in settings {
            app.set(key, value).unwrap();
        }
        ProjectSpec { ingestion_alert: Some(app), ..spec }
    }

    /// Sets up a channel of this name that leads to `receiver`.
    pub(crate) async fn webhook(&self, name: &str, receiver: &Receiver) {
        self.channel(name, ChannelKind::Webhook, &[("url", &receiver.at("/"))]).await;
    }

    /// Sets up a channel.
    pub(crate) async fn channel(&self, name: &str, kind: ChannelKind, values: &[(&str, &str)]) {
        let mut channel = ChannelSpec::new(ProjectName::parse(name).unwrap(), kind);
        for (key, value) in values {
            channel.values.set(key, value);
        }
        self.store.apply_channels(&[channel], &[]).await.unwrap();
    }

    /// What `ops` got so far, oldest first, once what is queued by now is out; a second passes. Sending takes real time, and none of
    /// the story's.
    pub(crate) async fn told(&self) -> Vec<(Timestamp, Message)> {
        self.second_passes().await;
        self.ops.taken().into_iter().map(|told| (told.at, told.message())).collect()
    }

    /// A second passes, in which all goes out that is queued and can.
    pub(crate) async fn second_passes(&self) {
        self.advance_to(self.clock.now().plus(Duration::from_secs(1))).await;
    }

    /// Lets time pass until `until`. Where a channel is notified, what is queued goes out before any more time passes: sockets are real, and a
    /// receiver that answers at once is not to be found slow.
    async fn advance_to(&self, until: Timestamp) {
        self.hand.advance_to(until);
        if self.channels().await.is_empty() {
            return;
        }
        let is_out = async {
            for round in 1.. {
                if self.can_go_out(self.clock.now()).await.is_empty() {
                    return;
                }
                Clock::system().sleep(Duration::from_millis(2)).await;
                // A loop that was at work as the time was moved reads again a second later; so what was queued after it read goes out then.
                let was_at_work = self.liveness.last(Loop::Notify) < Some(self.clock.now());
                if round % if was_at_work { 20 } else { 100 } == 0 {
                    self.hand.advance(Duration::from_secs(1));
                }
            }
        };
        within("what is owed is out", is_out).await;
    }

    /// What is queued, due and held back by nothing: neither by a channel that does not deliver, nor by an earlier notification that waits.
    async fn can_go_out(&self, now: Timestamp) -> Vec<Notification> {
        let mut queued = self.notifications(NotificationState::Queued).await;
        if queued.is_empty() {
            return queued;
        }
        let delivers = |channel: &Channel| channel.spec.enabled && channel.is_tried();
        let delivering: HashSet<_> = self.channels().await.iter().filter(|channel| delivers(channel)).map(|channel| channel.id).collect();
        let mut waiting = HashSet::new();
        queued.retain(|notification| {
            let of = (notification.channel, notification.incident);
            let waits = notification.due > now || notification.incident.is_some() && waiting.contains(&of);
            if waits {
                waiting.insert(of);
            }
            !waits && delivering.contains(&notification.channel)
        });
        queued
    }

    /// All notifications that have come so far, oldest first.
    pub(crate) async fn notifications(&self, state: NotificationState) -> Vec<Notification> {
        let mut notifications =
            self.store.notifications(&NotificationFilter { state: Some(state), ..NotificationFilter::default() }).await.unwrap();
        notifications.reverse();
        notifications
    }

    pub(crate) async fn channels(&self) -> Vec<Channel> {
        self.store.channels().await.unwrap()
    }

    /// Lets `count` minutes pass also while capture fails: each with its beats on record, which may be tried again meanwhile, and its read-back.
    pub(crate) async fn bad_minutes(&self, count: i64) {
        for _ in 0..count {
            let now = self.clock.now();
            let minute = if Self::slot(now.minute()) > now { now.minute() } else { now.minute().plus(1) };
            self.advance_to(Self::slot(minute)).await;
            let routes = self.project().await.routes.len();
            let recorded = async {
                while self.store.recorded(minute).await.unwrap().len() < routes {
                    Clock::system().sleep(Duration::from_millis(2)).await;
                }
            };
            within("the minute's beats are on record", recorded).await;
            self.readback_passes(Self::slot(minute).plus(Duration::from_secs(20))).await;
        }
    }

    /// The titles of all that was sent so far.
    pub(crate) async fn titles(&self) -> Vec<String> {
        self.told().await.into_iter().map(|(_, message)| message.title).collect()
    }

    /// Of all that was sent so far, the kinds: `opened reminder resolved`.
    pub(crate) async fn kinds(&self) -> String {
        self.second_passes().await;
        self.ops.kinds()
    }

    /// All incidents on record, oldest first.
    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let mut all = self.store.incidents(&IncidentFilter::default()).await.unwrap();
        all.reverse();
        all
    }

    /// Lets minutes pass until something was sent that `is` it; gives when it was sent, and what. At most so many minutes.
    pub(crate) async fn until_told(&self, what: &str, at_most: i64, is: impl Fn(&Message) -> bool) -> (Timestamp, Message) {
        for _ in 0..at_most {
            if let Some(found) = self.told().await.into_iter().find(|(_, message)| is(message)) {
                return found;
            }
            self.bad_minutes(1).await;
        }
        panic!("within {at_most} minutes nobody was told {what}; incidents: {:#?}", self.incidents().await)
    }

    /// The project as a person would set it up.
    pub(crate) fn spec(&self, events: &str) -> ProjectSpec {
        ProjectSpec {
            personal_key: Some(PersonalKey::parse(PERSONAL_KEY).unwrap()),
            heartbeat: Some(HeartbeatApp { events: Events::parse(events).unwrap(), ..HeartbeatApp::default() }),
            ..ProjectSpec::new(
                ProjectName::parse("story").unwrap(),
                Host::parse(&self.address).unwrap(),
                ProjectToken::parse(TOKEN).unwrap(),
            )
        }
    }

    /// Starts the loops, and waits until what is due at once is on record.
    pub(crate) async fn wake_up(&mut self) {
        self.start();
        self.pulse_reached(self.clock.now()).await;
    }

    /// Starts the loops.
    pub(crate) fn start(&mut self) {
        self.liveness = Liveness::new(self.clock.clone());
        let (client, liveness) = (Client::new(self.clock.clone(), &posthog::Settings::default()).unwrap(), self.liveness.clone());
        let pulse = Pulse { store: Arc::clone(&self.store), client, clock: self.clock.clone(), liveness };
        self.loops.push(tokio::spawn(async move { pulse.run(std::future::pending()).await.unwrap() }));
        self.start_to_readback_and_tell(self.liveness.clone());
    }

    /// Starts to read back and to notify a second time, as another service on the same store does.
    pub(crate) fn start_second(&mut self) {
        let liveness = Liveness::new(self.clock.clone());
        self.second = Some(liveness.clone());
        self.start_to_readback_and_tell(liveness);
    }

    fn start_to_readback_and_tell(&mut self, liveness: Liveness) {
        let client = Client::new(self.clock.clone(), &posthog::Settings::default()).unwrap();
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        let verify = Verify { store: Arc::clone(&store), client, clock: clock.clone(), liveness: liveness.clone() };
        let sender = Arc::new(Sender::new(clock.clone(), &SenderSettings::default()).unwrap());
        let notify = Notify { store, sender, clock, liveness };
        self.loops.push(tokio::spawn(async move { verify.run(std::future::pending()).await }));
        self.loops.push(tokio::spawn(async move { notify.run(std::future::pending()).await }));
    }

    /// Ends the loops as a crash would: between any two steps, nothing is finished.
    pub(crate) async fn crash(&mut self) {
        for task in self.loops.drain(..) {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled(), "a loop had ended before");
        }
    }

    /// Changes the faults.
    pub(crate) fn faults(&self, change: &Value) {
        self.sandbox.change_faults(change).unwrap();
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("heartbeat.db"));
        file.connect().await.unwrap().execute(sql).await.unwrap();
    }

    /// Puts the project into the store as it should be from now on.
    pub(crate) async fn apply(&self, spec: ProjectSpec) {
        self.store.apply(&[spec], &[], self.clock.now()).await.unwrap();
    }

    pub(crate) async fn project(&self) -> Project {
        self.store.projects().await.unwrap().remove(0)
    }

    /// The slot of a minute.
    pub(crate) fn slot(minute: Minute) -> Timestamp {
        Beat::slot(&ProjectToken::parse(TOKEN).unwrap(), minute)
    }

    /// Lets `count` minutes pass, each with its beats and its read-back.
    pub(crate) async fn minutes(&self, count: i64) {
        // Sockets are real: a beat or a read-back that is under way and not answered while the story's time runs on would be given up.
        self.pulse_reached(self.clock.now()).await;
        self.readback_passes(self.clock.now()).await;
        for _ in 0..count {
            let now = self.clock.now();
            let readback = Self::slot(now.minute()).plus(Duration::from_secs(20));
            if (Self::slot(now.minute())..readback).contains(&now) {
                self.readback_passes(readback).await;
            }
            let next = if Self::slot(now.minute()) > now { now.minute() } else { now.minute().plus(1) };
            self.advance_to(Self::slot(next)).await;
            self.pulse_reached(Self::slot(next)).await;
            self.readback_passes(Self::slot(next).plus(Duration::from_secs(20))).await;
        }
    }

    /// Lets time pass until `until`, and whatever look is due by then.
    pub(crate) async fn readback_passes(&self, until: Timestamp) {
        self.advance_to(until).await;
        for liveness in std::iter::once(&self.liveness).chain(&self.second) {
            within("verify has done what was due", liveness.reached(Loop::Verify, until)).await;
        }
    }

    /// Waits until the pulse has sent and recorded all that was due up to `until`.
    pub(crate) async fn pulse_reached(&self, until: Timestamp) {
        within("the pulse has done what was due", self.liveness.reached(Loop::Pulse, until)).await;
    }

    /// Lets a second pass at a time until `done`.
    pub(crate) async fn seconds_until(&self, what: &str, mut done: impl AsyncFnMut(&Self) -> bool) {
        let wait = async {
            while !done(self).await {
                self.hand.advance(Duration::from_secs(1));
                // Sockets are real: they get a moment of real time for each second of the story's.
                Clock::system().sleep(Duration::from_millis(2)).await;
            }
        };
        within(what, wait).await;
    }

    /// All beats on record, oldest first.
    pub(crate) async fn beats(&self) -> Vec<Recorded> {
        let ids: Vec<RouteId> = self.project().await.routes.iter().map(|route| route.id).collect();
        let now = self.clock.now().minute();
        self.store.beats(&ids, BEGINNING.minute().plus(-60), now.plus(24 * 60)).await.unwrap()
    }

    /// The outcomes on record, one letter a beat: A arrived, L late, w awaiting, X lost, R rejected, U unreachable, ? unverified, _ not sent.
    /// A minute without a row, between others, is a blank.
    pub(crate) async fn outcomes(&self) -> String {
        let beats = self.beats().await;
        let (Some(first), Some(last)) = (beats.first().map(|beat| beat.minute), beats.last().map(|beat| beat.minute)) else {
            return String::new();
        };
        let mut letters = String::new();
        for minute in first.until(last.plus(1)) {
            let here = beats.iter().filter(|beat| beat.minute == minute);
            let before = letters.len();
            letters.extend(here.map(|beat| match beat.outcome {
                Outcome::Arrived => 'A',
                Outcome::Late => 'L',
                Outcome::Awaiting => 'w',
                Outcome::Lost => 'X',
                Outcome::Rejected => 'R',
                Outcome::Unreachable => 'U',
                Outcome::Unverified => '?',
                Outcome::NotSent => '_',
            }));
            if letters.len() == before {
                letters.push(' ');
            }
        }
        letters
    }

    pub(crate) async fn report(&self) -> Report {
        let readback = self.store.readbacks().await.unwrap().pop();
        report::report(&self.store, Arc::new(self.project().await), readback, self.clock.now()).await.unwrap()
    }

    pub(crate) async fn verdict(&self) -> String {
        self.report().await.verdict.to_string()
    }

    /// What the sandbox received: every event, as `GET /_sandbox/events` shows it.
    pub(crate) async fn received(&self) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/_sandbox/events", self.address)).await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }

    /// How often each minute's beats came in, by the minute of the events' timestamps: every uuid once counted.
    pub(crate) async fn uuids_per_minute(&self) -> std::collections::BTreeMap<i64, std::collections::BTreeSet<String>> {
        let mut minutes = std::collections::BTreeMap::<i64, std::collections::BTreeSet<String>>::new();
        for event in self.received().await {
            let at: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
            let uuid = event["uuid"].as_str().unwrap().to_owned();
            minutes.entry(Timestamp::from_ms(at.as_millisecond()).minute().index()).or_default().insert(uuid);
        }
        minutes
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for task in &self.loops {
            task.abort();
        }
    }
}

/// Waits for `work`, and says what did not happen when it takes too long in real time.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    Clock::system().timeout(AT_MOST, work).await.unwrap_or_else(|_| panic!("within {AT_MOST:?} it did not happen that {what}"))
}
