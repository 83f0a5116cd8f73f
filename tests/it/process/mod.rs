//! The built program from outside: real processes, real signals, a sandbox beside them, and fast clocks that agree.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use heartbeat::clock::{Clock, Speed};
use heartbeat::sandbox::{PERSONAL_KEY, TOKEN};
use tempfile::TempDir;

mod asking;
mod benching;
mod checking;
mod concealing;

mod databases;
mod demonstrating;
mod killing;
mod pinging;
pub(crate) mod receiver;
mod reloading;
mod sandboxing;
mod serving;
mod showing;
mod signing_on;
mod speeding;
mod telling;

/// No condition is waited for longer than this; a machine that does much else is slow, and in real time the next beat may be a minute off.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A folder for one test: its databases, its settings, its home.
pub(crate) struct Workdir {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a process has said so far.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<u8>>>);

/// A process that was started; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) out: Said,
    pub(crate) err: Said,
}

/// How a process ended, and all that it said.
#[derive(Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Workdir {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// The same with one more variable in the environment of what is started here.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A settings file with one project, named `shop`, at this address; with `more` at its end.
    fn settings(&self, address: &str, more: &str) {
        self.file("heartbeat.toml", &settings(address, more));
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.folder.path()).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.folder.path()).env("XDG_DATA_HOME", self.path("data"));
        // Side by side they would ask for the same port; a test that wants a page says where.
        command.env("HEARTBEAT_LISTEN", "off");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.command(env!("CARGO_BIN_EXE_heartbeat"));
        command.args(arguments);
        Process::start(command)
    }

    /// Runs the program to its end, with nothing on its standard input.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut process = self.start(arguments);
        drop(process.input.take());
        process.end().await
    }

    /// The same; it must succeed.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments).await;
        assert_eq!(ended.code(), 0, "{arguments:?}: {ended:?}");
        ended.out
    }
}

/// One project, named `shop`, at this address, that read-backs as often as it may.
pub(crate) fn settings(address: &str, more: &str) -> String {
    format!(
        "[[project]]\nname = \"shop\"\nhost = \"{address}\"\ntoken = \"{TOKEN}\"\npersonal_api_key = \"{PERSONAL_KEY}\"\n\n\
         [project.heartbeat]\n{more}"
    )
}

impl Said {
    /// Listens until the other end is closed.
    fn listen(mut to: impl Read + Send + 'static) -> Self {
        let said = Self::default();
        let heard = said.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = to.read(&mut piece) {
                heard.0.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        said
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Waits until these words are said.
    pub(crate) async fn wait_for(&self, words: &str) {
        eventually(&format!("`{words}` is said"), || self.text(), async || self.text().contains(words)).await;
    }
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (Said::listen(child.stdout.take().unwrap()), Said::listen(child.stderr.take().unwrap()));
        Self { input: child.stdin.take(), child, out, err }
    }

    /// Types a line.
    fn types(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &number]).status().unwrap().success(), "kill -s {name}");
    }

    /// `kill -9`: ended between any two steps.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn end(&mut self) -> Ended {
        let said = (self.out.clone(), self.err.clone());
        eventually("the process ends", || format!("{}{}", said.0.text(), said.1.text()), async || !self.lives()).await;
        let status = self.child.wait().unwrap();
        // The listeners hear of the end of the pipes a moment later, unless another process still holds them.
        eventually("its words are heard", String::new, async || Arc::strong_count(&said.0.0) <= 2 && Arc::strong_count(&said.1.0) <= 2)
            .await;
        Ended { status, out: said.0.text(), err: said.1.text() }
    }

    /// The same, and in this time.
    async fn end_within(&mut self, limit: Duration) -> Ended {
        let clock = Clock::system();
        let begun = clock.monotonic();
        let ended = self.end().await;
        let took = clock.monotonic().saturating_sub(begun);
        assert!(took <= limit, "it ended after {took:?}, not within {limit:?}: {ended:?}");
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before: then there is nobody to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The exit code; a process that was ended by a signal has none, and fails the test.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self:?}"))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|wrong| panic!("{wrong}: {self:?}"))
    }

    /// Everything that a person sees of it, with this address (empty for none) as `ADDRESS`.
    fn shown(&self, address: &str) -> String {
        let mut shown = format!("exit {}\n", self.code());
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            if !text.is_empty() {
                shown += "--- ";
                shown += name;
                shown += "\n";
                shown += text;
            }
        }
        let address = address.trim_start_matches("http://");
        if address.is_empty() { shown } else { shown.replace(address, "ADDRESS") }
    }
}

/// Waits until it is so; fails with the given words when it is not in time.
pub(crate) async fn eventually(what: &str, told: impl Fn() -> String, mut is_so: impl AsyncFnMut() -> bool) {
    let clock = Clock::system();
    let begun = clock.monotonic();
    while !is_so().await {
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "within {PATIENCE:?} it did not happen that {what}: {}", told());
        clock.sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn speed(times: u32) -> Speed {
    Speed::parse(&times.to_string()).unwrap()
}
