//! A Chromium of the test's own: a fresh profile in a temporary folder, nothing left behind.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::thread;

use chromiumoxide::handler::HandlerConfig;
use chromiumoxide::types::{Command, Method, MethodId};
use chromiumoxide::{Browser, Page};
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Starts Chromium with a temporary folder as its home, and ends it and removes the folder when the standard input ends: that end comes with
/// the test, however that ends.
const CHROMIUM: &str = r#"
set -eu
if [ ! -x /usr/bin/chromium ]; then
    echo "Chromium (/usr/bin/chromium) is not on this machine: run bin/test, which sets up what the tests need" >&2
    exit 3
fi
dir=$(mktemp -d /tmp/heartbeat-chromium.XXXXXX)
trap 'kill -KILL "$chromium" 2>/dev/null || true; wait; rm -rf "$dir" || rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
HOME="$dir" /usr/bin/chromium "$@" --user-data-dir="$dir/profile" </dev/null >/dev/null &
chromium=$!
cat >/dev/null
"#;

/// No sandbox: the tests may run as root. Nothing is asked of anybody but the page.
const FLAGS: [&str; 15] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
];

/// Each is several processes; two cores bear two.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// One Chromium. It ends when this is dropped.
pub(super) struct Chromium {
    browser: Browser,
    _shell: Shell,
    _turn: SemaphorePermit<'static>,
}

/// The shell that watches over Chromium: its standard input is ours, and ends with us.
struct Shell(Child);

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // That it is gone is all that is asked; how it went is of no matter.
        let _ = self.0.wait();
    }
}

impl Chromium {
    /// Starts one, when it is its turn.
    pub(super) async fn start() -> Arc<Self> {
        let turn = AT_ONCE.acquire().await.unwrap();
        let (shell, address) = tokio::task::spawn_blocking(launch).await.unwrap();
        let config = HandlerConfig { viewport: None, ..HandlerConfig::default() };
        let (browser, mut handler) = Browser::connect_with_config(address, config).await.unwrap();
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        Arc::new(Self { browser, _shell: shell, _turn: turn })
    }

    /// An empty page with cookies of its own, shared with no other page.
    pub(super) async fn page(&self) -> Page {
        let context = self.browser.execute(Ask::new("Target.createBrowserContext", json!({}))).await.unwrap();
        let target = json!({"url": "about:blank", "browserContextId": context.result["browserContextId"]});
        let params: chromiumoxide::cdp::browser_protocol::target::CreateTargetParams = serde_json::from_value(target).unwrap();
        self.browser.new_page(params).await.unwrap()
    }
}

/// Gives the shell and the address at which Chromium takes commands, which it prints on its standard error.
fn launch() -> (Shell, String) {
    let mut command = Process::new("sh");
    command.args(["-c", CHROMIUM, "sh"]).args(FLAGS).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut shell = Shell(command.spawn().unwrap());
    let mut words = BufReader::new(shell.0.stderr.take().unwrap());
    let mut said = String::new();
    while words.read_line(&mut said).unwrap() > 0 {
        if let Some((_, address)) = said.lines().last().unwrap().split_once("DevTools listening on ") {
            let address = address.trim().to_owned();
            // What it says later is read as well, so that it never waits for a reader.
            thread::spawn(move || words.read_to_end(&mut Vec::new()));
            return (shell, address);
        }
    }
    panic!("no Chromium for the tests: {said}");
}

/// What Chromium is asked in its own protocol, with the answer as it comes: newer versions add words that no type here need know.
#[derive(Debug)]
pub(super) struct Ask {
    method: &'static str,
    params: Value,
}

impl Ask {
    pub(super) fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }
}

impl Serialize for Ask {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.params.serialize(serializer)
    }
}

impl Method for Ask {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed(self.method)
    }
}

impl Command for Ask {
    type Response = Value;
}
