//! A real Alertmanager on a free port of loopback, whose notifications go to a webhook of the test's.

use std::process::Child;

use serde_json::Value;

use super::postgres;
use super::scripted::{Server, answer, eventually};

/// Starts it with this configuration in a temporary folder, prints where it listens, and stops it when its standard input ends, as it does with the
/// test process. It is alone: no cluster.
const ALERTMANAGER: &str = r#"
set -eu
alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager) || {
    echo "there is none: install Debian's prometheus-alertmanager (bin/test sets up what the tests need)" >&2; exit 3; }
dir=$(mktemp -d /tmp/heartbeat-alertmanager.XXXXXX)
printf '%s' "$1" >"$dir/config.yml"
"$alertmanager" --config.file="$dir/config.yml" --storage.path="$dir/data" --web.listen-address=127.0.0.1:0 \
    --cluster.listen-address= >"$dir/log" 2>&1 </dev/null &
trap 'kill $! 2>/dev/null || true; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
until address=$(sed -n 's/.*msg="Listening on" address=//p' "$dir/log") && [ -n "$address" ]; do
    kill -0 $! 2>/dev/null || { echo "Alertmanager did not start" >&2; cat "$dir/log" >&2; exit 3; }
    sleep 0.05
done
echo "http://$address"
cat >/dev/null
"#;

/// It ends when this is dropped.
pub(crate) struct Alertmanager {
    pub(crate) address: String,
    /// Where its webhooks lead.
    receiver: Server,
    child: Child,
}

/// What Alertmanager sent to one of its receivers about one alert.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// Which receiver.
    pub(crate) receiver: String,
    /// `firing` or `resolved`.
    pub(crate) status: String,
    pub(crate) labels: Value,
    pub(crate) annotations: Value,
}

impl Alertmanager {
    /// With these routes and inhibitions below the default receiver `all`, as YAML; each receiver named in `others` may be routed to.
    pub(crate) async fn start(routes: &str, others: &[&str]) -> Self {
        let receiver = Server::start(|_, _| answer("200 OK", "", "")).await;
        let receivers = [&["all"], others].concat();
        let receivers: Vec<String> = receivers
            .iter()
            .map(|name| format!("  - name: {name}\n    webhook_configs:\n      - url: {}/{name}\n", receiver.base()))
            .collect();
        let receivers = receivers.concat();
        let config = format!(
            "route:\n  receiver: all\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1s\n{routes}\nreceivers:\n{receivers}"
        );
        let (address, child) =
            tokio::task::spawn_blocking(move || postgres::start("Alertmanager", ALERTMANAGER, &[&config])).await.unwrap();
        Self { address, receiver, child }
    }

    /// All that its receivers got so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        let of_request = |request: super::scripted::Request| {
            let body = request.json();
            let receiver = body["receiver"].as_str().unwrap().to_owned();
            let alerts = body["alerts"].as_array().unwrap().clone();
            alerts.into_iter().map(move |alert| Told {
                receiver: receiver.clone(),
                status: alert["status"].as_str().unwrap().to_owned(),
                labels: alert["labels"].clone(),
                annotations: alert["annotations"].clone(),
            })
        };
        self.receiver.requests().into_iter().flat_map(of_request).collect()
    }

    /// Waits until its receivers got something that `is` it.
    pub(crate) async fn until_told(&self, is: impl Fn(&Told) -> bool) -> Told {
        eventually(|| self.told().iter().any(&is)).await;
        self.told().into_iter().find(is).unwrap()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
