//! A service whose database is locked, full or gone says so, goes on beating, and catches up.

use std::process::Command;
use std::time::Duration;

use heartbeat::clock::Clock;
use heartbeat::model::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{Process, Said, Workdir, eventually, speed};
use crate::sandbox::Running;
use crate::support::postgres;

const SPEED: u32 = 60;

async fn beside_a_sandbox() -> (Workdir, Running) {
    let (workdir, sandbox) = (Workdir::new(), Running::start(Clock::fast(speed(SPEED))).await);
    workdir.settings(&sandbox.url, "");
    (workdir, sandbox)
}

fn run(workdir: &Workdir, database: &str) -> Process {
    workdir.start(&["run", "--config", "heartbeat.toml", "--speed", &SPEED.to_string(), "--database", database])
}

/// Waits until the sandbox has so many events more.
async fn more_beats(sandbox: &Running, more: usize, service: &Process) {
    let before = sandbox.events().await.len();
    eventually("beating goes on", || service.err.text(), async || sandbox.events().await.len() >= before + more).await;
}

/// Waits until everything that the sandbox holds, but the newest two beats, is on record as arrived, and no minute without a beat.
async fn caught_up(workdir: &Workdir, sandbox: &Running, service: &Process, database: &str) {
    let last = Said::default();
    let told = || format!("{}{}", last.text(), service.err.text());
    eventually("the record is complete again", told, async || {
        let held = sandbox.events().await.len();
        let beats = workdir.run(&["beats", "--json", "--since", "12h", "--speed", &SPEED.to_string(), "--database", database]).await;
        *last.0.lock().unwrap() = beats.out.clone().into_bytes();
        let beats = beats.json();
        // A start on a busy machine can take longer than a minute of a second: that one is nobody's but the start's.
        let from_first = || beats["items"].as_array().unwrap().iter().skip_while(|beat| beat["outcome"] == "not_sent");
        let count = |outcome: &str| from_first().filter(|beat| beat["outcome"] == outcome).count();
        count("arrived") + 2 >= held && count("not_sent") + count("lost") == 0
    })
    .await;
}

