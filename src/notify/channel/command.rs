//! A program on this machine: the message as one line of JSON on standard input, as for the webhook. No shell is used.
//!
//! The environment holds only `PATH` and facts of the message, because ours may hold keys. Exit code 0 means accepted; another code or
//! a timeout is retried. A program that is missing or not executable stops the channel.

use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, Command};

use super::Delivered;
use crate::model::Delivery;
use crate::notify::answer::quoted;
use crate::notify::call::Call;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Bytes of standard error that are read.
const STDERR_LIMIT: usize = 4096;
/// Wait for standard error after the program ended: a child process may hold it open.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) async fn deliver(call: &Call<'_>) -> Delivered {
    let message = call.message();
    let mut words = call.value("command").split_whitespace();
    let Some(program) = words.next() else {
        return Err(Delivery::Rejected { words: "`command` is empty".into() });
    };
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    let mut command = Command::new(program);
    command
        .args(words)
        .env_clear()
        .env("PATH", PATH)
        .env("HEARTBEAT_NOTIFICATION_ID", call.id().to_string())
        .env("HEARTBEAT_KIND", message.kind.name())
        // A variable cannot hold a zero byte.
        .env("HEARTBEAT_TITLE", message.title.replace('\0', " "))
        .env("HEARTBEAT_PROJECT", message.project.replace('\0', " "))
        .env("HEARTBEAT_SEVERITY", message.severity.replace('\0', " "))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(wrong) => return Ok(not_run(program, &wrong)),
    };
    let limit = call.client.limit();
    let ended = call.client.clock().timeout(limit, run(call, child, line)).await;
    let (status, said) = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(wrong)) => return Ok(Delivery::TryAgain { words: format!("`{program}`: {wrong}"), after: None }),
        Err(_) => {
            return Ok(Delivery::TryAgain { words: format!("`{program}` did not end within {limit:?} and was stopped"), after: None });
        }
    };
    let said = quoted(&said, &call.redactor);
    let end = format!("`{program}` ended with {status}");
    Ok(match (status.success(), said.as_str()) {
        (true, _) => Delivery::Accepted(end),
        (false, "") => Delivery::TryAgain { words: end, after: None },
        (false, said) => Delivery::TryAgain { words: format!("{end}: {said}"), after: None },
    })
}

fn not_run(program: &str, wrong: &std::io::Error) -> Delivery {
    let words = format!("`{program}` cannot be run: {wrong}");
    match wrong.kind() {
        ErrorKind::WouldBlock | ErrorKind::OutOfMemory | ErrorKind::ExecutableFileBusy | ErrorKind::Interrupted => {
            Delivery::TryAgain { words, after: None }
        }
        _ => Delivery::Rejected { words },
    }
}

/// Writes the line and waits for the end; reads standard error meanwhile, so that a full pipe does not block the program.
async fn run(call: &Call<'_>, mut child: Child, line: Vec<u8>) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let writing = async {
        if let Some(mut stdin) = stdin {
            // The program may close its input without reading it.
            let _ = stdin.write_all(&line).await;
        }
    };
    let mut said = Vec::new();
    let status = {
        let reading = read_stderr(stderr, &mut said);
        tokio::pin!(reading);
        let mut is_silent = false;
        let ((), status) = tokio::join!(writing, async {
            tokio::select! {
                status = child.wait() => status,
                () = &mut reading => {
                    is_silent = true;
                    child.wait().await
                }
            }
        });
        if !is_silent {
            let _ = call.client.clock().timeout(LAST_WORDS, reading).await;
        }
        status?
    };
    Ok((status, said))
}

async fn read_stderr(stderr: Option<ChildStderr>, said: &mut Vec<u8>) {
    let Some(mut stderr) = stderr else { return };
    let mut part = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut part).await {
        let is_whole = said.len() >= STDERR_LIMIT || said.contains(&b'\n');
        if !is_whole {
            said.extend_from_slice(&part[..count]);
        }
    }
    if let Some(end) = said.iter().position(|byte| *byte == b'\n') {
        said.truncate(end);
    }
}
