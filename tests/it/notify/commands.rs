//! Programs on this machine.

use std::path::Path;
use std::time::Duration;

use heartbeat::model::{ChannelKind, ChannelSpec, Delivery, Message, NotificationKind};

use super::bed::{ID, channel, deliver, message, sender, words};
use crate::support::scripted::eventually;

/// A channel that runs these lines of shell. The shell is what is run: a file that was just written cannot always be.
fn script(folder: &Path, lines: &str) -> ChannelSpec {
    let path = folder.join("tell.sh");
    std::fs::write(&path, lines).unwrap();
    channel(ChannelKind::Command, &[("command", &format!("/bin/sh {} one *", path.display()))])
}

#[tokio::test]
async fn a_program_gets_the_message_and_a_clean_environment() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().display().to_string();
    let channel =
        script(folder.path(), &format!("cat >{told}/stdin; env >{told}/env; echo \"$@\" >{told}/arguments; echo noise; echo noise >&2"));
    let message = message(NotificationKind::Opened);
    let delivery = deliver(&sender().0, &channel, &message).await;
    assert_eq!(delivery, Delivery::Accepted("`/bin/sh` ended with exit status: 0".into()));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("stdin").ends_with("}\n") && read("stdin").lines().count() == 1);
    assert_eq!(serde_json::from_str::<Message>(&read("stdin")).unwrap(), message);
    assert_eq!(read("arguments"), "one *\n");
    let mut variables: Vec<String> = read("env").lines().map(str::to_owned).collect();
    // The shell's own.
    variables.retain(|line| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own)));
    variables.sort();
    assert_eq!(
        variables,
        [
            format!("HEARTBEAT_KIND={}", message.kind),
            format!("HEARTBEAT_NOTIFICATION_ID={ID}"),
            "HEARTBEAT_PROJECT=shop".to_owned(),
            "HEARTBEAT_SEVERITY=critical".to_owned(),
            format!("HEARTBEAT_TITLE={}", message.title),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_program_that_fails_is_run_again_and_says_why_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (lines, said) in [
        ("echo 'no paper' >&2; echo more >&2; exit 7", "`/bin/sh` ended with exit status: 7: no paper"),
        ("exit 1", "`/bin/sh` ended with exit status: 1"),
        ("kill -9 $$", "`/bin/sh` ended with signal: 9 (SIGKILL)"),
    ] {
        let delivery = deliver(&sender().0, &script(folder.path(), lines), &message(NotificationKind::Opened)).await;
        assert_eq!(delivery, Delivery::TryAgain { words: said.into(), after: None });
    }
}

#[tokio::test]
async fn a_program_that_says_much_and_reads_nothing_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut long = message(NotificationKind::Opened);
    long.text = "x".repeat(1_000_000);
    let channel = script(folder.path(), "exec <&-; i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; exit 0");
    let delivery = deliver(&sender().0, &channel, &long).await;
    assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("pid");
    let channel = script(folder.path(), &format!("echo $$ >{}; exec sleep 1000", told.display()));
    let (sender, hand) = sender();
    let delivery = tokio::spawn(async move { deliver(&sender, &channel, &message(NotificationKind::Opened)).await });
    let pid = || std::fs::read_to_string(&told).unwrap_or_default().trim().to_owned();
    eventually(|| !pid().is_empty()).await;
    hand.advance(Duration::from_secs(20));
    let delivery = delivery.await.unwrap();
    assert!(matches!(delivery, Delivery::TryAgain { .. }), "{delivery:?}");
    assert_eq!(words(&delivery), "`/bin/sh` did not end within 20s and was stopped");
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid())).unwrap_or_default();
    eventually(|| state().is_empty() || state().contains(") Z ")).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_stops_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.txt");
    std::fs::write(&plain, "no program").unwrap();
    for program in ["/no/such/program".to_owned(), plain.display().to_string(), folder.path().display().to_string()] {
        let delivery =
            deliver(&sender().0, &channel(ChannelKind::Command, &[("command", &program)]), &message(NotificationKind::Opened)).await;
        assert!(matches!(&delivery, Delivery::Rejected { words } if words.contains("cannot be run")), "{delivery:?}");
    }
}
