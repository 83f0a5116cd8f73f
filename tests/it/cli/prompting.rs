//! Keys asked for on a terminal: one of `script`'s, which every Debian has.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::Home;

/// No prompt takes longer to come.
const PATIENCE: Duration = Duration::from_mins(1);

/// What comes from the terminal, read until it says what is waited for.
struct Terminal {
    pieces: Receiver<Vec<u8>>,
    said: String,
}

impl Terminal {
    fn of(mut output: impl std::io::Read + Send + 'static) -> Self {
        let (send, pieces) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                if send.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { pieces, said: String::new() }
    }

    fn wait_for(&mut self, words: &str) {
        while !self.said.contains(words) {
            let piece = self.pieces.recv_timeout(PATIENCE);
            let piece = piece.unwrap_or_else(|_| panic!("`{words}` does not come after: {}", self.said));
            self.said.push_str(&String::from_utf8_lossy(&piece));
        }
    }
}

#[test]
fn keys_are_asked_for_on_a_terminal() {
    let home = Home::new();
    let line = format!("{} projects add shop --host us", env!("CARGO_BIN_EXE_heartbeat"));
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("HOME", home.directory.path().to_str().unwrap())])
        .env("XDG_DATA_HOME", home.path("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` (Debian package bsdutils) can be run");
    let mut keys = script.stdin.take().unwrap();
    let mut terminal = Terminal::of(script.stdout.take().unwrap());

    terminal.wait_for("Project token");
    keys.write_all(b"phc_typed\n").unwrap();
    terminal.wait_for("Personal API key");
    keys.write_all(b"phx_typed\n").unwrap();
    terminal.wait_for("Next: heartbeat apps install");
    assert!(script.wait().unwrap().success());

    let export = home.run(&["export", "--with-secrets"]).out;
    assert!(export.contains("token = \"phc_typed\"") && export.contains("personal_api_key = \"phx_typed\""), "{export}");
}
