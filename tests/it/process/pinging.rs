//! The dead-man ping of a running service: each minute while all goes well, and no longer once its loops make no progress.

use std::time::Duration;

use heartbeat::clock::Clock;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::receiver::{Letter, Receiver};
use super::{Process, Workdir, eventually, speed};
use crate::sandbox::Running;
use crate::support::postgres;

const SPEED: u32 = 60;

struct Watched {
    workdir: Workdir,
    receiver: Receiver,
    _sandbox: Running,
}

impl Watched {
    /// A service is to call `path` while it is well.
    async fn at(path: &str) -> Self {
        let (sandbox, receiver) = (Running::start(Clock::fast(speed(SPEED))).await, Receiver::start().await);
        let workdir = Workdir::new().with("HEARTBEAT_DEAD_MAN_URL", &format!("{}{path}", receiver.url));
        workdir.settings(&sandbox.url, "");
        Self { workdir, receiver, _sandbox: sandbox }
    }

    fn start(&self) -> Process {
        let times = SPEED.to_string();
        self.workdir.start(&["run", "--config", "heartbeat.toml", "--database", "sqlite:heartbeat.db", "--speed", &times])
    }

    async fn pinged(&self, line: &str, after: usize, count: usize, by: &Process) {
        let pings = || self.receiver.letters().iter().skip(after).filter(|letter| letter.line == line).count();
        eventually(&format!("{count} pings {line} come"), || by.err.text(), async || pings() >= count).await;
    }

    fn lines(&self) -> Vec<String> {
        self.receiver.letters().into_iter().map(|Letter { line, .. }| line).collect()
    }

    /// Takes the database away: nobody else can write.
    async fn lock(&self) -> SqliteConnection {
        let mut other = SqliteConnectOptions::new().filename(self.workdir.path("heartbeat.db")).connect().await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        other
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_still_says_that_it_fails_until_it_goes_on() {
    const ALIVE: &str = "GET /ping/5eed-uuid";
    const FAIL: &str = "GET /ping/5eed-uuid/fail";
    let watched = Watched::at("/ping/5eed-uuid").await;
    let mut service = watched.start();
    watched.pinged(ALIVE, 0, 3, &service).await;
    assert_eq!(watched.lines()[..2], ["GET /ping/5eed-uuid/start", ALIVE]);
    assert!(!watched.lines().contains(&FAIL.to_owned()), "{:?}", watched.lines());

    let lock = watched.lock().await;
    watched.pinged(FAIL, 0, 3, &service).await;
    let lines = watched.lines();
    let first = lines.iter().position(|line| line == FAIL).unwrap();
    assert!(lines[first..].iter().all(|line| line == FAIL), "alive while it stands still: {lines:?}");
    assert!(service.err.text().contains("no dead-man ping: "), "{}", service.err.text());
    lock.close().await.unwrap();
    watched.pinged(ALIVE, lines.len(), 3, &service).await;
    assert!(service.lives());
    assert!(!service.err.text().contains("5eed-uuid"), "{}", service.err.text());
    service.signal("TERM");
    assert_eq!(service.end().await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_word_for_failing_nothing_comes_any_more() {
    let watched = Watched::at("/snitch?m=5eed").await;
    let service = watched.start();
    watched.pinged("GET /snitch?m=5eed", 0, 2, &service).await;
    let lock = watched.lock().await;
    service.err.wait_for("no dead-man ping: ").await;
    let before = watched.lines().len();
    let said = || service.err.text().matches("no dead-man ping: ").count();
    eventually("it stands still for minutes", || service.err.text(), async || said() >= 4).await;
    assert_eq!(watched.lines().len(), before, "{:?}", watched.lines());
    lock.close().await.unwrap();
    watched.pinged("GET /snitch?m=5eed", before, 2, &service).await;
    assert!(!watched.lines().iter().any(|line| line.contains("start") || line.contains("fail")), "{:?}", watched.lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_that_is_not_accepted_is_reported_once_and_changes_nothing_else() {
    let watched = Watched::at("/ping/5eed-uuid").await;
    watched.receiver.answer(Some(500));
    let mut service = watched.start();
    watched.pinged("GET /ping/5eed-uuid", 0, 3, &service).await;
    watched.receiver.answer(Some(200));
    service.err.wait_for("the dead-man ping is accepted again").await;
    assert_eq!(service.err.text().matches("the dead-man ping is not accepted: 500").count(), 1, "{}", service.err.text());
    assert!(service.lives() && !service.err.text().contains("5eed-uuid"), "{}", service.err.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_reported_within_half_a_minute() {
    let watched = Watched::at("/ping/5eed-uuid").await;
    let database = postgres::fresh_database().await;
    // In real time: the minutes of a loop are far away.
    let service = watched.workdir.start(&["run", "--config", "heartbeat.toml", "--database", &database]);
    watched.pinged("GET /ping/5eed-uuid/start", 0, 1, &service).await;
    service.err.wait_for("beating").await;
    let mut other = PgConnection::connect(&database).await.unwrap();
    other.execute("BEGIN; LOCK TABLE heartbeat_meta, beats IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (clock, failed) = (Clock::system(), "GET /ping/5eed-uuid/fail");
    let begun = clock.monotonic();
    watched.pinged(failed, 0, 1, &service).await;
    let took = clock.monotonic().saturating_sub(begun);
    assert!(took < Duration::from_secs(30), "{took:?}: {}", service.err.text());
    assert!(service.err.text().contains("no dead-man ping: the store fails"), "{}", service.err.text());
    other.execute("ROLLBACK").await.unwrap();
    service.err.wait_for("the store works again").await;
    assert_eq!(service.err.text().matches("the store fails: ").count(), 1, "{}", service.err.text());
}
