"""A small capture service on loopback, and what it saw.

It answers as PostHog's capture does (v0 and v1), or as a row tells it to, and keeps every request with its decoded body.
It also serves the page and the library for the browser, and the few other addresses that an SDK asks at its start.
"""

import gzip
import json
import pathlib
import threading
import time
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

V0_PATHS = {"/batch", "/e", "/i/v0/e", "/capture", "/track"}
V1_PATH = "/i/v1/analytics/events"


class Answer:
    """What is sent back: a status with headers and a body; `take` whether the events count as taken in, but for the first `skip` of them."""

    def __init__(self, status, body="", take=False, delay=0.0, **headers):
        self.status, self.body, self.take, self.delay, self.skip = status, body, take, delay, 0
        self.headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}


def decoded(body, headers):
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    if "x-www-form-urlencoded" in headers.get("Content-Type", ""):
        import base64

        body = base64.b64decode(parse_qs(body.decode())["data"][0])
    return json.loads(body)


def events_of(document):
    if isinstance(document, dict):
        return document["batch"] if "batch" in document else [document]
    return document


def moment(value):
    try:
        if isinstance(value, (int, float)) or str(value).isdigit():
            return int(value) / 1000
        return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


class Capture:
    """`plan(number, request)` gives the answer to the number-th capture request, or None for capture's own."""

    def __init__(self, plan=None, web=None):
        self.plan = plan or (lambda number, request: None)
        self.web = pathlib.Path(web) if web else None
        self.requests, self.lock = [], threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                owner.serve(self)

            do_GET = do_OPTIONS = do_POST

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, http):
        now = time.time()
        length = int(http.headers.get("Content-Length") or 0)
        body = http.rfile.read(length) if length else b""
        if "chunked" in (http.headers.get("Transfer-Encoding") or ""):
            body = read_chunks(http.rfile)
        path = urlsplit(http.path)
        where = path.path.rstrip("/")
        is_v1 = where.endswith(V1_PATH)
        if http.command == "OPTIONS":
            return send(http, Answer(200, '{"status":"Ok"}'))
        if where.startswith("/app") and self.web:
            return self.serve_file(http, path.path)
        if not is_v1 and where not in V0_PATHS and not any(where.endswith(known) for known in V0_PATHS):
            return send(http, other(where))
        request = {"at": now, "method": http.command, "path": http.path, "v1": is_v1, "bytes": len(body), "events": []}
        try:
            document = decoded(body, http.headers) if body else None
            sent_at = parse_qs(path.query).get("sent_at", [None])[0]
            if isinstance(document, dict):
                sent_at = document.get("sent_at") or sent_at
            request["events"] = [seen(event) for event in events_of(document)] if document else []
            request["sent_at"] = moment(sent_at) if sent_at else None
        except Exception as error:  # an unreadable body is told by capture with 400
            request["unreadable"] = str(error)
        with self.lock:
            self.requests.append(request)
            number = len(self.requests)
        answer = self.plan(number, request) or own_answer(request, body)
        request["status"], request["taken"] = answer.status, request["events"][answer.skip :] if answer.take else []
        time.sleep(answer.delay)
        request["answered"] = time.time()
        send(http, answer)

    def serve_file(self, http, path):
        name = path[len("/app/") :] or "page.html"
        file = self.web / name
        if not file.is_file() or "/" in name:
            return send(http, Answer(404))
        kind = "text/html" if name.endswith(".html") else "text/javascript"
        send(http, Answer(200, file.read_text(), Content_Type=kind))


def seen(event):
    properties = event.get("properties") or {}
    return {"n": properties.get("n"), "uuid": event.get("uuid") or properties.get("$insert_id"), "timestamp": moment(event.get("timestamp"))}


def own_answer(request, body):
    """What capture itself says: v0 `Ok`, v1 a verdict for each uuid; 400 to a request without a body."""
    if not body or "unreadable" in request:
        return Answer(400, "request holds no event", Content_Type="text/plain")
    if request["v1"]:
        return verdicts(request, "ok")
    return Answer(200, '{"status":"Ok"}', take=True, Content_Type="application/json")


def verdicts(request, result, take=None):
    """A verdict for each uuid, written as capture writes it: small letters and hyphens, however it came."""
    results = {str(uuid.UUID(event["uuid"])): {"result": result} for event in request["events"]}
    take = result in ("ok", "warning") if take is None else take
    return Answer(200, json.dumps({"results": results}), take=take, Content_Type="application/json")


def other(path):
    if path.endswith(("/flags", "/decide")):
        return Answer(200, '{"flags":{},"featureFlags":{}}', Content_Type="application/json")
    return Answer(404, "not found", Content_Type="text/plain")


def read_chunks(stream):
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


def send(http, answer):
    body = answer.body.encode()
    try:
        http.send_response(answer.status)
        for name, value in answer.headers.items():
            http.send_header(name, value)
        # PostHog's capture mirrors the origin; a proxy's own page does not.
        if origin := http.headers.get("Origin"):
            http.send_header("Access-Control-Allow-Origin", origin)
            http.send_header("Access-Control-Allow-Credentials", "true")
            http.send_header("Access-Control-Allow-Headers", http.headers.get("Access-Control-Request-Headers") or "*")
        if answer.status != 204:
            http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        if answer.status != 204:
            http.wfile.write(body)
    except OSError:
        pass  # the client has gone
