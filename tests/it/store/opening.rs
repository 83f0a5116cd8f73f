//! Opening: what can be wrong with a database before anything is read from it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use heartbeat::model::{ChannelId, IncidentId, IncidentKind, IngestionAlertApp, ProjectId, ProjectSpec, Readback, RouteId};
use heartbeat::store::{IncidentFilter, OpenError, StoreError, open, open_within};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};

use super::bed::{Bed, cipher};
use super::samples::{START, awaiting, incident, open_incident, readback, set_up, set_up_channel, spec, webhook};

over_both!(
    unmigrated: many_that_start_at_once_bring_the_schema_up_once,
    a_newer_schema_is_rejected_and_left_alone,
    what_was_stored_is_there_when_it_is_opened_again,
    a_database_of_the_first_schema_keeps_everything,
);

async fn many_that_start_at_once_bring_the_schema_up_once(bed: Bed) {
    let opened = futures_util::future::join_all((0..8).map(|_| bed.try_open())).await;
    for (at, store) in opened.into_iter().enumerate() {
        let store = store.unwrap();
        assert_eq!(usize::try_from(store.revision().await.unwrap()).unwrap(), at);
        store.apply(&[spec("one")], &[], START.start()).await.unwrap();
    }
}

async fn a_newer_schema_is_rejected_and_left_alone(bed: Bed) {
    let store = bed.open().await;
    set_up(&store, spec("one")).await;
    store.close().await;
    bed.execute("UPDATE heartbeat_meta SET value = value + 90 WHERE name = 'schema'").await;
    let error = bed.try_open().await.err().unwrap();
    assert!(matches!(error, StoreError::Open(OpenError::Newer { found, known }) if found == known + 90), "{error:?}");
    assert!(error.to_string().ends_with("run the newer version that wrote it"), "{error}");
    bed.execute("UPDATE heartbeat_meta SET value = value - 90 WHERE name = 'schema'").await;
    assert_eq!(bed.open().await.projects().await.unwrap().len(), 1);
}

async fn what_was_stored_is_there_when_it_is_opened_again(bed: Bed) {
    let store = bed.open().await;
    let project = set_up(&store, spec("one")).await;
    let route = project.routes[0].id;
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    // Not closed: as after a kill.
    let again = bed.open().await;
    assert_eq!(again.projects().await.unwrap(), [project]);
    assert_eq!(again.beats(&[route], START, START.plus(1)).await.unwrap(), [awaiting(route, START)]);
}

/// What the first schema held: a project that beats, a beat, a read-back.
const FIRST: &str = "
    INSERT INTO projects (id, name, host, token, settings)
        VALUES (1, 'one', 'eu', 'phc_one', '{\"late_after\":\"2m\"}');
    INSERT INTO apps (project, kind, enabled, settings) VALUES (1, 'heartbeat', 1, '{\"events\":\"heartbeat\"}');
    INSERT INTO routes (id, project, name, event, endpoint, distinct_id, since_ms)
        VALUES (2, 1, 'heartbeat', 'heartbeat', 'v0', 'PostHog Heartbeat Plugin', 1782000000000);
    INSERT INTO switches (id, project, app, at_ms, turned_on) VALUES (3, 1, 'heartbeat', 1782000000000, 1);
    INSERT INTO beats (minute, route, outcome, tries, copies) VALUES (29700000, 2, 1, 1, 1);
    INSERT INTO readbacks (project, at_ms, others, newest_ms, last_good_ms, not_before_ms)
        VALUES (1, 1782000000001, 7, 1782000000001, 1782000000001, 1782000060001);
    UPDATE heartbeat_meta SET value = 4 WHERE name = 'next_id';
    UPDATE heartbeat_meta SET value = 1 WHERE name = 'revision';
    INSERT INTO heartbeat_meta (name, value) VALUES ('schema', 1);
";

