//! Faults of the same kinds that nobody prepared for: other proxies by their own words, and other mistakes with the ones of the lab.

use super::Before::{Caddy, Haproxy, Nginx, Node, Raw as By, Relay};
use super::{Change, Raw, Situation};

const FAIR: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
        }
    }";

pub(super) fn all() -> Vec<Situation> {
    [gateways(), edges(), refusals(), in_its_place(), on_the_way(), forward_proxies(), local()].into_iter().flatten().collect()
}

fn says(name: &'static str, truth: &'static str, right: &'static [&'static str], answer: &'static str) -> Situation {
    Situation::new(name, truth, right, By(Raw::Says(answer)))
}

/// Proxies and balancers whose upstream is broken.
fn gateways() -> Vec<Situation> {
    vec![
        says(
            "envoy/upstream-down",
            "Envoy's upstream is down (503, text)",
            &["intermediary/upstream_down"],
            "503 Service Unavailable\r\ncontent-type: text/plain\r\nserver: envoy\r\n\r\n\
             upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        ),
        says(
            "envoy/upstream-slow",
            "Envoy's upstream does not answer in time (504, text)",
            &["intermediary/upstream_slow"],
            "504 Gateway Timeout\r\ncontent-type: text/plain\r\nserver: envoy\r\n\r\nupstream request timeout",
        ),
        says(
            "envoy/no-route",
            "Envoy knows no route for the path (404, empty)",
            &["intermediary/wrong_path", "intermediary/answers_itself"],
            "404 Not Found\r\nserver: envoy\r\n\r\n",
        ),
        says(
            "traefik/no-router",
            "Traefik knows no router for the path (404, text)",
            &["intermediary/wrong_path", "intermediary/answers_itself", "intermediary/wrong_upstream"],
            "404 Not Found\r\ncontent-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n\r\n404 page not found\n",
        ),
        says(
            "traefik/upstream-down",
            "Traefik's upstream is down (502, text)",
            &["intermediary/upstream_down"],
            "502 Bad Gateway\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nBad Gateway",
        ),
        says(
            "varnish/upstream-down",
            "Varnish's backend is down (503, Guru Meditation)",
            &["intermediary/upstream_down"],
            "503 Backend fetch failed\r\nserver: Varnish\r\nx-varnish: 32770\r\nage: 0\r\nvia: 1.1 varnish (Varnish/7.1)\r\n\
             content-type: text/html; charset=utf-8\r\n\r\n\
             <!DOCTYPE html>\n<html>\n  <head>\n    <title>503 Backend fetch failed</title>\n  </head>\n  <body>\n    <h1>Error 503 Backend fetch failed</h1>\n    \
             <p>Backend fetch failed</p>\n    <h3>Guru Meditation:</h3>\n    <p>XID: 32771</p>\n    <hr>\n    <p>Varnish cache server</p>\n  </body>\n</html>\n",
        ),
        says(
            "apache/upstream-down",
            "Apache's upstream is down (503, HTML)",
            &["intermediary/upstream_down", "intermediary/answers_itself"],
            "503 Service Unavailable\r\nserver: Apache/2.4.62 (Debian)\r\ncontent-type: text/html; charset=iso-8859-1\r\n\r\n\
             <!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>503 Service Unavailable</title>\n</head><body>\n\
             <h1>Service Unavailable</h1>\n<p>The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\n\
             problems. Please try again later.</p>\n<hr>\n<address>Apache/2.4.62 (Debian) Server at t.example.com Port 80</address>\n</body></html>\n",
        ),
        says(
            "aws/balancer-502",
            "an AWS load balancer's target is down (502, HTML)",
            &["intermediary/upstream_down"],
            "502 Bad Gateway\r\nserver: awselb/2.0\r\ncontent-type: text/html\r\n\r\n\
             <html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
        ),
        says(
            "vercel/function-timeout",
            "a function at Vercel does not answer in time (504)",
            &["intermediary/upstream_slow"],
            "504 Gateway Timeout\r\nserver: Vercel\r\nx-vercel-error: FUNCTION_INVOCATION_TIMEOUT\r\nx-vercel-id: fra1::abcde-1795444327000-0123456789ab\r\n\
             content-type: text/plain; charset=utf-8\r\n\r\nAn error occurred with your deployment\n\nFUNCTION_INVOCATION_TIMEOUT\n",
        ),
        Situation::new(
            "haproxy/queue-full",
            "its queue is full (503)",
            &["intermediary/upstream_down", "intermediary/upstream_slow", "intermediary/limits"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    timeout queue 100ms
    server posthog {closed} track gone{port}/posthog
backend gone{port}
    option httpchk
    server posthog {closed} check inter 50ms fall 1",
            ),
        ),
    ]
}

/// What Cloudflare and its like say of the server behind them.
fn edges() -> Vec<Situation> {
    vec![
        says(
            "cloudflare/520",
            "the origin answered Cloudflare with nonsense (520)",
            &["intermediary/upstream_down"],
            "520 \r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/html; charset=UTF-8\r\n\r\n\
             <!DOCTYPE html><html><head><title>t.example.com | 520: Web server is returning an unknown error</title></head><body>Error code 520</body></html>",
        ),
        says(
            "cloudflare/521",
            "the origin refuses Cloudflare's connections (521)",
            &["intermediary/upstream_down"],
            "521 \r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/plain; charset=UTF-8\r\n\r\nerror code: 521",
        ),
        says(
            "cloudflare/522",
            "the origin does not accept Cloudflare's connections in time (522)",
            &["intermediary/upstream_slow", "intermediary/upstream_down"],
            "522 \r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/plain; charset=UTF-8\r\n\r\nerror code: 522",
        ),
        says(
            "cloudflare/524",
            "the origin does not answer Cloudflare in time (524)",
            &["intermediary/upstream_slow"],
            "524 \r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/html; charset=UTF-8\r\n\r\n\
             <!DOCTYPE html><html><head><title>t.example.com | 524: A timeout occurred</title></head><body>Error code 524</body></html>",
        ),
        says(
            "cloudflare/526",
            "the origin's certificate does not hold (526)",
            &["intermediary/upstream_down"],
            "526 \r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/plain; charset=UTF-8\r\n\r\nerror code: 526",
        ),
        says(
            "cloudflare/challenge",
            "Cloudflare asks whether the visitor is human (403)",
            &["intermediary/blocks"],
            "403 Forbidden\r\nserver: cloudflare\r\ncf-mitigated: challenge\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/html; charset=UTF-8\r\n\r\n\
             <!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>",
        ),
        says(
            "cloudflare/rate-limit",
            "Cloudflare's limit on requests (429)",
            &["intermediary/limits"],
            "429 Too Many Requests\r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\nretry-after: 60\r\ncontent-type: text/html; charset=UTF-8\r\n\r\n\
             <!DOCTYPE html><html><head><title>Access denied | t.example.com used Cloudflare to restrict access</title></head><body>Error 1015. You are being rate limited</body></html>",
        ),
        says(
            "cloudflare/worker-threw",
            "a worker at Cloudflare threw an exception (500)",
            &["intermediary/answers_itself", "intermediary/upstream_down"],
            "500 Internal Server Error\r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\ncontent-type: text/plain; charset=UTF-8\r\n\r\nerror code: 1101",
        ),
        says(
            "cloudflare/access",
            "Cloudflare Access wants a login (302)",
            &["intermediary/requires_login"],
            "302 Found\r\nserver: cloudflare\r\ncf-ray: 8f0c6e2c9d7a1b2c-FRA\r\n\
             location: https://example.cloudflareaccess.com/cdn-cgi/access/login/t.example.com?kid=0123&redirect_url=%2Fi%2Fv0%2Fe%2F\r\n\r\n",
        ),
        says(
            "cloudfront/method",
            "CloudFront does not allow POST (403)",
            &["intermediary/blocks"],
            "403 Forbidden\r\nserver: CloudFront\r\nx-cache: Error from cloudfront\r\nvia: 1.1 0123456789abcdef.cloudfront.net (CloudFront)\r\n\
             content-type: text/html\r\n\r\n<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>\
             This distribution is not configured to allow the HTTP request method that was used for this request.</BODY></HTML>",
        ),
        says(
            "azure/unavailable",
            "Azure Front Door has no healthy origin (503)",
            &["intermediary/upstream_down", "intermediary/answers_itself"],
            "503 Service Unavailable\r\nx-azure-ref: 20261128T000000Z-0123456789\r\ncontent-type: text/html\r\n\r\n\
             <!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h2>Our services aren't available right now</h2></body></html>",
        ),
    ]
}

/// Refusals by gateways, firewalls and logins.
fn refusals() -> Vec<Situation> {
    vec![
        says(
            "kong/no-route",
            "Kong knows no route for the path (404, JSON)",
            &["intermediary/wrong_path", "intermediary/wrong_upstream", "intermediary/answers_itself"],
            "404 Not Found\r\nserver: kong/3.9.0\r\ncontent-type: application/json; charset=utf-8\r\n\r\n\
             {\"message\":\"no Route matched with those values\",\"request_id\":\"0a1b2c3d\"}",
        ),
        says(
            "kong/rate-limit",
            "Kong's limit on requests (429, JSON)",
            &["intermediary/limits"],
            "429 Too Many Requests\r\nserver: kong/3.9.0\r\nx-ratelimit-limit-minute: 5\r\nretry-after: 30\r\ncontent-type: application/json; charset=utf-8\r\n\r\n\
             {\"message\":\"API rate limit exceeded\"}",
        ),
        says(
            "kong/no-key",
            "Kong wants an API key of its own (401, JSON)",
            &["intermediary/requires_login"],
            "401 Unauthorized\r\nserver: kong/3.9.0\r\nwww-authenticate: Key realm=\"kong\"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n\
             {\"message\":\"No API key found in request\"}",
        ),
        says(
            "aws/gateway",
            "an AWS API gateway knows no such method (403, JSON)",
            &["intermediary/blocks", "intermediary/requires_login", "intermediary/wrong_path", "intermediary/answers_itself"],
            "403 Forbidden\r\nx-amzn-requestid: 0a1b2c3d\r\nx-amzn-errortype: MissingAuthenticationTokenException\r\ncontent-type: application/json\r\n\r\n\
             {\"message\":\"Missing Authentication Token\"}",
        ),
        says(
            "istio/denied",
            "a rule of Istio's refuses (403, text)",
            &["intermediary/blocks"],
            "403 Forbidden\r\nserver: istio-envoy\r\ncontent-type: text/plain\r\n\r\nRBAC: access denied",
        ),
        says(
            "modsecurity/406",
            "ModSecurity refuses (406, HTML)",
            &["intermediary/blocks", "intermediary/answers_itself"],
            "406 Not Acceptable\r\nserver: Apache\r\ncontent-type: text/html; charset=iso-8859-1\r\n\r\n<head><title>Not Acceptable!</title></head>\
             <body><h1>Not Acceptable!</h1><p>An appropriate representation of the requested resource could not be found on this server. \
             This error was generated by Mod_Security.</p></body>",
        ),
        says(
            "oauth2-proxy/sign-in",
            "oauth2-proxy wants a login (401, HTML)",
            &["intermediary/requires_login"],
            "401 Unauthorized\r\ncontent-type: text/html; charset=utf-8\r\n\r\n<!DOCTYPE html><html lang=\"en\"><head><title>Sign In</title></head>\
             <body><form method=\"GET\" action=\"/oauth2/start\"><button type=\"submit\">Sign in with OpenID Connect</button></form></body></html>",
        ),
        says(
            "google/iap",
            "Google's Identity-Aware Proxy wants a login (302)",
            &["intermediary/requires_login"],
            "302 Found\r\nx-goog-iap-generated-response: true\r\nlocation: https://accounts.google.com/o/oauth2/v2/auth?client_id=1&response_type=code\r\n\r\n",
        ),
        says(
            "iis/too-large",
            "IIS's limit on bodies (413, HTML)",
            &["intermediary/too_large"],
            "413 Request Entity Too Large\r\nserver: Microsoft-IIS/10.0\r\ncontent-type: text/html\r\n\r\n\
             <!DOCTYPE html><html><head><title>413 - Request entity too large.</title></head><body><h2>413 - Request entity too large.</h2></body></html>",
        ),
        says(
            "bucket/405",
            "a bucket of files where the proxy should be (405, XML)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/wrong_path", "intermediary/blocks"],
            "405 Method Not Allowed\r\nserver: AmazonS3\r\nx-amz-request-id: 0A1B2C\r\nallow: GET, HEAD\r\ncontent-type: application/xml\r\n\r\n\
             <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message></Error>",
        ),
        Situation::new(
            "nginx/rate-limit-429",
            "its limit on requests (429)",
            &["intermediary/limits"],
            Nginx(
                "
    limit_req_zone $binary_remote_addr zone=strict{port}:1m rate=1r/m;
    server {
        listen 127.0.0.1:{port};
        location / {
            limit_req zone=strict{port};
            limit_req_status 429;
            proxy_pass http://{sandbox};
        }
    }",
            ),
        ),
        Situation::new(
            "haproxy/too-many",
            "its limit on requests (429)",
            &["intermediary/limits"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request deny deny_status 429
    server posthog {sandbox}",
            ),
        ),
    ]
}

