#!/usr/bin/env bash
# nginx as a reverse proxy replaces the upstream's `Date` by its own clock; Caddy and HAProxy pass it through
#
# Versions   nginx 1.22.1, caddy 2.6.2, haproxy 2.6.12 (Debian's packages, bookworm)
# Behaviour  With nothing but proxy_pass, nginx drops the upstream's Date and writes the time of its own machine. Its manual says so, at proxy_pass_header.
#            Caddy (reverse_proxy) and HAProxy (mode http) leave the upstream's Date as it is. `proxy_pass_header Date` in nginx brings the upstream's back.
# Why care   A client that takes Date for the upstream's clock, say to find out whose clock is wrong, reads the proxy's clock behind nginx:
#            an upstream that is years off looks right, and a proxy whose clock is off makes a right upstream look wrong.
# Seen       upstream sends                           Sat, 01 Jan 2000 00:00:00 GMT
#            nginx 1.22.1                             its own clock
#            nginx 1.22.1, proxy_pass_header Date     the upstream's
#            caddy 2.6.2                              the upstream's
#            haproxy 2.6.12                           the upstream's
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# The last three are libraries that haproxy is linked with and that not every machine has.
apt-get download --quiet --quiet 'nginx=1.22.1-*' 'caddy=2.6.2-*' 'haproxy=2.6.12-*' liblua5.3-0 libopentracing-c-wrapper0 libopentracing1
for package in *.deb; do
  dpkg-deb --extract "$package" package
done

cat >run.py <<'EOF'
import http.client, os, re, socket, subprocess, sys, threading, time
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WRONG = "Sat, 01 Jan 2000 00:00:00 GMT"
folder = os.getcwd()
libraries = next(path for path, _, files in os.walk("package/usr/lib") if any(name.startswith("liblua5.3.so") for name in files))
environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder, "LD_LIBRARY_PATH": os.path.join(folder, libraries)}

class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def date_time_string(self, timestamp=None):
        return WRONG  # send_response writes it as Date

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
threading.Thread(target=server.serve_forever, daemon=True).start()
upstream = f"127.0.0.1:{server.server_address[1]}"

def nginx(more):
    # Only places to write to are set: the package's own need root.
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    return """daemon off;
pid %s/nginx.pid;
events {}
http {
  access_log off;
  %s
  server {
    listen 127.0.0.1:PORT;
    location / {
      proxy_pass http://%s;
      %s
    }
  }
}
""" % (folder, places, upstream, more)

CADDY = """{
  admin off
  auto_https off
}
http://127.0.0.1:PORT {
  reverse_proxy %s
}
""" % upstream
HAPROXY = """defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen finding
  bind 127.0.0.1:PORT
  server upstream %s
""" % upstream

def date(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    if (answer.status, answer.read()) != (200, b"ok"):
        return f"status {answer.status}"
    dates = answer.headers.get_all("Date", [])
    if dates == [WRONG]:
        return "the upstream's"
    try:
        if len(dates) == 1 and abs(parsedate_to_datetime(dates[0]).timestamp() - time.time()) < 5:
            return "its own clock"
    except (TypeError, ValueError):
        pass  # no date
    return f"Date {dates}"

def through(command, config):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open("config", "w") as file:
        file.write(config.replace("PORT", str(port)))
    with open("log", "w") as log:
        proxy = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return date(port)
            except ConnectionRefusedError:
                if proxy.poll() is not None:
                    break
                time.sleep(0.1)
        return "did not start: " + open("log").read()
    finally:
        proxy.terminate()
        proxy.wait(20)

def version(command):
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    found = re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)
    return found.group() if found else "of no version"

config = f"{folder}/config"
NGINX = ["package/usr/sbin/nginx", "-p", folder, "-e", "stderr", "-c", config]
print(f"{'upstream sends':40} {WRONG}")
right = True
for name, ask, command, text, more, wanted in [
    ("nginx 1.22.1", "-v", NGINX, nginx(""), "", "its own clock"),
    ("nginx 1.22.1", "-v", NGINX, nginx("proxy_pass_header Date;"), ", proxy_pass_header Date", "the upstream's"),
    ("caddy 2.6.2", "version", ["package/usr/bin/caddy", "run", "--config", config, "--adapter", "caddyfile"], CADDY, "", "the upstream's"),
    ("haproxy 2.6.12", "-v", ["package/usr/sbin/haproxy", "-db", "-f", config], HAPROXY, "", "the upstream's"),
]:
    real = f"{name.split()[0]} {version([command[0], ask])}"
    got = through(command, text)
    print(f"{real + more:40} {got}")
    right &= (real, got) == (name, wanted)
sys.exit(0 if right else 1)
EOF
python3 run.py || { echo "changed: see above"; exit 1; }
echo "still so"
