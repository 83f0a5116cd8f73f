#!/usr/bin/env bash
# posthog-python and posthog-node, capture v1: a uuid given in capitals hides that PostHog dropped the event
#
# Versions   posthog (PyPI) 7.91.1, posthog-node 5.70.0 with @posthog/core 1.67.3
# Behaviour  Capture v1 answers 200 with a verdict for each uuid, and writes the uuid in small letters with hyphens. Both SDKs let a program give its own uuid
#            and look the verdict up by the very text it gave. A valid uuid in capitals is not found, and an event without a verdict counts as delivered: a `drop` is told to nobody,
#            a `retry` is not tried again. The same events with uuids in small letters: on_error / the `error` event is called.
# Seen       posthog-python small letters: told of 1 drop; capitals: told of nothing
#            posthog-node   small letters: told of 1 drop; capitals: told of nothing
#            posthog-python capitals, verdict `retry`: 1 request
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
const [host, uuid] = process.argv.slice(2)
let told = 0
const client = new PostHog('phc_finding', { host })
client.on('error', (error) => (told += error.drops?.length ?? 0))
client.capture({ distinctId: 'person', event: 'finding', uuid })
await client.shutdown()
process.stdout.write(String(told))
EOF
cat >client.py <<'EOF'
import sys
from posthog import Posthog
host, uuid = sys.argv[1:]
told = []
client = Posthog("phc_finding", host=host, max_retries=1, on_error=lambda error, batch: told.extend(error.drops))
client.capture("finding", distinct_id="person", uuid=uuid)
client.shutdown()
print(len(told), end="")
EOF
cat >run.py <<'EOF'
import gzip, json, os, subprocess, sys, threading, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

verdict, requests = "drop", 0

class Capture(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global requests
        requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        batch = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)["batch"]
        # As capture does: a uuid is read as a uuid and written in its usual form.
        answer = json.dumps({"results": {str(uuid.UUID(event["uuid"])): {"result": verdict} for event in batch}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # a client that ended

server = Server(("127.0.0.1", 0), Capture)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_address[1]}"

def told(command, own):
    done = subprocess.run([*command, host, own], check=True, timeout=60, capture_output=True, text=True, env={**os.environ, "POSTHOG_CAPTURE_MODE": "v1"})
    return int(done.stdout.strip())

own, right = "0192f0c1-2d3e-7abc-8def-0123456789ab", True
for name, command in {"posthog-python": ["python/bin/python", "client.py"], "posthog-node": ["node", "client.mjs"]}.items():
    small, capitals = told(command, own), told(command, own.upper())
    print(f"{name} small letters: told of {small} drop; capitals: told of {capitals or 'nothing'}")
    right &= (small, capitals) == (1, 0)
verdict, requests = "retry", 0
told(["python/bin/python", "client.py"], own.upper())
print(f"posthog-python capitals, verdict `retry`: {requests} request")
sys.exit(0 if right and requests == 1 else 1)
EOF
python3 run.py || { echo "changed: see above"; exit 1; }
echo "still so"
