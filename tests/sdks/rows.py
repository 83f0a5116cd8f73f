"""The rows: what answers an SDK, and how. Each row starts its own capture and, where the answer is a proxy's, its own proxy."""

import socket
import threading
import time

from capture import Answer, Capture, verdicts
from proxies import Caddy, Haproxy, Nginx, free_port

HTML = "<!doctype html><html><head><title>Shop</title></head><body>Hello</body></html>"


class Ground:
    """What a run stands on: capture, the proxy if there is one, and the address that the SDK is given."""

    def __init__(self, folder, web):
        self.folder, self.web, self.parts = folder, web, []
        self.capture = self.keep(Capture(web=web))
        self.front, self.host, self.page = None, self.capture.url, self.capture.url

    def keep(self, part):
        self.parts.append(part)
        return part

    def scripted(self, plan):
        self.capture.plan = plan

    def proxy(self, kind, text, **values):
        values = {"UP": self.capture.port, "CAPTURE": self.capture.port, **values}
        self.front = self.keep(kind(self.folder / f"proxy{len(self.parts)}", text, **values))
        self.host = self.page = self.front.url

    def close(self):
        for part in reversed(self.parts):
            part.close()


def once(answer):
    return lambda number, request: answer if number == 1 else None


def always(answer):
    return lambda number, request: answer


def nginx(text, **values):
    return lambda ground: ground.proxy(Nginx, text, **values)


def caddy(text, **values):
    return lambda ground: ground.proxy(Caddy, text, **values)


def haproxy(text, **values):
    return lambda ground: ground.proxy(Haproxy, text, **values)


def scripted(plan):
    return lambda ground: ground.scripted(plan)


def slow_upstream(ground):
    """Capture takes the event, and answers later than the proxy waits."""
    ground.scripted(lambda number, request: Answer(200, '{"status":"Ok"}', take=bool(request["events"]), delay=1.5) if not request["v1"]
                    else delayed(verdicts(request, "ok"), 1.5))
    ground.proxy(Nginx, "location / { proxy_pass http://127.0.0.1:@UP@; proxy_read_timeout 1s; }")


def delayed(answer, seconds):
    answer.delay = seconds
    return answer


def upstream_comes_back(ground):
    """The proxy's upstream is down and comes back two seconds after the first request."""
    late = ground.keep(Late(ground.capture))
    ground.proxy(Nginx, "location / { proxy_pass http://127.0.0.1:@LATE@; }", LATE=late.port)
    threading.Thread(target=late.open_after, args=(ground.front, 2.0), daemon=True).start()


class Late:
    """A port that refuses at first and leads to capture from some time after the proxy's first refusal on."""

    def __init__(self, capture):
        self.port, self.capture, self.listener = free_port(), capture, None

    def open_after(self, front, seconds):
        while not any(status == 502 for status, _, _ in front.log()):
            time.sleep(0.05)
        time.sleep(seconds)
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.capture.port))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=pump, args=(one, other), daemon=True).start()

    def close(self):
        if self.listener:
            self.listener.close()


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    finally:
        try:
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def nobody(ground):
    ground.host = f"http://127.0.0.1:{free_port()}"


def never_answers(ground):
    """Takes the connection and the request, and says nothing."""
    hole = ground.keep(Hole())
    ground.host = f"http://127.0.0.1:{hole.port}"


class Hole:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.held = self.listener.getsockname()[1], []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.held.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.close()
        for connection in self.held:
            connection.close()


def partial(number, request):
    """v1: the first event of the request is not taken and gets no verdict, the others are `ok`."""
    answer = verdicts({**request, "events": request["events"][1:]}, "ok")
    answer.skip = 1
    return answer


# Everything goes to capture.
PASS = "location / { proxy_pass http://127.0.0.1:@UP@; }"