async fn a_database_of_the_first_schema_keeps_everything(bed: Bed) {
    bed.execute("CREATE TABLE heartbeat_meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)").await;
    bed.execute(&bed.in_its_words(include_str!("../../../migrations/0001_schema.sql"))).await;
    bed.execute(FIRST).await;
    let store = bed.open().await;
    let project = store.projects().await.unwrap().remove(0);
    assert_eq!(project.spec, ProjectSpec { personal_key: None, ..spec("one") });
    assert_eq!((project.id, project.routes[0].id, project.on_since()), (ProjectId(1), RouteId(2), Some(START.start())));
    assert_eq!(store.beats(&[RouteId(2)], START, START.plus(1)).await.unwrap().len(), 1);
    let read_back = START.start().plus(Duration::from_millis(1));
    assert_eq!(store.readbacks().await.unwrap(), [Readback { posthog_id: None, ..readback(&project, read_back) }]);
    assert_eq!(store.samples(project.id, START, START.plus(1)).await.unwrap(), []);
    // And it goes on from there.
    let channel = set_up_channel(&store, webhook("ops")).await;
    assert_eq!((channel.id, store.revision().await.unwrap()), (ChannelId(4), 2));
    let open = open_incident(&store, incident(&project, IncidentKind::Ingestion, 0)).await;
    assert_eq!(open.id, Some(IncidentId(1)));
    let put = ProjectSpec { ingestion_alert: Some(IngestionAlertApp::default()), ..project.spec };
    let after = set_up(&store, put.clone()).await;
    assert_eq!((after.spec, after.routes), (put, project.routes));
    assert_eq!(bed.open().await.incidents(&IncidentFilter::default()).await.unwrap(), [open]);
}

async fn said(address: &str) -> String {
    open_within(address, cipher('A'), Duration::from_secs(2)).await.err().expect("it cannot be opened").to_string()
}

fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

#[tokio::test]
async fn the_directory_and_the_file_are_made_for_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "deep/er/heartbeat.db");
    let store = open(&path, cipher('A')).await.unwrap();
    set_up(&store, spec("one")).await;
    for file in fs::read_dir(folder.path().join("deep/er")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_file_where_a_directory_should_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let said = said(&at(&folder, "file/heartbeat.db")).await;
    assert!(said.contains("file/heartbeat.db cannot be used") && said.contains("must be writable"), "{said}");
}

#[tokio::test]
async fn a_directory_where_the_file_should_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = said(&folder.path().display().to_string()).await;
    assert!(said.contains("cannot be used"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear reader, this is no database. ".repeat(300);
    fs::write(&path, &letter).unwrap();
    let said = said(&path.display().to_string()).await;
    assert!(said.contains("letter.txt is not an SQLite database"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn the_database_of_another_program_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "notes.db");
    on_sqlite(&path, "CREATE TABLE notes (text TEXT)").await;
    let before = fs::read(&path).unwrap();
    assert!(said(&path).await.contains("notes.db is the database of another program"));
    assert_eq!(fs::read(&path).unwrap(), before, "nothing was written into it");
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "heartbeat.db");
    let store = open(&path, cipher('A')).await.unwrap();
    set_up(&store, spec("one")).await;
    store.close().await;
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..8192]).unwrap();
    for leftover in ["heartbeat.db-wal", "heartbeat.db-shm"] {
        let _ = fs::remove_file(folder.path().join(leftover));
    }
    let said = match open_within(&path, cipher('A'), Duration::from_secs(2)).await {
        Err(error) => error.to_string(),
        Ok(store) => store.projects().await.unwrap_err().to_string(),
    };
    assert!(said.contains("damaged; restore a backup"), "{said}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures how long SQLite really waits")]
async fn a_locked_database_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "heartbeat.db");
    let store = open_within(&path, cipher('A'), Duration::from_millis(300)).await.unwrap();
    let project = set_up(&store, spec("one")).await;
    let mut other = SqliteConnection::connect(&format!("sqlite:{path}")).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    let said = store.record(&[awaiting(project.routes[0].id, START)], &[]).await.unwrap_err().to_string();
    assert!(began.elapsed() >= Duration::from_millis(250), "it gave up after {:?}", began.elapsed());
    assert!(said.starts_with("recording beats failed: another process has locked the database"), "{said}");
    assert_eq!(store.projects().await.unwrap().len(), 1, "reading goes on meanwhile");
    other.execute("COMMIT").await.unwrap();
    store.record(&[awaiting(project.routes[0].id, START)], &[]).await.unwrap();
}

