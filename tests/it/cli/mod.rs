//! The command line, as a person meets it: the built program, run in a home of its own.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

mod alerting;
mod applying;
mod apps;
mod auth;
mod changing;
mod channels;
mod checking;
mod exporting;
mod help;
mod importing;
mod keeping;
mod maintaining;
mod misuse;
mod projects;
mod prompting;
mod reading;
mod secrets;
mod status_pages;
mod telling;
pub(crate) mod tuning;

/// A home of its own, in which the program is run with nothing else in its environment.
struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run gave.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Two projects, one of them with everything.
const TWO: &str = r#"[[project]]
name = "shop"
host = "us"
token = "phc_shop"
personal_api_key = "phx_hunter2"

[project.heartbeat]
events = "heartbeat + heartbeat_api"

[[project.heartbeat.route]]
name = "proxy"
event = "heartbeat_proxy"
host = "https://t.example.com/ingest"

[[project]]
name = "blog"
host = "eu"
token = "phc_blog"
"#;

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// A home whose store holds [`TWO`].
    fn with_two() -> Self {
        let home = Self::new();
        home.file("two.toml", TWO);
        assert_eq!(home.run(&["apply", "two.toml"]).code, 0);
        home
    }

    /// A home whose store holds no project.
    fn without_projects() -> Self {
        let home = Self::new();
        assert_eq!(home.run(&["maintenance", "add", "night", "--weekly", "sun 01:00-02:00"]).code, 0);
        home
    }

    /// The same home with one more variable in its environment.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, "")
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        self.file(".input", input);
        let mut command = Command::new(env!("CARGO_BIN_EXE_heartbeat"));
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.env("HOME", self.directory.path()).env("XDG_DATA_HOME", self.path("data"));
        command.env("HEARTBEAT_LISTEN", "off");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let input = fs::File::open(self.path(".input")).unwrap();
        let output = command.stdin(Stdio::from(input)).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&self.directory.path().display().to_string(), "HOME");
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What is stored, as a file without secrets.
    fn stored(&self) -> String {
        let ran = self.run(&["export"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    }
}

impl Ran {
    /// Everything that a person sees of it.
    fn shown(&self) -> String {
        let mut shown = format!("exit {}\n", self.code);
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            if !text.is_empty() {
                let _ = write!(shown, "--- {name}\n{text}");
            }
        }
        shown
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|wrong| panic!("{wrong}: {self:?}"))
    }
}