/// Something else takes PostHog's place, and takes everything.
fn in_its_place() -> Vec<Situation> {
    const RIGHT: &[&str] = &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows"];
    vec![
        says("place/202", "something takes everything (202, empty)", RIGHT, "202 Accepted\r\n\r\n"),
        says("place/empty-object", "something takes everything (200, {})", RIGHT, "200 OK\r\ncontent-type: application/json\r\n\r\n{}"),
        says(
            "place/success",
            "another collector of events (200, JSON)",
            RIGHT,
            "200 OK\r\ncontent-type: application/json\r\n\r\n{\"success\":true,\"ingested\":1}",
        ),
        says(
            "place/captive-portal",
            "a captive portal (200, HTML)",
            &["intermediary/requires_login", "intermediary/answers_itself", "intermediary/wrong_upstream"],
            "200 OK\r\ncontent-type: text/html\r\n\r\n<html><head><title>Welcome to the guest network</title></head><body>Log in to go on</body></html>",
        ),
        says(
            "vite/index",
            "a development server of Vite's (200, HTML)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/wrong_path"],
            "200 OK\r\ncontent-type: text/html\r\n\r\n<!doctype html>\n<html lang=\"en\">\n  <head>\n    <script type=\"module\" src=\"/@vite/client\"></script>\n    \
             <title>Vite + React</title>\n  </head>\n  <body><div id=\"root\"></div></body>\n</html>\n",
        ),
        says(
            "tomcat/404",
            "another server is there (404, HTML)",
            &["intermediary/wrong_path", "intermediary/wrong_upstream", "intermediary/answers_itself"],
            "404 \r\ncontent-type: text/html;charset=utf-8\r\n\r\n<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title></head>\
             <body><h1>HTTP Status 404 – Not Found</h1><h3>Apache Tomcat/10.1.34</h3></body></html>",
        ),
    ]
}

