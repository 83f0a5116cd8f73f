#!/usr/bin/env bash
# posthog-node: a batch that is sent again is stored later than it happened, by as long as the retry waited
#
# Versions   posthog-node 5.70.0 with @posthog/core 1.67.3, posthog (PyPI) 7.91.1, Python 3.9 or newer
# Behaviour  Capture v0 corrects a wrong client clock: it stores  now - (sent_at - timestamp).  That is right as long as sent_at is the moment of sending.
#            posthog-node writes sent_at once, before its first try, and posts the same bytes again. A batch that was refused with 503 twice
#            (3 s apart, its default) is stored 6 s after it happened, although every clock is right. posthog-python writes sent_at for each try, and its events are stored right.
# Seen       posthog-node: try 3, sent_at is 6 s old: stored 6 s late
#            posthog-python: try 3, sent_at is 0 s old: stored 0 s late
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true,"dependencies":{"posthog-node":"5.70.0","@posthog/core":"1.67.3"}}' >package.json
npm install --silent --no-audit --no-fund
python3 -m venv python
python/bin/pip install --quiet posthog==7.91.1 requests==2.34.2

cat >client.mjs <<'EOF'
import { PostHog } from 'posthog-node'
const client = new PostHog('phc_finding', { host: process.argv[2] })
client.capture({ distinctId: 'person', event: 'finding' })
await client.shutdown()
EOF
cat >client.py <<'EOF'
import sys
from posthog import Posthog
client = Posthog("phc_finding", host=sys.argv[1])
client.capture("finding", distinct_id="person")
client.shutdown()
EOF
cat >run.py <<'EOF'
import gzip, json, subprocess, sys, threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

tries = []

def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))

class Capture(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        now = datetime.now(timezone.utc)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        batch = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        event = batch["batch"][0]
        happened, sent = moment(event["timestamp"]), moment(batch["sent_at"])
        stored = now - (sent - happened)
        tries.append(((now - sent).total_seconds(), (stored - happened).total_seconds()))
        self.send_response(503 if len(tries) < 3 else 200)
        self.send_header("Content-Length", "15")
        self.end_headers()
        self.wfile.write(b'{"status":"Ok"}')

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # a client that ended

server = Server(("127.0.0.1", 0), Capture)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_address[1]}"
late = {}
for name, command in {"posthog-node": ["node", "client.mjs"], "posthog-python": ["python/bin/python", "client.py"]}.items():
    tries.clear()
    subprocess.run([*command, host], check=True, timeout=60)
    old, late[name] = tries[-1]
    print(f"{name}: try {len(tries)}, sent_at is {old:.0f} s old: stored {late[name]:.0f} s late")
sys.exit(0 if 5 < late["posthog-node"] < 8 and late["posthog-python"] < 1 else 1)
EOF
python3 run.py || { echo "changed: see above"; exit 1; }
echo "still so"
