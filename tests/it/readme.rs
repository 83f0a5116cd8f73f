//! The README's commands, run word for word as a new user would: against the sandbox, where it says `us`.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use heartbeat::clock::Clock;
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};

use crate::sandbox::Running;
use crate::support::scripted::{always, answer};

const HEARTBEAT: &str = env!("CARGO_BIN_EXE_heartbeat");

/// Every line of every `sh` block of a page, in order.
fn commands(page: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A process that is ended with the test; what it says is read until then.
struct Started {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// Where its page is.
    page: String,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with the key in its file, and the program in it as a shell would find it.
struct Workdir {
    folder: tempfile::TempDir,
    host: String,
}

impl Workdir {
    fn command(&self, line: &str) -> Command {
        let line = line.replace("--host us", &format!("--host {}", self.host)).replace("phc_your_project_token", TOKEN);
        let mut command = Command::new("sh");
        let path = format!("{}:/usr/bin:/bin", Path::new(HEARTBEAT).parent().unwrap().display());
        command.arg("-c").arg(format!("exec {line}")).current_dir(self.folder.path());
        command.env_clear().env("PATH", path).env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> String {
        let ran = self.command(line).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "`{line}` ended with {}:\n{out}\n{err}", ran.status);
        out.into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_does_what_it_says() {
    let sandbox = Running::start(Clock::system()).await;
    let workdir = Workdir { folder: tempfile::tempdir().unwrap(), host: sandbox.url.clone() };
    fs::write(workdir.folder.path().join("key.txt"), PERSONAL_KEY).unwrap();
    let slack = always(|| answer("200 OK", "", "ok")).await;
    fs::write(workdir.folder.path().join("slack-url.txt"), format!("{}/services/T0/B0/x", slack.base())).unwrap();
    tokio::task::spawn_blocking(move || {
        let (mut service, mut token) = (None, String::new());
        for line in commands("README.md") {
            match line.as_str() {
                // These build and test the program; this is one of its tests.
                "bin/test" | "cargo install --path ." => {}
                "cargo run --release -- demo" => {
                    assert!(workdir.run("heartbeat demo --for 3m --speed 60").contains("arrived"));
                }
                "heartbeat run" => service = Some(start(&workdir, &line)),
                "heartbeat tokens add dbt" => workdir.run(&line).trim().clone_into(&mut token),
                _ if line.starts_with("curl") => {
                    let page = service.as_ref().map(|service| service.page.as_str()).unwrap();
                    let asked = workdir.run(&line.replace("$TOKEN", &token).replace("http://127.0.0.1:8400", page));
                    assert!(asked.contains("complete_through"), "{asked}");
                }
                _ if line.starts_with("heartbeat check") => assert!(workdir.run(&line).contains("The event arrived.")),
                "heartbeat channels test ops" => assert_eq!(workdir.run(&line).matches("accepted: 200 OK: ok").count(), 3),
                "heartbeat status" => assert!(workdir.run(&line).starts_with("shop")),
                _ if line.starts_with("heartbeat beats") => assert!(workdir.run(&line).contains("heartbeat")),
                _ => drop(workdir.run(&line)),
            }
        }
        assert!(service.is_some(), "the README no longer starts the service");
    })
    .await
    .unwrap();
    sandbox.stop().await;
}

/// Starts the service, and waits until its first beat is on record.
fn start(workdir: &Workdir, line: &str) -> Started {
    let mut command = workdir.command(&format!("{line} --verbose"));
    command.env("HEARTBEAT_LISTEN", "127.0.0.1:0");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = out.find_map(|line| line.split_once("/enter/").map(|(page, _)| page.trim().to_owned()));
    let page = said.expect("the first start prints a link");
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut service = Started { child, log, page };
    let sent = service.log.by_ref().map_while(Result::ok).any(|line| line.contains(" sent "));
    assert!(sent, "the service ended before it sent anything");
    service
}

/// By what a heading is linked to: its letters and digits in lower case, and hyphens for its spaces.
fn anchor(heading: &str) -> String {
    let kept =
        heading.trim_start_matches('#').trim().chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

#[test]
fn the_pages_link_to_pages_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "docs/alerts.md",
        "docs/page.md",
        "docs/verdicts.md",
        "docs/settings.md",
        "docs/sandbox.md",
        "docs/development.md",
        "crates/posthog-sandbox/README.md",
        "docs/performance.md",
        "docs/diagnosis.md",
        "docs/sdks.md",
    ] {
        let text = fs::read_to_string(root.join(page)).unwrap_or_else(|_| panic!("{page} is missing"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let beside = if path.is_empty() { root.join(page) } else { root.join(page).parent().unwrap().join(path) };
            assert!(beside.exists(), "{page} links to {link}");
            if !heading.is_empty() {
                let headings = fs::read_to_string(&beside).unwrap();
                let found = headings.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading);
                assert!(found, "{page} links to {link}, and there is no such heading");
            }
        }
    }
}