/// What is done to events and answers under way.
fn on_the_way() -> Vec<Situation> {
    vec![
        Situation::new(
            "swallows/ok",
            "it says what capture says, and passes nothing on",
            &["intermediary/swallows", "intermediary/caches", "intermediary/answers_itself"],
            Relay,
        )
        .behind(Change::ForCapture("200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"Ok\"}"))
        .exits(&[1, 3]),
        Situation::new(
            "swallows/ok-nginx",
            "nginx says what capture says, and passes nothing on",
            &["intermediary/swallows", "intermediary/caches", "intermediary/answers_itself"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
        }
        location /i/ {
            default_type application/json;
            return 200 '{\"status\":\"Ok\"}';
        }
    }",
            ),
        )
        .exits(&[1, 3]),
        Situation::new("caches/hit", "a cache answers for capture", &["intermediary/caches", "intermediary/swallows"], Relay)
            .behind(Change::ForCapture(
                "200 OK\r\ncontent-type: application/json\r\nage: 3600\r\nx-cache: HIT\r\nvia: 1.1 varnish\r\n\r\n{\"status\":\"Ok\"}",
            ))
            .exits(&[1, 3]),
        Situation::new("drops/body", "it passes requests on without their body", &["intermediary/drops_body"], Relay)
            .behind(Change::NoBody),
        // What the event is then called is open; that it was the proxy is not.
        Situation::new("rewrites/uuid", "it takes the event's uuid away", &["intermediary"], Relay)
            .behind(Change::NoUuid)
            .exits(&[0, 1, 3]),
        Situation::new("encodes/gzip", "it compresses unasked", &["none", "intermediary/encodes"], Relay)
            .behind(Change::Gzip)
            .exits(&[0, 3]),
        Situation::new(
            "redirects/303",
            "it redirects to a page (303)",
            &["intermediary/redirects"],
            By(Raw::Says("303 See Other\r\nlocation: /thanks\r\n\r\n")),
        ),
        Situation::new(
            "login/307",
            "a login page is in front of it (307)",
            &["intermediary/requires_login"],
            By(Raw::Says("307 Temporary Redirect\r\nlocation: /users/sign_in?return_to=%2Fi%2Fv0%2Fe%2F\r\n\r\n")),
        ),
        Situation::new(
            "swallows/ingestion-ok",
            "it says what PostHog says, to capture and flags",
            &["intermediary/swallows", "intermediary/answers_itself", "intermediary/wrong_upstream"],
            Relay,
        )
        .behind(Change::ForIngestion("200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":1}"))
        .exits(&[1, 3]),
    ]
}