#[tokio::test]
async fn a_row_that_we_could_not_have_written_is_named() {
    let bed = Bed::sqlite();
    for (damage, says) in [
        (
            "UPDATE projects SET host = 'posthog.example.com'",
            "project one: its host in the database cannot be read: `posthog.example.com` has no protocol",
        ),
        ("UPDATE projects SET token = 'phx_secret'", "its project token in the database cannot be read: is a personal API key"),
        ("UPDATE projects SET settings = '{\"lost_after\":\"-1m\"}'", "its settings in the database cannot be read"),
        ("UPDATE projects SET personal_key = x'00'", "the personal API key of project one cannot be decrypted"),
        ("UPDATE projects SET personal_key = NULL, token = NULL", "NOT NULL"),
        ("UPDATE apps SET settings = '{'", "its app's settings in the database cannot be read"),
        ("UPDATE apps SET kind = 'alert'", "contains an app `alert`"),
        ("UPDATE apps SET settings = '{\"events\":\"heartbeat_api\"}'", "lacks `heartbeat_api`"),
        ("UPDATE routes SET endpoint = 'v9'", "route's endpoint"),
    ] {
        let store = bed.open().await;
        set_up(&store, spec("one")).await;
        let said = match bed.try_execute(damage).await {
            Err(error) => error.to_string(),
            Ok(()) => store.projects().await.unwrap_err().to_string(),
        };
        assert!(said.contains(says), "{damage}: {said}");
        store.close().await;
        fs::remove_file(bed.address.trim_start_matches("sqlite:")).unwrap();
    }
}

#[tokio::test]
async fn damaged_history_is_named_and_never_a_panic() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let route = set_up(&store, spec("one")).await.routes[0].id;
    store.record(&[awaiting(route, START)], &[]).await.unwrap();
    for (damage, mend) in [
        ("outcome = 99", "outcome = 3"),
        ("status = -1", "status = 200"),
        ("tries = 999", "tries = 1"),
        ("copies = -1", "copies = 0"),
        ("phases = x'ffff'", "phases = NULL"),
        ("outcome = 'text'", "outcome = 3"),
        ("sent_after_ms = 9223372036854775807", "sent_after_ms = 0"),
    ] {
        bed.execute(&format!("UPDATE beats SET {damage}")).await;
        match store.beats(&[route], START, START.plus(1)).await {
            Err(error) => assert!(matches!(error, StoreError::Damaged(_)), "{damage}: {error:?}"),
            Ok(beats) => assert_eq!(beats.len(), 1, "{damage}"),
        }
        bed.execute(&format!("UPDATE beats SET {mend}")).await;
    }
    assert_eq!(store.beats(&[route], START, START.plus(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    // Bound and never listened on, then let go: nobody answers on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = said(&format!("postgres://anna:hunter2@127.0.0.1:{port}/beats")).await;
    assert!(said.starts_with(&format!("the database server postgres://127.0.0.1:{port}/beats cannot be used")), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("anna"), "{said}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_without_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("postgres://anna:hunter2@{}/beats", silent.local_addr().unwrap());
    let said = open_within(&address, cipher('A'), Duration::from_millis(200)).await.err().unwrap().to_string();
    assert!(said.contains("did not answer within"), "{said}");
}

#[tokio::test]
async fn a_database_that_the_server_does_not_have_is_named() {
    let bed = Bed::postgres().await;
    let said = said(&bed.address.replace("/test_", "/no_such_")).await;
    assert!(said.contains("cannot be used: database \"no_such_"), "{said}");
}

async fn on_sqlite(path: &str, sql: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}
