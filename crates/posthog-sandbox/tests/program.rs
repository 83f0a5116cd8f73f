//! Tests of the program `posthog-sandbox`, and of the README's examples.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const README: &str = include_str!("../README.md");

/// The program on a free port; it is killed when this value is dropped.
struct Program {
    child: Child,
    printed: Value,
}

impl Program {
    fn start() -> Self {
        let mut child = program(&["--listen", "127.0.0.1:0", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&text).is_err() {
            text += &lines.next().expect("the program ended before it listened").unwrap();
        }
        Self { child, printed: serde_json::from_str(&text).unwrap() }
    }

    fn address(&self) -> &str {
        self.printed["address"].as_str().unwrap().strip_prefix("http://").unwrap()
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

/// The README's first code block in `language`, with `address` in place of the default one.
fn example(language: &str, address: &str) -> String {
    let (_, rest) = README.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.replace("127.0.0.1:8010", address)
}

/// The workspace root, where `bin/test` sets up Python and Node.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Without the machine's HTTP proxy.
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
    assert_eq!(
        (program.printed["token"].as_str(), program.printed["personal_api_key"].as_str()),
        (Some("phc_sandbox"), Some("phx_sandbox"))
    );
    succeeds(Command::new("kill").args(["-TERM", &program.child.id().to_string()]));
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn it_says_to_people_what_to_try() {
    let mut child = program(&["--listen", "localhost:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("/_sandbox/events") {
        assert!(output.read_line(&mut text).unwrap() > 0, "the program ended: {text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("PostHog sandbox listening on http://127.0.0.1:"), "{text}");
    assert!(!text.contains("heartbeat"), "{text}");
}

#[test]
fn it_is_not_reached_from_other_machines_unasked() {
    let ended = run(program(&["--listen", "0.0.0.0:0"]).stdout(Stdio::piped()));
    let error = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && error.contains("--allow-remote"), "{error}");
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