/// Another process that writes into the file, and does not end.
async fn lock(workdir: &Workdir, file: &str) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new().filename(workdir.path(file)).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_waits_for_a_locked_database_ends_at_a_signal() {
    let (workdir, _sandbox) = beside_a_sandbox().await;
    workdir.done(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00", "--database", "sqlite:heartbeat.db"]).await;
    let _other = lock(&workdir, "heartbeat.db").await;
    let mut service = run(&workdir, "sqlite:heartbeat.db");
    // The file that it waits for is open: it hears signals by now.
    let number = service.child.id();
    eventually(
        "it waits for the database",
        || service.err.text(),
        async || {
            let open = std::fs::read_dir(format!("/proc/{number}/fd")).unwrap();
            open.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok()).any(|file| file.ends_with("heartbeat.db"))
        },
    )
    .await;
    service.signal("TERM");
    let ended = service.end_within(Duration::from_secs(4)).await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.err.contains("stopped before the first beat"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_locked_is_reported() {
    let (workdir, _sandbox) = beside_a_sandbox().await;
    workdir.done(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00", "--database", "sqlite:heartbeat.db"]).await;
    let _other = lock(&workdir, "heartbeat.db").await;
    insta::assert_snapshot!(run(&workdir, "sqlite:heartbeat.db").end().await.shown(""), @r"
    exit 1
    --- err
    error: changing projects failed: another process has locked the database; find it (`fuser` on the file) or try again
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_others_lock_for_long_is_reported_and_caught_up_with() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let service = run(&workdir, "sqlite:heartbeat.db");
    more_beats(&sandbox, 1, &service).await;
    let other = lock(&workdir, "heartbeat.db").await;
    service.err.wait_for("cannot record capture results; they are held and retried every second").await;
    assert!(service.err.text().contains("another process has locked the database"), "{}", service.err.text());
    more_beats(&sandbox, 2, &service).await;
    other.close().await.unwrap();
    caught_up(&workdir, &sandbox, &service, "sqlite:heartbeat.db").await;
    // Writers that wait leave a connection to read with: no beat waited for them.
    assert!(!service.err.text().contains("the clock jumped ahead"), "{}", service.err.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_is_gone_is_reported_and_caught_up_with() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let database = postgres::fresh_database().await;
    let (server, name) = (database.replacen("/test_", "/postgres#", 1), database.split(['/', '?']).nth(3).unwrap().to_owned());
    let server = format!("{}?{}", server.split('#').next().unwrap(), database.split_once('?').unwrap().1);
    let mut service = run(&workdir, &database);
    more_beats(&sandbox, 1, &service).await;

    let mut administrator = PgConnection::connect(&server).await.unwrap();
    let mut say = async |statement: String| administrator.execute(AssertSqlSafe(statement)).await.unwrap();
    say(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    say(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    service.err.wait_for("cannot record capture results; they are held").await;
    more_beats(&sandbox, 2, &service).await;
    assert!(service.lives());
    say(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    caught_up(&workdir, &sandbox, &service, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_another_program_locks_cost_no_beat_and_are_reported() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let database = postgres::fresh_database().await;
    let service = run(&workdir, &database);
    more_beats(&sandbox, 1, &service).await;
    let mut other = PgConnection::connect(&database).await.unwrap();
    other.execute("BEGIN; LOCK TABLE heartbeat_meta, beats IN ACCESS EXCLUSIVE MODE").await.unwrap();
    service.err.wait_for("the store hangs: beats are sent on time").await;
    more_beats(&sandbox, 3, &service).await;
    service.err.wait_for("cannot record capture results; they are held").await;
    other.execute("ROLLBACK").await.unwrap();
    service.err.wait_for("the store answers again").await;
    caught_up(&workdir, &sandbox, &service, &database).await;
    assert!(!service.err.text().contains("the clock jumped ahead"), "{}", service.err.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_under_the_service_ends_it_with_a_word() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let mut service = run(&workdir, "sqlite:heartbeat.db");
    more_beats(&sandbox, 1, &service).await;
    std::fs::remove_file(workdir.path("heartbeat.db")).unwrap();
    let ended = service.end().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.err.contains("the database file heartbeat.db was deleted or moved away while it was in use"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_until_the_data_is_complete() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let service = run(&workdir, "sqlite:heartbeat.db");
    more_beats(&sandbox, 1, &service).await;
    let wait = async |at_least: Timestamp, more: &[&str]| {
        let (at_least, speed) = (at_least.to_string(), SPEED.to_string());
        let waits = ["wait-complete", "--project", "shop", "--at-least", &at_least, "--speed", &speed, "--database", "sqlite:heartbeat.db"];
        workdir.run(&[&waits, more].concat()).await
    };
    let now = || Clock::fast(speed(SPEED)).now();
    let reached = wait(now().plus(Duration::from_mins(2)), &["--timeout", "12h", "--json"]).await;
    assert_eq!(reached.code(), 0, "{reached:?}");
    let told = reached.json();
    assert!(told["reached"] == true && told["complete_through"].as_str() >= told["at_least"].as_str().map(|at| &at[..16]), "{told}");
    let far = wait(now().plus(Duration::from_hours(240)), &["--timeout", "1m"]).await;
    assert_eq!(far.code(), 1, "{far:?}");
    assert!(far.err.contains("waiting for") && far.err.contains("shop: not complete through"), "{far:?}");
    let wrong = workdir
        .run(&["wait-complete", "--project", "shpo", "--at-least", "2026-11-23T14:32:00Z", "--database", "sqlite:heartbeat.db"])
        .await;
    assert!(wrong.code() == 2 && wrong.err.contains("did you mean `shop`?"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_was_never_there_is_reported_without_its_password() {
    let (workdir, _sandbox) = beside_a_sandbox().await;
    let nobody = workdir.path("").display().to_string();
    let ended = run(&workdir, &format!("postgres://me:hunter2@localhost/beats?host={nobody}")).end().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(
        ended.err.contains("the database server postgres://localhost/beats cannot be used") && !ended.err.contains("hunter2"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported_and_caught_up_with() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    // No file may grow beyond this, which is what a full disk does to a file.
    let line = format!(
        "trap '' XFSZ; ulimit -S -f 600; exec {} run --config heartbeat.toml --speed {SPEED} --database sqlite:heartbeat.db",
        env!("CARGO_BIN_EXE_heartbeat")
    );
    let mut command = workdir.command("sh");
    command.args(["-c", &line]);
    let mut service = Process::start(command);
    service.err.wait_for("cannot record capture results; they are held").await;
    assert!(service.err.text().contains("check whether the disk is full or failing"), "{}", service.err.text());
    more_beats(&sandbox, 2, &service).await;
    assert!(service.lives());
    // Room again: nothing is left of the failure.
    let number = service.child.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &number]).status().unwrap().success());
    caught_up(&workdir, &sandbox, &service, "sqlite:heartbeat.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_first_user_costs_no_beat() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    workdir.done(&["apply", "heartbeat.toml", "--database", "sqlite:heartbeat.db"]).await;
    // As a full disk answers, which has room for what is there and for nothing more.
    let mut database = SqliteConnectOptions::new().filename(workdir.path("heartbeat.db")).connect().await.unwrap();
    database
        .execute("CREATE TRIGGER full BEFORE INSERT ON invitations BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
        .await
        .unwrap();
    database.close().await.unwrap();
    let workdir = workdir.with("HEARTBEAT_LISTEN", "127.0.0.1:0");
    let mut service = run(&workdir, "sqlite:heartbeat.db");
    service.err.wait_for("the link for the first user could not be created").await;
    more_beats(&sandbox, 2, &service).await;
    assert!(service.lives() && service.err.text().contains("The page is at"), "{}", service.err.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_not_ready_until_it_is_promoted_and_beats_are_recorded_then() {
    let (workdir, sandbox) = beside_a_sandbox().await;
    let primary = postgres::Server::empty();
    workdir.done(&["apply", "heartbeat.toml", "--database", &primary.address()]).await;
    let standby = primary.standby();
    // The primary is gone, and nobody has promoted the standby yet.
    drop(primary);
    let workdir = workdir.with("HEARTBEAT_LISTEN", "127.0.0.1:0");
    let mut service = run(&workdir, &standby.address());
    service.err.wait_for("The page is at").await;
    let said = service.err.text();
    let page = said.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:") && word.ends_with('/')).unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = async || {
        let answer = client.get(format!("{page}readyz")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, says) = ready().await;
    assert!(status == 503 && says.contains(r#""store":"cannot be written to""#), "{status} {says}");
    more_beats(&sandbox, 2, &service).await;
    service.err.wait_for("the store fails").await;
    let log = service.err.text();
    assert!(log.contains("read-only transaction") && log.lines().count() < 20, "the log is short: {log}");
    assert!(service.lives());

    let mut database = PgConnection::connect(&standby.address()).await.unwrap();
    database.execute("SELECT pg_promote(true)").await.unwrap();
    eventually("it is ready", || service.err.text(), async || ready().await.0 == 200).await;
    caught_up(&workdir, &sandbox, &service, &standby.address()).await;
}
