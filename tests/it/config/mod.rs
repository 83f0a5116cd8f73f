//! Settings: what is right is read, what is wrong is reported in full.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

use std::fs;
use std::path::Path;

use heartbeat::config::{EXAMPLE, Environment, Scope, Settings, Sources};
use tempfile::TempDir;

mod changes;
mod channels;
mod environment;
mod export;
mod files;
mod ingestion_alert;
mod maintenance;
mod read;
mod sign_on;
mod wrong;

/// A directory with one settings file in it, `heartbeat.toml`.
struct File {
    directory: TempDir,
}

impl File {
    fn of(bytes: impl AsRef<[u8]>) -> Self {
        let file = Self { directory: tempfile::tempdir().unwrap() };
        file.beside("heartbeat.toml", bytes);
        file
    }

    /// Writes another file beside it.
    fn beside(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    fn load(&self, environment: &Environment) -> Result<Settings, Vec<String>> {
        load(&self.directory.path().join("heartbeat.toml"), environment).map_err(|problems| {
            let shown = |problem: &String| problem.replace(&format!("{}/", self.directory.path().display()), "");
            problems.iter().map(shown).collect()
        })
    }

    /// The problems of the file, each a line.
    fn problems(&self) -> String {
        self.load(&environment()).expect_err("there is a problem").join("\n")
    }
}

fn load(path: &Path, environment: &Environment) -> Result<Settings, Vec<String>> {
    let sources = Sources { environment, file: Some(path), database: None };
    Settings::load(sources, Scope::Everything).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The example with its placeholders filled in.
fn example() -> String {
    let filled = [
        ("phc_your_project_token", "phc_a"),
        ("\"phx_...\"", "\"phx_a\""),
        ("?key=...", "?key=a"),
        ("your-client-secret", "hunter2"),
        ("your/webhook/address", "T1/B2/c3"),
        ("user:password@", "me:hunter2@"),
    ];
    filled.iter().fold(EXAMPLE.to_owned(), |text, (placeholder, own)| {
        assert!(text.contains(placeholder), "{placeholder} stands nowhere");
        text.replace(placeholder, own)
    })
}

/// An empty environment, with somewhere to keep things.
fn environment() -> Environment {
    Environment::of([]).with_data_directory("/nowhere")
}
