#!/usr/bin/env bash
# Alertmanager 0.25: an alert that fires and is resolved within group_wait is notified only if its startsAt lies further back than group_wait
#
# Versions   prometheus-alertmanager 0.25.0 (Debian's package, bookworm)
# Behaviour  group_wait reads as a wait that every new group goes through. It is skipped for an alert whose startsAt is older than group_wait: that one is notified at once. So two senders that post the same two
#            messages (firing, then resolved right behind it), both answered with 200, differ: with startsAt = now the group is flushed when its only alert is over already, and nobody is ever notified; with
#            startsAt ten minutes ago people get firing and resolved. A resolved alert without a firing one before it is answered with 200 and dropped as well.
# Seen       notified of: late/firing, late/resolved. Not notified of: now, only_resolved
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
if [ "$(prometheus-alertmanager --version 2>&1 | grep -o "0\.25\.[0-9]*" | head -1)" = 0.25.0 ]; then
  program=$(command -v prometheus-alertmanager)
else
  apt-get download --quiet --quiet 'prometheus-alertmanager=0.25.0*'
  dpkg-deb --extract prometheus-alertmanager_*.deb package
  program=$dir/package/usr/bin/prometheus-alertmanager
fi
cat >run.py <<'END'
import datetime, http.server, json, subprocess, sys, threading, time, urllib.request

told = []

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told.extend(alert["labels"]["alertname"] + "/" + alert["status"] for alert in body["alerts"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
spare = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
port = spare.server_port
spare.server_close()
with open("alertmanager.yml", "w") as config:
    json.dump({
        "route": {"receiver": "hook", "group_by": ["alertname"], "group_wait": "3s", "group_interval": "1s", "repeat_interval": "1h"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{receiver.server_port}/", "send_resolved": True}]}],
    }, config)
alertmanager = subprocess.Popen(
    [sys.argv[1], "--config.file=alertmanager.yml", "--storage.path=data", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()

def post(name, **times):
    body = json.dumps([{"labels": {"alertname": name}, **times}]).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/alerts", body, {"content-type": "application/json"})
    status = urllib.request.urlopen(request).status
    assert status == 200, status

try:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready")
            break
        except OSError:
            time.sleep(0.1)
    for name, began in [("now", at(0)), ("late", at(-600))]:
        post(name, startsAt=began)
        time.sleep(0.5)
        post(name, startsAt=began, endsAt=at(-0.1))
    post("only_resolved", startsAt=at(-600), endsAt=at(-0.1))
    # Twice group_wait and more: whatever is to come has come.
    time.sleep(8)
finally:
    alertmanager.kill()
print("notified of:", ", ".join(told))
sys.exit(sorted(told) != ["late/firing", "late/resolved"])
END
python3 run.py "$program"