/// `HTTP_PROXY` and its like. The API is reached without them, by its number in `NO_PROXY`.
fn forward_proxies() -> Vec<Situation> {
    const RIGHT: &[&str] = &["forward_proxy"];
    const TLS: &str = "
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/good.pem;
        ssl_certificate_key {certificates}/good.key;
        location / {
            proxy_pass http://{sandbox};
        }
    }";
    let http = |name, truth, variables| {
        Situation::new(name, truth, RIGHT, Nginx(FAIR)).origin("http://localhost").variables(variables).exits(&[3, 4])
    };
    let https = |name, truth, variables| Situation::new(name, truth, RIGHT, Nginx(TLS)).https().variables(variables).exits(&[3, 4]);
    vec![
        http(
            "forward/http-dead",
            "HTTP_PROXY leads to a proxy that is not there",
            &[("HTTP_PROXY", "http://{closed}"), ("NO_PROXY", "127.0.0.1")],
        ),
        https(
            "forward/https-dead",
            "HTTPS_PROXY leads to a proxy that is not there",
            &[("HTTPS_PROXY", "http://{closed}"), ("NO_PROXY", "127.0.0.1")],
        ),
        https(
            "forward/https-no-proxy",
            "HTTPS_PROXY leads to a server that is no proxy",
            &[("HTTPS_PROXY", "http://{breaks_off}"), ("NO_PROXY", "127.0.0.1")],
        ),
        http(
            "forward/no-name",
            "ALL_PROXY leads to a name that does not resolve",
            &[("ALL_PROXY", "http://proxy.invalid:3128"), ("NO_PROXY", "127.0.0.1")],
        ),
        https(
            "forward/silent",
            "HTTPS_PROXY leads to a proxy that does not answer",
            &[("HTTPS_PROXY", "http://{silent}"), ("NO_PROXY", "127.0.0.1")],
        ),
    ]
}