# name -> (what answers, how it is made, what to do). Rows whose name ends in `_once` answer so one time, and well from then on.
ROWS = {
    "html_200": (
        "200 with an HTML page (nginx, single-page app)",
        nginx("root @DIR@; index index.html; location / { try_files $uri /index.html; error_page 405 =200 /index.html; }"),
        "Route the SDK's paths to PostHog before the app's catch-all; no SDK says that anything is wrong.",
    ),
    "empty_200": ("empty 200 (Caddy, no `handle` matches)", caddy(""), "Add the missing `handle` for the SDK's paths."),
    "status_202": ("202 (nginx answers itself)", nginx("location / { return 202; }"), "Pass the request on; capture v0 answers 200."),
    "status_204": ("204 (nginx answers itself)", nginx("location / { return 204; }"), "Pass the request on; capture v0 answers 200."),
    "redirect_301_slash": (
        "301, the slash at the end (nginx)",
        nginx("location / { rewrite ^/(.*)/$ /$1 permanent; proxy_pass http://127.0.0.1:@UP@; }"),
        "Do not redirect the SDK's paths: pass on both `/batch` and `/batch/`.",
    ),
    "redirect_301_host": (
        "301 to another host (HAProxy)",
        haproxy("  http-request redirect prefix http://127.0.0.1:@CAPTURE@ code 301 if !{ path_beg /app/ }"),
        "Give the SDK the address that the redirect names.",
    ),
    "redirect_302_login": (
        "302 to a login page (nginx)",
        nginx("root @DIR@; location = /login { try_files /index.html =404; } location / { return 302 /login; }"),
        "Let the SDK's paths through without a login.",
    ),
    "redirect_307": ("307 to another host (nginx)", nginx("location / { return 307 http://127.0.0.1:@UP@$request_uri; }"), "Give the SDK the address that the redirect names."),
    "redirect_308": (
        "308, the slash at the end (Caddy)",
        caddy("  @slash path_regexp slash ^/(.+)/$\n  redir @slash /{re.slash.1}?{query} 308\n  reverse_proxy 127.0.0.1:@UP@"),
        "Do not redirect the SDK's paths (Next.js: `skipTrailingSlashRedirect: true`).",
    ),
    "status_413_batch": (
        "413, the batch is too large, one event is not (nginx)",
        nginx("client_max_body_size 8k; " + PASS),
        "Raise the proxy's body limit to 20 MB (`client_max_body_size 20m`).",
    ),
    "status_413_event": (
        "413, each event is too large (nginx)",
        nginx("client_max_body_size 1k; " + PASS),
        "Raise the proxy's body limit to 20 MB (`client_max_body_size 20m`).",
    ),
    "status_429_retry_after": (
        "429 with `Retry-After: 5`, always (HAProxy)",
        haproxy("  http-request return status 429 hdr Retry-After 5 if !{ path_beg /app/ }"),
        "Exempt the SDK's paths from the rate limit.",
    ),
    "status_429_retry_after_once": (
        "429 with `Retry-After: 5`, once",
        scripted(once(Answer(429, "rate limited", Retry_After=5))),
        "Exempt the SDK's paths from the rate limit.",
    ),
    "status_429": (
        "429 without `Retry-After`, always (HAProxy `deny_status 429`)",
        haproxy("  http-request deny deny_status 429 if !{ path_beg /app/ }"),
        "Exempt the SDK's paths from the rate limit, or answer with `Retry-After`.",
    ),
    "status_429_once": ("429 without `Retry-After`, once", scripted(once(Answer(429, "rate limited"))), "Exempt the SDK's paths from the rate limit."),
    "status_404": ("404 (nginx, no such location)", nginx("root @DIR@; location / { try_files $uri =404; }"), "Correct the path: the proxy does not know it."),
    "status_404_once": ("404, once", scripted(once(Answer(404, "not found"))), "Correct the path, or do not answer 404 while the proxy reloads."),
    "status_500": ("500, always (nginx)", nginx("location / { return 500; }"), "Repair the proxy; its error log says why."),
    "status_502": ("502, always (nginx, upstream down)", nginx("location / { proxy_pass http://127.0.0.1:@DOWN@; }", DOWN=1), "Start the upstream, or correct its address."),
    "status_502_back": ("502 for two seconds (nginx, upstream comes back)", upstream_comes_back, "Nothing if it is reported as `delivered`."),
    "status_503": (
        "503, always (HAProxy, upstream down)",
        haproxy("", CAPTURE=1),
        "Start the upstream, or correct its health check.",
    ),
    "status_503_once": ("503, once", scripted(once(Answer(503, "transient error, please retry"))), "Nothing if it is reported as `delivered`."),
    "status_504": ("504, always, the events are taken (nginx, upstream slow)", slow_upstream, "Raise the proxy's timeout (`proxy_read_timeout 60s`)."),
    "status_520": ("520, always (Cloudflare)", scripted(always(Answer(520, "error code: 520"))), "See the origin behind Cloudflare: it answered nothing that Cloudflare could read."),
    "status_520_once": ("520, once (Cloudflare)", scripted(once(Answer(520, "error code: 520"))), "See the origin behind Cloudflare."),
    "verdict_missing": ("v1: no verdict for the first event", scripted(partial), "A verdict must come for each event: see what rewrites the answer."),
    "verdict_empty": ("v1: 200 `{}`", scripted(always(Answer(200, "{}"))), "See what answers in place of capture."),
    "verdict_unknown": ("v1: an unknown verdict", scripted(lambda number, request: verdicts(request, "limited")), "Update the SDK."),
    "verdict_drop": ("v1: verdict `drop`", scripted(lambda number, request: verdicts(request, "drop")), "Read the verdict's details."),
    "verdict_drop_capitals": (
        "v1: verdict `drop`; the program gave its uuid in capitals",
        scripted(lambda number, request: verdicts(request, "drop")),
        "Give uuids in small letters, with hyphens: capture answers with these.",
    ),
    "verdict_drop_no_hyphens": (
        "v1: verdict `drop`; the program gave its uuid without hyphens",
        scripted(lambda number, request: verdicts(request, "drop")),
        "Give uuids in small letters, with hyphens: capture answers with these.",
    ),
    "verdict_retry_once": (
        "v1: verdict `retry`, once",
        scripted(lambda number, request: verdicts(request, "retry") if number == 1 else None),
        "Nothing if it is reported as `delivered`.",
    ),
    "refused": ("nobody listens, until after the shutdown", nobody, "Start the server; what was queued in the process is gone."),
    "never_answers": ("takes the request and never answers", never_answers, "Find out why nothing answers; give `shutdown` time."),
}

# Words for the SDK's program beside address and count.
WORDS = {"verdict_drop_capitals": "capitals", "verdict_drop_no_hyphens": "no-hyphens"}
V1_ONLY = {name for name in ROWS if name.startswith("verdict_")}
