//! Other people's servers as child processes: each in a process group of its own, which ends with the test, however that ends.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heartbeat::clock::Clock;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A server has to listen within this time; Next.js on a busy machine takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// What servers say of a port that another process has; nginx then tries for some seconds more.
const TAKEN: &str = "Address already in use";

/// Runs the command that follows, and kills its whole group when our end of the pipe is closed: by [`Drop`], or because this process is no more.
const GUARD: &str = r#"exec 3<&0; { cat <&3 >/dev/null; kill -KILL 0; } & exec 3<&-; "$@" </dev/null"#;

/// A running server, killed with all its children when this is dropped.
pub(super) struct Daemon {
    child: Child,
    said: PathBuf,
}

/// The end of a server that never listened, with what it said.
#[derive(Debug)]
pub(super) struct Ended(pub(super) String);

impl Daemon {
    /// Starts `program` in `folder`, and waits until all these ports answer.
    pub(super) async fn start(
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
        folder: &Path,
        ports: &[u16],
    ) -> Result<Self, Ended> {
        let said = folder.join(format!("{}.said", program.rsplit('/').next().unwrap()));
        let log = std::fs::File::create(&said).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "guard", program]).args(arguments).current_dir(folder).env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", folder);
        command.env("XDG_DATA_HOME", folder.join("data")).env("XDG_CONFIG_HOME", folder.join("config"));
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let mut daemon = Self { child: command.spawn().unwrap(), said };
        for port in ports {
            daemon.wait_for(*port).await?;
        }
        // One that found a port taken may have listened on the others before it gave up; what answers then is another process.
        match daemon.child.try_wait().unwrap() {
            Some(status) => return Err(Ended(format!("it ended with {status}: {}", daemon.said()))),
            None if daemon.said().contains(TAKEN) => return Err(Ended(daemon.said())),
            None => {}
        }
        Ok(daemon)
    }

    /// What it said so far, on both of its outputs.
    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.said).unwrap_or_default()).into_owned()
    }

    async fn wait_for(&mut self, port: u16) -> Result<(), Ended> {
        let clock = Clock::system();
        let begun = clock.monotonic();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(Ended(format!("it ended with {status}: {}", self.said())));
            }
            if clock.monotonic().saturating_sub(begun) > PATIENCE {
                return Err(Ended(format!("port {port} does not answer within {PATIENCE:?}: {}", self.said())));
            }
            clock.sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended before: then there is nobody to kill.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Ports that were free, held until a server listens on them: a process that asks for a free one meanwhile gets another.
pub(super) struct HeldPorts(Vec<TcpListener>);

impl HeldPorts {
    pub(super) async fn take(count: usize) -> Self {
        let mut held = Vec::new();
        for _ in 0..count {
            held.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        Self(held)
    }

    pub(super) fn numbers(&self) -> Vec<u16> {
        self.0.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
    }
}

/// A port on which nobody listens, and nobody else can as long as this lives.
pub(super) struct ClosedPort {
    _held: TcpSocket,
    pub(super) port: u16,
}

impl ClosedPort {
    pub(super) fn new() -> Self {
        let held = TcpSocket::new_v4().unwrap();
        held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = held.local_addr().unwrap().port();
        Self { _held: held, port }
    }
}