/// The lab's own proxies, set up wrong in other ways.
fn local() -> Vec<Situation> {
    vec![
        // The classic: a parser before the proxy has read the body, and the upstream waits for it.
        Situation::new(
            "node/body-read-before",
            "express.json() has read the body before the proxy sends it",
            &["no_answer", "intermediary/drops_body", "intermediary/upstream_slow"],
            Node("app.use(express.json()); app.use(createProxyMiddleware({ target: 'http://{sandbox}', changeOrigin: true }));"),
        ),
        Situation::new(
            "node/body-limit",
            "express's limit on bodies (413)",
            &["intermediary/too_large"],
            Node("app.use(express.json({ limit: '16b' })); app.use(createProxyMiddleware({ target: 'http://{sandbox}' }));"),
        ),
        Situation::new(
            "node/csrf",
            "a guard against forged requests (403, JSON)",
            &["intermediary/blocks"],
            Node("app.use((request, response) => response.status(403).json({ error: 'invalid csrf token' }));"),
        ),
        Situation::new(
            "node/upstream-slow",
            "its upstream does not answer in time (504)",
            &["intermediary/upstream_slow", "intermediary/upstream_down", "no_answer"],
            Node("app.use(createProxyMiddleware({ target: 'http://{silent}', proxyTimeout: 300 }));"),
        ),
        Situation::new(
            "node/path-rewritten",
            "it changes the path: PostHog answers 404",
            &["intermediary/wrong_path"],
            Node("app.use(createProxyMiddleware({ target: 'http://{sandbox}', pathRewrite: { '^/': '/posthog/' } }));"),
        ),
        Situation::new(
            "caddy/maintenance",
            "its page for maintenance (503)",
            &["intermediary/answers_itself", "intermediary/upstream_down"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    respond \"We will be back soon\" 503
}",
            ),
        ),
        Situation::new(
            "caddy/unknown-host-header",
            "it sends a Host that its upstream does not know (empty 200)",
            &["intermediary/wrong_upstream", "intermediary/answers_itself", "intermediary/swallows", "intermediary/wrong_path"],
            Caddy(
                "
http://posthog.internal:{port2} {
    bind 127.0.0.1
    reverse_proxy {sandbox}
}
http://:{port} {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{port2}
}",
            ),
        ),
        Situation::new(
            "nginx/gone",
            "it is configured to answer that the path is gone (410)",
            &["intermediary/wrong_path", "intermediary/answers_itself", "intermediary/blocks"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        return 410;
    }",
            ),
        ),
        Situation::new(
            "nginx/upstream-504-page",
            "its upstream does not answer in time, and it has a page of its own for that",
            &["intermediary/upstream_slow", "intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        error_page 500 502 503 504 /sorry;
        location = /sorry {
            internal;
            default_type text/html;
            return 504 '<!doctype html><title>Sorry</title><h1>That took too long</h1>';
        }
        location / {
            proxy_pass http://{silent};
            proxy_read_timeout 300ms;
        }
    }",
            ),
        ),
    ]
}
