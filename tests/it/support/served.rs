//! The program as a service with its page, and around it what it needs: a sandbox that lives by the same fast clock, a receiver of messages.

use heartbeat::clock::Clock;

use crate::process::receiver::Receiver;
use crate::process::{Process, Workdir, speed};
use crate::sandbox::Running;

/// A service that runs.
pub(crate) struct Served {
    pub(crate) workdir: Workdir,
    pub(crate) sandbox: Running,
    pub(crate) receiver: Receiver,
    pub(crate) process: Process,
    /// `http://127.0.0.1:port`, without a slash at its end.
    pub(crate) origin: String,
    /// The path that sets the first password, once.
    pub(crate) entrance: String,
}

impl Served {
    /// Starts one that runs so many times as fast as life, on an empty store; or with the settings that are made of the sandbox's and the
    /// receiver's address.
    pub(crate) async fn start(times: u32, settings: Option<fn(&str, &str) -> String>) -> Self {
        let (workdir, sandbox, receiver) = (Workdir::new(), Running::start(Clock::fast(speed(times))).await, Receiver::start().await);
        let times = times.to_string();
        let mut arguments = vec!["run", "--listen", "127.0.0.1:0", "--speed", &times];
        if let Some(settings) = settings {
            workdir.file("heartbeat.toml", &settings(&sandbox.url, &receiver.url));
            arguments.extend(["--config", "heartbeat.toml"]);
        }
        let process = workdir.start(&arguments);
        process.err.wait_for("beating").await;
        process.out.wait_for("/enter/").await;
        let said = process.out.text();
        let link = said.split_whitespace().find(|word| word.contains("/enter/")).unwrap();
        let (origin, code) = link.split_once("/enter/").unwrap();
        let (origin, entrance) = (origin.to_owned(), format!("/enter/{code}"));
        Self { workdir, sandbox, receiver, process, origin, entrance }
    }
}
