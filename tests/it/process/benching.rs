//! `heartbeat bench` in fast time, with a real sink and a real service; and `bin/bench`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use heartbeat::cli::bench::Sink;
use heartbeat::clock::{Clock, Speed};
use heartbeat::model::{Arrival, Beat, Endpoint, Minute, PersonalKey, ProjectToken, Timestamp, Traffic};
use heartbeat::posthog::capture::{self, Event};
use heartbeat::posthog::query::{Answer, ProjectPath, Question, Watched, readback};
use heartbeat::posthog::{Client, Settings};
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::{Ended, Process, Workdir, eventually};
use crate::sandbox::Running;
use crate::support::postgres;

/// A minute takes three seconds: what a busy machine can do for a few projects.
const SPEED: &str = "20";

/// A folder of its own for temporary files, so that a test sees what is left there.
fn workdir() -> (Workdir, PathBuf) {
    let workdir = Workdir::new();
    let temporary = workdir.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let name = temporary.display().to_string();
    (workdir.with("TMPDIR", &name), temporary)
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().display().to_string()).collect()
}

fn bench(workdir: &Workdir, more: &[&str]) -> Process {
    workdir.start(&[&["bench", "--projects", "5", "--for", "2m", "--readback", "--speed", SPEED], more].concat())
}

/// The children of a process, with their command lines.
fn children(of: &Process) -> Vec<(u32, String)> {
    let parent = of.child.id().to_string();
    let is_child = |stat: &str| stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)) == Some(&parent);
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().display().to_string().parse().ok());
    let read = |number: u32, file: &str| fs::read_to_string(format!("/proc/{number}/{file}")).ok();
    processes
        .filter(|number| read(*number, "stat").is_some_and(|stat| is_child(&stat)))
        .filter_map(|number| Some((number, read(number, "cmdline")?.replace('\0', " "))))
        .collect()
}

/// Waits until the service runs; gives its number and that of the sink.
async fn service_and_sink(bench: &Process) -> (u32, u32) {
    let of = |part: &str| children(bench).into_iter().find(|(_, line)| line.contains(part)).map(|(number, _)| number);
    eventually("the service runs", || bench.err.text(), async || of(" run ").is_some()).await;
    (of(" run ").unwrap(), of(" bench sink ").unwrap())
}

