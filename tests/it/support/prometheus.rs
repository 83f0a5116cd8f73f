//! A Prometheus of Debian's package `prometheus`, on loopback, with a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heartbeat::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

/// It ends when this is dropped.
pub(crate) struct Prometheus {
    child: Child,
    url: String,
    _folder: TempDir,
}

/// Another program may take the port before Prometheus does.
const TRIES: usize = 5;
const EVERY: Duration = Duration::from_millis(50);
const AT_MOST: Duration = Duration::from_mins(1);

impl Prometheus {
    /// Starts one that scrapes this address of loopback twice a second with this token, and has these rules.
    pub(crate) async fn scraping(target: &str, token: &str, rules: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let config = format!(
            "global: {{ scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s }}\nrule_files: ['{rules}']\nscrape_configs:\n  \
             - job_name: heartbeat\n    authorization: {{ credentials: {token} }}\n    static_configs: [{{ targets: ['{target}'] }}]\n"
        );
        fs::write(folder.path().join("prometheus.yml"), config).expect("a file can be written");
        for _ in 0..TRIES {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port();
            let mut command = Command::new("prometheus");
            command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", &format!("--web.listen-address=127.0.0.1:{port}")]);
            command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("prometheus can be run: it is Debian's package `prometheus`, which bin/test installs");
            let url = format!("http://127.0.0.1:{port}");
            if is_ready(&mut child, &url).await {
                return Self { child, url, _folder: folder };
            }
        }
        panic!("Prometheus did not start");
    }

    /// Asks its API until `wanted` finds what it waits for.
    pub(crate) async fn wait_for<T>(&self, path: &str, desired: impl Fn(&Value) -> Option<T>) -> T {
        let clock = Clock::system();
        let found = clock.timeout(AT_MOST, async {
            loop {
                let said = ask(&format!("{}{path}", self.url)).await.unwrap_or_default();
                if let Some(found) = desired(&said) {
                    return found;
                }
                clock.sleep(EVERY).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("{path} never said what was waited for"))
    }
}

async fn is_ready(child: &mut Child, url: &str) -> bool {
    let clock = Clock::system();
    let ready = clock.timeout(AT_MOST, async {
        while child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if reqwest::get(format!("{url}/-/ready")).await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            clock.sleep(EVERY).await;
        }
        false
    });
    ready.await.unwrap_or(false)
}

async fn ask(url: &str) -> Option<Value> {
    reqwest::get(url).await.ok()?.json().await.ok()
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
