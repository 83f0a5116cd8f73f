//! `heartbeat demo`: in lines, through pipes; and on a terminal.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Process, Workdir, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn ten_minutes_without_faults_end_well_with_a_summary() {
    let ended = Workdir::new().run(&["demo", "--plain", "--for", "10m", "--speed", "120"]).await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.out.contains("heartbeat_api: accepted 200 (") && ended.out.contains(": arrived (ingested after "), "{ended:?}");
    assert!(ended.out.contains("== Every beat arrives; the last one took "), "{ended:?}");
    let summary = ended.out.lines().rev().take(3).collect::<Vec<_>>();
    assert!(summary[2].contains(" beats: ") && summary[2].contains(" arrived"), "{summary:?}");
    assert!(summary[0].starts_with("at the end: Every beat arrives; the last one took "), "{summary:?}");
    assert_eq!(ended.err, "");
}

/// Types this faults into a demo, waits for the place to be named, and ends it.
async fn names(faults: &str, place: &str) {
    let mut demo = Workdir::new().start(&["demo", "--plain", "--speed", "120"]);
    demo.out.wait_for("== Every beat arrives").await;
    demo.types(faults);
    demo.out.wait_for("~~ faults: ").await;
    demo.out.wait_for(place).await;
    demo.types("quit");
    let ended = demo.end().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.out.lines().last().unwrap().starts_with("at the end: "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_queue_is_named() {
    names("queue", "== Beats are late. Events are accepted at ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejecting_capture_is_named() {
    names("reject", "is failing: 503 “transient error, please retry”").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_is_named() {
    names("CUT", "accepts the connection but sends no complete response").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_key_is_named_as_ours() {
    names("6", "== Beats cannot be read back. PostHog rejects the personal API key").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_faults_beats_arrive_again_and_a_word_that_is_none_is_reported() {
    let mut demo = Workdir::new().start(&["demo", "--plain", "--speed", "120"]);
    demo.out.wait_for("== Every beat arrives").await;
    demo.types("rain");
    demo.err.wait_for("`rain` is not a fault; type queue, reject, delay, drop, cut, key, clear or quit").await;
    demo.types("reject");
    demo.out.wait_for("is failing: 503").await;
    demo.types("clear");
    demo.out.wait_for("~~ faults: none").await;
    // A try within the minute may have mended what was rejected.
    let arrive = |text: &str| text.contains("== Every beat arrives; ") || text.contains("== Beats arrive; ");
    let since = |text: String| text.split_once("~~ faults: none").is_some_and(|(_, after)| arrive(after));
    eventually("beats arrive again", || demo.out.text(), async || since(demo.out.text())).await;
    // The end of the input is not the end of the demo; a signal is.
    drop(demo.input.take());
    assert!(demo.lives());
    demo.signal("TERM");
    let ended = demo.end().await;
    assert!(ended.out.lines().last().unwrap().starts_with("at the end: "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_in_which_no_beat_could_arrive_does_not_end_well() {
    let ended = Workdir::new().run(&["demo", "--plain", "--for", "1s", "--speed", "1"]).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_queue_is_reported_and_so_is_its_end() {
    let mut demo = Workdir::new().start(&["demo", "--plain", "--speed", "60"]);
    demo.out.wait_for("== Every beat arrives").await;
    assert!(!demo.out.text().contains(">> message: "), "{}", demo.out.text());
    demo.types("queue");
    demo.out.wait_for(">> message: [warning] demo: ").await;
    assert!(!demo.out.text().contains("[resolved]"), "{}", demo.out.text());
    demo.types("clear");
    demo.out.wait_for(">> message: [resolved] demo: ").await;
    demo.types("quit");
    let ended = demo.end().await;
    let titles: Vec<&str> = ended.out.lines().filter_map(|line| Some(line.split_once(">> message: ")?.1)).collect();
    assert_eq!(titles.iter().filter(|title| title.starts_with("[resolved]")).count(), 1, "{titles:?}");
    assert!(titles[0].starts_with("[warning] demo: "), "{titles:?}");
    assert_eq!(ended.err, "");
}

/// Starts the demo on a terminal of its own (that of `script`), which says afterwards whether it is as it was before.
///
/// Its number stands in the file `demo.pid`.
fn on_a_terminal(workdir: &Workdir) -> Process {
    let program = env!("CARGO_BIN_EXE_heartbeat");
    let line = format!(
        "stty rows 40 cols 112; before=$(stty -g); sh -c 'echo $$ >demo.pid; exec {program} demo --speed 120'; echo \"exit $?\"; \
         if [ \"$before\" = \"$(stty -g)\" ]; then echo terminal as before; else echo terminal changed; fi; echo the end"
    );
    let mut command: Command = workdir.command("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm-256color");
    Process::start(command)
}

/// What enters and leaves the screen that programs draw on beside a terminal's own lines.
const ENTERS: &str = "\u{1b}[?1049h";
const LEAVES: &str = "\u{1b}[?1049l";

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_it_draws_takes_keys_and_leaves_the_terminal_as_it_was() {
    let workdir = Workdir::new();
    let mut demo = on_a_terminal(&workdir);
    demo.out.wait_for(ENTERS).await;
    demo.out.wait_for("arrived").await;
    demo.types("2");
    // Each word is drawn at its own place.
    let is_named = |drawn: String| drawn.split_once("failing:").is_some_and(|(_, after)| after.contains("503"));
    eventually("the fault is named", || demo.out.text(), async || is_named(demo.out.text())).await;
    demo.types("q");
    demo.out.wait_for("the end").await;
    let said = demo.end().await.out;
    let (drawn, after) = said.split_once(LEAVES).unwrap_or_else(|| panic!("it does not leave its screen: {said}"));
    // Words that stand on it; what lies between two of them is a move of the cursor.
    for word in ["demo", "hour", "byte", "queryable", "quit"] {
        assert!(drawn.contains(word), "{word}: {drawn}");
    }
    assert!(after.contains(" beats: ") && after.contains("at the end: ") && after.contains("exit "), "{after}");
    assert!(after.contains("terminal as before") && !after.contains(ENTERS), "{after}");
}

/// A folder whose temporary files are in the second one.
fn with_temporary_folder() -> (Workdir, PathBuf) {
    let workdir = Workdir::new();
    let temporary = workdir.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let name = temporary.display().to_string();
    (workdir.with("TMPDIR", &name), temporary)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_a_signal_restores_it_as_well_and_no_folder_is_left() {
    for signal in ["TERM", "HUP"] {
        let (workdir, temporary) = with_temporary_folder();
        let mut demo = on_a_terminal(&workdir);
        demo.out.wait_for("accepted").await;
        assert_eq!(files_in(&temporary).len(), 1, "the folder of the demo");
        let number = std::fs::read_to_string(workdir.path("demo.pid")).unwrap();
        assert!(Command::new("kill").args(["-s", signal, number.trim()]).status().unwrap().success());
        demo.out.wait_for("the end").await;
        let said = demo.end().await.out;
        assert!(said.contains(LEAVES) && said.contains("at the end: ") && said.contains("terminal as before"), "{signal}: {said}");
        assert_eq!(files_in(&temporary), [""; 0].map(PathBuf::from), "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_closed_ends_it_and_no_folder_is_left() {
    let (workdir, temporary) = with_temporary_folder();
    let mut demo = on_a_terminal(&workdir);
    demo.out.wait_for("accepted").await;
    assert_eq!(files_in(&temporary).len(), 1, "the folder of the demo");
    // With `script`, its terminal is gone.
    demo.kill();
    eventually("the folder is removed", || format!("{:?}", files_in(&temporary)), async || files_in(&temporary).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_lines_a_hangup_ends_it_with_its_summary_and_a_second_signal_leaves_no_folder() {
    let (workdir, temporary) = with_temporary_folder();
    let mut demo = workdir.start(&["demo", "--plain", "--speed", "120"]);
    demo.out.wait_for("== Every beat arrives").await;
    demo.signal("HUP");
    let ended = demo.end().await;
    assert!(ended.out.lines().last().unwrap().starts_with("at the end: "), "{ended:?}");
    assert_eq!(files_in(&temporary), [""; 0].map(PathBuf::from));

    let mut demo = workdir.start(&["demo", "--plain", "--speed", "120"]);
    demo.out.wait_for("== Every beat arrives").await;
    demo.signal("INT");
    demo.signal("INT");
    demo.end().await;
    assert_eq!(files_in(&temporary), [""; 0].map(PathBuf::from), "after a second signal");
}