fn lives(number: u32) -> bool {
    // A zombie has no command line: it is nobody's any more.
    fs::read_to_string(format!("/proc/{number}/cmdline")).is_ok_and(|line| line.contains("heartbeat"))
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {figures:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_beat_is_sent_recorded_and_read_back_and_nothing_is_left() {
    let (workdir, temporary) = workdir();
    // Nothing of these is used.
    let workdir = workdir.with("DATABASE_URL", "sqlite:mine.db").with("HEARTBEAT_CONFIG", "missing.toml");
    let ended = bench(&workdir, &["--json"]).end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    let figures = ended.json();
    for (name, is) in [("beats_expected", 10), ("beats_sent", 10), ("beats_recorded", 10), ("beats_read_back", 10), ("beats_missing", 0)] {
        assert_eq!(figures[name], is, "{name}: {figures:#}");
    }
    let lateness = ["lateness_p50_ms", "lateness_p99_ms", "lateness_p999_ms", "lateness_longest_ms"].map(|name| number(&figures, name));
    assert!(lateness.is_sorted() && lateness[0] > 0.0, "{lateness:?}");
    assert!(number(&figures, "memory_peak_bytes") > 1e6 && number(&figures, "processor_ms_per_minute") > 0.0, "{figures:#}");
    // Ten beats and their outcomes in two minutes of three seconds.
    assert!((2.0..=3.4).contains(&number(&figures, "rows_per_second")), "{figures:#}");
    assert!(figures["service_ended"].is_null() && figures["limited_by"].is_string(), "{figures:#}");
    assert!(ended.err.contains("minute 1 of 2: 5 of 5 beats sent, ") && ended.err.contains("minute 2 of 2: "), "{ended:?}");
    assert_eq!(names_in(&temporary), [""; 0]);
    assert!(!workdir.path("mine.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_read_backs_only_sending_is_measured_and_lines_are_for_people() {
    let (workdir, _) = workdir();
    let ended = workdir.run(&["bench", "--projects", "3", "--for", "1m", "--speed", SPEED, "--database", "sqlite:bench.db"]).await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.out.starts_with("3 projects, 1 minute after the first, without read-backs, SQLite, "), "{ended:?}");
    for line in
        ["\nbeats sent      3 of 3, ", "\nrecorded        3\n", "\nmissing         0\n", "\nlateness        p50 ", "\nlimited by      "]
    {
        assert!(ended.out.contains(line), "{line}: {ended:?}");
    }
    assert!(!ended.out.contains("read back ") && !workdir.path("bench.db").exists(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_that_the_sink_loses_are_missing() {
    let (workdir, _) = workdir();
    let ended = bench(&workdir, &["--lose", "3", "--json"]).end().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    let figures = ended.json();
    let [missing, read_back] = ["beats_missing", "beats_read_back"].map(|name| figures[name].as_u64().unwrap());
    assert!(figures["beats_sent"] == 10 && figures["beats_recorded"] == 10 && (3..=4).contains(&missing), "{figures:#}");
    assert_eq!(read_back + missing, 10, "{figures:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_is_reported_and_its_beats_are_missing() {
    let (workdir, temporary) = workdir();
    let mut bench = bench(&workdir, &["--json"]);
    bench.err.wait_for("minute 1 of 2: ").await;
    let (service, _) = service_and_sink(&bench).await;
    assert!(Command::new("kill").args(["-s", "KILL", &service.to_string()]).status().unwrap().success());
    let ended = bench.end().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.err.contains("the service ended by itself (signal: 9 (SIGKILL))"), "{ended:?}");
    let figures = ended.json();
    assert!(number(&figures, "beats_missing") > 0.0 && figures["service_ended"] == "signal: 9 (SIGKILL)", "{figures:#}");
    assert_eq!(names_in(&temporary), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_killed_ends_it() {
    let (workdir, temporary) = workdir();
    let mut bench = bench(&workdir, &[]);
    let (service, sink) = service_and_sink(&bench).await;
    assert!(Command::new("kill").args(["-s", "KILL", &sink.to_string()]).status().unwrap().success());
    let ended = bench.end().await;
    assert!(ended.code() == 1 && ended.err.contains("the sink has ended") && ended.out.is_empty(), "{ended:?}");
    assert!(!lives(service) && names_in(&temporary).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_at_once_and_leaves_nothing() {
    for signal in ["INT", "TERM", "HUP"] {
        let (workdir, temporary) = workdir();
        let mut bench = workdir.start(&["bench", "--projects", "5", "--for", "24h", "--readback", "--speed", SPEED]);
        let (service, sink) = service_and_sink(&bench).await;
        assert_eq!(names_in(&temporary).len(), 1, "the folder of the bench");
        bench.signal(signal);
        let ended = bench.end_within(Duration::from_secs(10)).await;
        assert!(ended.code() == 1 && ended.out.is_empty(), "{signal}: {ended:?}");
        assert!(ended.err.ends_with("error: stopped before the end: there are no figures\n"), "{signal}: {ended:?}");
        assert!(!lives(service) && !lives(sink), "{signal}");
        assert_eq!(names_in(&temporary), [""; 0], "{signal}");
    }
}

async fn tables(database: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let names = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'";
    sqlx::query_scalar(names).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_is_emptied_afterwards_also_after_a_signal_and_what_a_killed_bench_left_is_replaced() {
    let (workdir, _) = workdir();
    let database = postgres::fresh_database().await;
    let mut killed = bench(&workdir, &["--database", &database]);
    let (service, _) = service_and_sink(&killed).await;
    killed.kill();
    assert!(Command::new("kill").args(["-s", "KILL", &service.to_string()]).status().unwrap().success());
    assert!(tables(&database).await.len() > 10);
    let ended = bench(&workdir, &["--database", &database, "--json"]).end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(ended.json()["database"], "PostgreSQL");
    assert_eq!(tables(&database).await, [""; 0]);
    let mut stopped = bench(&workdir, &["--database", &database]);
    service_and_sink(&stopped).await;
    stopped.signal("INT");
    assert_eq!(stopped.end_within(Duration::from_secs(10)).await.code(), 1);
    assert_eq!(tables(&database).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_anything_in_it_is_refused_and_stays_as_it_is() {
    let (workdir, _) = workdir();
    let (of_a_service, of_another) = (postgres::migrated_database().await, postgres::fresh_database().await);
    let mut other = PgConnection::connect(&of_another).await.unwrap();
    sqlx::query("CREATE TABLE orders (id BIGINT)").execute(&mut other).await.unwrap();
    for database in [of_a_service, of_another] {
        let before = tables(&database).await;
        let ended = bench(&workdir, &["--database", &database]).end().await;
        assert_eq!(ended.code(), 2, "{ended:?}");
        assert!(ended.err.contains(" is not empty, and no bench created what it contains: give one without tables"), "{ended:?}");
        assert_eq!(tables(&database).await, before);
    }
    workdir.done(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00", "--database", "sqlite:mine.db"]).await;
    let before = fs::read(workdir.path("mine.db")).unwrap();
    let ended = bench(&workdir, &["--database", "sqlite:mine.db"]).end().await;
    assert!(ended.code() == 2 && ended.err.contains("the database sqlite:mine.db is not empty"), "{ended:?}");
    assert_eq!(fs::read(workdir.path("mine.db")).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_flags_are_one_clear_error() {
    let (workdir, temporary) = workdir();
    for (flags, says) in [
        (&["--for", "90s"][..], "`90s` must be whole minutes, for example `5m`"),
        (&["--for", "30s"], "`30s` must be between 1m and 1d"),
        (&["--for", "soon"], "`soon` is not a duration"),
        (&["--projects", "0"], "0 is not in 1..=5000000"),
        (&["--speed", "0.5"], "give a number from 1 (real time) to 600"),
        (&["--lose", "3"], "--readback"),
        (&["--readback", "--lose", "0"], "'0' for '--lose <N>'"),
        (&["--database", "bench.db"], "did you mean `sqlite:bench.db`?"),
    ] {
        let ended: Ended = workdir.run(&[&["bench"], flags].concat()).await;
        assert_eq!(ended.code(), 2, "{flags:?}: {ended:?}");
        assert!(ended.err.contains(says), "{flags:?}: {ended:?}");
    }
    let ended = workdir.run(&["bench", "--speed", SPEED, "--for", "1m", "--projects", "1", "--program", "nowhere/heartbeat"]).await;
    assert!(ended.code() == 1 && ended.err.contains("cannot start nowhere/heartbeat"), "{ended:?}");
    assert_eq!(names_in(&temporary), [""; 0]);
}

/// What both servers must agree on. The time of ingestion is each server's own: here, seconds from `now`.
fn agreed(answer: Answer, now: Timestamp) -> (Vec<Arrival>, Traffic) {
    let seconds = |at: Timestamp| Timestamp::from_ms((at.ms() - now.ms()) / 30_000);
    let Answer { mut arrivals, traffic, .. } = answer;
    arrivals.sort_by_key(|arrival| arrival.uuid);
    for arrival in &mut arrivals {
        arrival.ingested = seconds(arrival.ingested);
    }
    (arrivals, Traffic { newest: traffic.newest.map(seconds), watched_newest: traffic.watched_newest.map(seconds), ..traffic })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_answers_read_backs_as_the_sandbox_does() {
    let clock = Clock::system();
    let client = Client::new(clock.clone(), &Settings::default()).unwrap();
    let sandbox = Running::start(clock.clone()).await;
    let sink = Sink::start(Path::new(env!("CARGO_BIN_EXE_heartbeat")), Speed::REAL, None).await.unwrap();
    let (now, key) = (clock.now(), PersonalKey::parse(PERSONAL_KEY).unwrap());
    let [of_sandbox, of_sink] = [TOKEN.to_owned(), format!("phc_bench{:038}", 1)].map(|token| ProjectToken::parse(&token).unwrap());
    let beats: Vec<Beat> = (0..3).map(|at| Beat::alone(&of_sandbox, "x", now.minus(Duration::from_secs(40 - at)))).collect();
    for (base, token) in [(&sandbox.url, &of_sandbox), (&sink.address, &of_sink)] {
        // The last one is never sent.
        for beat in &beats[..2] {
            let event = Event { base, endpoint: Endpoint::V0, token, name: "heartbeat", beat, timestamp: beat.slot };
            let result = capture::send(&client, &event, now).await;
            assert!(matches!(result.reply, heartbeat::model::Reply::Accepted { .. }), "{base}: {result:?}");
        }
    }
    let ask = async |base: &str, number: u64, uuids: &[uuid::Uuid], watched: Watched<'_>| {
        let question = Question {
            base,
            key: &key,
            posthog_id: ProjectPath::Number(number),
            events: vec!["heartbeat"],
            uuids: uuids.to_vec(),
            back_to: now.minus(Duration::from_mins(1)),
            watched,
            now: clock.now(),
        };
        agreed(readback(&client, &question).await.unwrap(), now)
    };
    let uuids: Vec<_> = beats.iter().map(|beat| beat.uuid).collect();
    let both_there = async || ask(&sandbox.url, 1, &uuids, Watched::default()).await.0.len() == 2;
    eventually("the sandbox has ingested both", String::new, both_there).await;
    for minutes in [5, 30, 90] {
        for asked in [&uuids[..], &uuids[2..], &[]] {
            for number in [1, 2] {
                let watched = Watched { events: None, range: Duration::from_mins(minutes) };
                let [by_sandbox, by_sink] =
                    [ask(&sandbox.url, number, asked, watched.clone()).await, ask(&sink.address, number, asked, watched).await];
                assert_eq!(by_sandbox, by_sink, "{minutes} minutes, {} uuids, project {number}", asked.len());
            }
        }
    }
    let (arrivals, traffic) = ask(&sink.address, 1, &uuids, Watched::default()).await;
    assert_eq!((arrivals.len(), traffic.watched), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_counts_beats_and_their_repetitions_by_minute() {
    let clock = Clock::system();
    let client = Client::new(clock.clone(), &Settings::default()).unwrap();
    let mut sink = Sink::start(Path::new(env!("CARGO_BIN_EXE_heartbeat")), Speed::REAL, None).await.unwrap();
    let token = ProjectToken::parse(&format!("phc_bench{:038}", 7)).unwrap();
    let minute: Minute = clock.now().minute();
    let beats = [0, 1].map(|ago| Beat::alone(&token, "x", minute.plus(-ago).start()));
    for beat in [&beats[0], &beats[1], &beats[1]] {
        let event = Event { base: &sink.address, endpoint: Endpoint::V0, token: &token, name: "heartbeat", beat, timestamp: clock.now() };
        capture::send(&client, &event, minute.start()).await;
    }
    let intake = sink.take().await.unwrap();
    let counted: Vec<_> = intake.minutes.iter().map(|(index, minute)| (*index, minute.requests, minute.beats)).collect();
    assert_eq!(counted, [(minute.index() - 1, 2, 1), (minute.index(), 1, 1)]);
    // A minute ago is late.
    assert_eq!(intake.minutes[&(minute.index() - 1)].late, 1);
    assert!(intake.minutes[&(minute.index() - 1)].lateness.longest_ms() >= 60_000.0);
    assert!(sink.take().await.unwrap().minutes.is_empty(), "it was taken");
}

/// A `cargo` that builds nothing: a program whose figures are those of its revision, and which notes its runs.
const CARGO: &str = r#"#!/bin/sh
mkdir -p "$CARGO_TARGET_DIR/$3"
cost=$(cat cost)
cat >"$CARGO_TARGET_DIR/$3/heartbeat" <<PROGRAM
#!/bin/sh
# cost $cost
echo "\$*" >>"$NOTES"
number=\$(wc -l <"$NOTES")
cost=\$(sed -n 's/^# cost //p' "\$4")
printf '{\n  "processor_us_per_beat": %s,\n  "processor_us_per_readback": null,\n  "beats_missing": 0\n}\n' \$((cost + number))
PROGRAM
chmod +x "$CARGO_TARGET_DIR/$3/heartbeat"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn two_revisions_are_compared_by_turns() {
    let (workdir, temporary) = workdir();
    let [fake, notes, target] = ["fake", "notes", "target"].map(|name| workdir.path(name).display().to_string());
    let path = format!("{fake}:/usr/local/bin:/usr/bin:/bin");
    let workdir = workdir.with("NOTES", &notes).with("PATH", &path).with("CARGO_TARGET_DIR", &target);
    for folder in ["fake", "bin"] {
        fs::create_dir(workdir.path(folder)).unwrap();
    }
    workdir.file("fake/cargo", CARGO);
    fs::set_permissions(workdir.path("fake/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/bench"), workdir.path("bin/bench")).unwrap();
    workdir.file("cost", "200");
    let git = async |arguments: &[&str]| {
        let mut command = workdir.command("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        let ended = Process::start(command).end().await;
        assert_eq!(ended.code(), 0, "{arguments:?}: {ended:?}");
    };
    git(&["init", "--quiet"]).await;
    git(&["add", "cost", "bin"]).await;
    git(&["commit", "--quiet", "-m", "one"]).await;
    workdir.file("cost", "100");
    let compare = async |arguments: &[&str]| {
        let mut command = workdir.command(workdir.path("bin/bench"));
        command.args(arguments);
        Process::start(command).end().await
    };
    let ended = compare(&["compare", "HEAD", "--quick"]).await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    // The runs are counted: 201, 102, 203, 104, 205, 106.
    let row = ended.out.lines().find(|line| line.starts_with("processor_us_per_beat")).unwrap_or_else(|| panic!("{ended:?}"));
    let words: Vec<&str> = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words[1..], ["203.00 [201.00..205.00]", "104.00 [102.00..106.00]", "0.51 [0.51..0.52]"], "{ended:?}");
    assert!(!ended.out.contains("processor_us_per_readback"), "what was not measured is not compared: {ended:?}");
    let written = fs::read_to_string(&notes).unwrap();
    assert_eq!(written.lines().count(), 6, "{written}");
    assert!(written.lines().all(|line| line.starts_with("bench --json --program ") && line.ends_with(" --readback")), "{written}");
    assert_eq!(names_in(&temporary), [""; 0]);
    for (arguments, says) in [(&["compare", "nowhere"][..], "there is no revision `nowhere`"), (&[], "usage: "), (&["compare"], "usage: ")]
    {
        let ended = compare(arguments).await;
        assert!(ended.code() == 2 && ended.err.contains(says), "{arguments:?}: {ended:?}");
    }
}
