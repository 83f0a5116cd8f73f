//! The program `posthog-sandbox`, and the README's examples, run against it.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const README: &str = include_str!("../README.md");

/// A program that listens on a free port, and is killed with this.
struct Program {
    child: Child,
    said: Value,
}

impl Program {
    fn start() -> Self {
        let mut child = program(&["--listen", "127.0.0.1:0", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&text).is_err() {
            text += &lines.next().expect("it ends before it listens").unwrap();
        }
        Self { child, said: serde_json::from_str(&text).unwrap() }
    }

    fn address(&self) -> &str {
        self.said["address"].as_str().unwrap().strip_prefix("http://").unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthog-sandbox"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The first block of the README in this language, with another address in it.
fn example(language: &str, address: &str) -> String {
    let (_, rest) = README.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.replace("127.0.0.1:8010", address)
}

/// The root of the workspace, where `bin/test` has set up Python and Node.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Proxies of the machine are not for loopback.
fn run(command: &mut Command) -> Output {
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command.output().unwrap_or_else(|why| panic!("{command:?}: {why}; bin/test sets up what the tests need"))
}

fn succeeds(command: &mut Command) {
    let ended = run(command);
    assert!(ended.status.success(), "{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn it_says_where_it_listens_and_ends_with_sigterm() {
    let mut program = Program::start();
    assert_eq!((program.said["token"].as_str(), program.said["personal_api_key"].as_str()), (Some("phc_sandbox"), Some("phx_sandbox")));
    succeeds(Command::new("kill").args(["-TERM", &program.child.id().to_string()]));
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn it_says_to_people_what_to_try() {
    let mut child = program(&["--listen", "localhost:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("/_sandbox/events") {
        assert!(output.read_line(&mut text).unwrap() > 0, "it ended: {text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("A PostHog listens on http://127.0.0.1:"), "{text}");
    assert!(!text.contains("heartbeat"), "{text}");
}

#[test]
fn it_is_not_reached_from_other_machines_unasked() {
    let ended = run(program(&["--listen", "0.0.0.0:0"]).stdout(Stdio::piped()));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && said.contains("--allow-remote"), "{said}");
}

#[test]
fn the_example_of_posthog_python_is_true() {
    let program = Program::start();
    succeeds(Command::new(root().join(".venv/bin/python")).args(["-c", &example("python", program.address())]));
}

#[test]
fn the_example_of_posthog_node_is_true() {
    let program = Program::start();
    let code = example("js", program.address());
    succeeds(Command::new("node").args(["--input-type=module", "--eval", &code]).current_dir(root().join(".node/sdks")));
}
