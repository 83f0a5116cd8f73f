"""Real proxies on loopback: each starts with a configuration of its own in a temporary folder and keeps an access log."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended at its start")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Proxy:
    """`log()` gives one (status, method, path) for each request that the proxy answered."""

    def __init__(self, folder, text, **values):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        body = self.frame().replace("@BODY@", text)
        for name, value in {"PORT": self.port, "DIR": self.folder, **values}.items():
            body = body.replace(f"@{name}@", str(value))
        (self.folder / "conf").write_text(body)
        (self.folder / "index.html").write_text("<!doctype html><html><head><title>Shop</title></head><body>Hello</body></html>\n")
        program = shutil.which(self.program) or f"/usr/sbin/{self.program}"
        environment = {**os.environ, "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), "HOME": str(self.folder)}
        self.process = subprocess.Popen(
            [program, *self.arguments()], stdout=open(self.folder / "out", "w"), stderr=open(self.folder / "err", "w"), env=environment
        )
        wait_for(self.port, self.process)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def log(self):
        lines = (self.folder / self.log_file).read_text(errors="replace").splitlines()
        return [entry for entry in map(self.entry, lines) if entry and entry[2].split("?")[0] != "/"]


class Nginx(Proxy):
    program, log_file = "nginx", "access"

    def frame(self):
        return """daemon off; worker_processes 1; pid @DIR@/pid; error_log @DIR@/error;
events {}
http {
  log_format row '$status $request_method $request_uri';
  access_log @DIR@/access row;
  client_body_temp_path @DIR@/b; proxy_temp_path @DIR@/p; fastcgi_temp_path @DIR@/f; uwsgi_temp_path @DIR@/u; scgi_temp_path @DIR@/s;
  types { text/html html; text/javascript js; }
  server {
    listen 127.0.0.1:@PORT@;
    location /app/ { proxy_pass http://127.0.0.1:@UP@; }
@BODY@
  }
}
"""

    def arguments(self):
        return ["-p", str(self.folder), "-c", str(self.folder / "conf"), "-e", str(self.folder / "error")]

    def entry(self, line):
        status, method, path = line.split(" ", 2)
        return int(status), method, path


class Caddy(Proxy):
    program, log_file = "caddy", "access"

    def frame(self):
        return """{
  admin off
  auto_https off
}
http://127.0.0.1:@PORT@ {
  log {
    output file @DIR@/access
    format json
  }
  handle /app/* {
    reverse_proxy 127.0.0.1:@UP@
  }
@BODY@
}
"""

    def arguments(self):
        return ["run", "--config", str(self.folder / "conf"), "--adapter", "caddyfile"]

    def log(self):
        return super().log() if (self.folder / self.log_file).exists() else []

    def entry(self, line):
        import json

        record = json.loads(line)
        # Caddy 2.6 logs the empty 200 that nothing handled as 0.
        return record["status"] or 200, record["request"]["method"], record["request"]["uri"]


class Haproxy(Proxy):
    program, log_file = "haproxy", "out"

    def frame(self):
        return """global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "%ST %HM %HU"
  retries 1
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:@PORT@
@BODY@
  use_backend page if { path_beg /app/ }
  default_backend capture
backend page
  server page 127.0.0.1:@UP@
backend capture
  server capture 127.0.0.1:@CAPTURE@
"""

    def arguments(self):
        return ["-db", "-f", str(self.folder / "conf")]

    def entry(self, line):
        parts = line.split(" ", 2)
        return (int(parts[0]), parts[1], parts[2]) if parts[0].isdigit() and len(parts) == 3 else None
