#!/usr/bin/env bash
# Caddy 2.6: a body over `request_body max_size` in front of reverse_proxy is answered with 502, and its beginning reaches the upstream
#
# Versions   caddy 2.6.2 (Debian's package, bookworm), posthog (PyPI) 7.91.1
# Behaviour  nginx and others answer 413 before they ask the upstream. Caddy 2.6 opens the request to the upstream with the full Content-Length, sends the first max_size bytes, breaks off and answers
#            502 with an empty body. So the limit looks like a dead upstream, and a client treats it as one: posthog-python gives up a 413 at once and sends after a 502 three more times,
#            whole batch each time; at the upstream four requests end in the middle of their body.
# Seen       502, 4 requests, upstream got 1000 of N bytes each time
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
if [ "$(caddy version 2>/dev/null | grep -o "[0-9][0-9.]*" | head -1)" = 2.6.2 ]; then
  program=$(command -v caddy)
else
  apt-get download --quiet --quiet 'caddy=2.6.2*'
  dpkg-deb --extract caddy_*.deb package
  program=$dir/package/usr/bin/caddy
fi
python3 -m venv python
python/bin/pip install --quiet posthog==7.91.1 requests==2.34.2

cat >run.py <<'EOF'
import os, socket, subprocess, sys, threading, time

seen = []

def upstream(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=read, args=(connection,), daemon=True).start()

def read(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if head:
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        seen.append((len(body), length))

listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=upstream, args=(listener,), daemon=True).start()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
open("Caddyfile", "w").write("""{
  admin off
  auto_https off
}
http://127.0.0.1:%d {
  request_body {
    max_size 1KB
  }
  reverse_proxy 127.0.0.1:%d
}
""" % (port, listener.getsockname()[1]))
caddy = subprocess.Popen([sys.argv[1], "run", "--config", "Caddyfile", "--adapter", "caddyfile"], stderr=subprocess.DEVNULL, env={**os.environ, "XDG_DATA_HOME": ".", "XDG_CONFIG_HOME": ".", "HOME": "."})
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    program = """
import sys
from posthog import Posthog
told = []
client = Posthog("phc_finding", host=sys.argv[1], on_error=lambda error, batch: told.append(error.status))
client.capture("finding", distinct_id="person", properties={"text": "x" * 5000})
client.shutdown()
print(told[0])
"""
    done = subprocess.run(["python/bin/python", "-c", program, f"http://127.0.0.1:{port}"], capture_output=True, text=True, timeout=60)
    status = done.stdout.strip()
    time.sleep(0.5)
    print(f"{status}, {len(seen)} requests, upstream got", ", ".join(f"{got} of {length} bytes" for got, length in seen))
    sys.exit(0 if status == "502" and len(seen) == 4 and all(got == 1000 < length for got, length in seen) else 1)
finally:
    caddy.terminate()
EOF
python3 run.py "$program" || { echo "changed: see above"; exit 1; }
echo "still so"
