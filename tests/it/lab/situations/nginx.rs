//! nginx as a reverse proxy: the ways on which requests go through it, or go wrong.

use super::Before::Nginx;
use super::{Change, Situation};

const WORKS: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
        }
    }";

/// As PostHog's documentation has it, under a prefix.
const UNDER_A_PREFIX: &str = "
    server {
        listen 127.0.0.1:{port};
        location /ingest/ {
            rewrite ^/ingest/(.*)$ /$1 break;
            proxy_pass http://{sandbox};
        }
    }";

const RELAYED: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{relay};
        }
    }";

/// The time of day is the upstream's, as where a cache or an application server stands behind.
const WITH_THE_UPSTREAMS_DATE: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{relay};
            proxy_pass_header Date;
        }
    }";

const CAPTURE_ALONE: &str = "
    server {
        listen 127.0.0.1:{port};
        location ~ ^/(i/v0/e|i/v1/analytics/events|e|batch|capture|track|flags|array)(/|$) {
            proxy_pass http://{sandbox};
        }
        location / {
            return 404;
        }
    }";

const ONE_WHO_TAKES_AUTHORIZATION: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
            proxy_set_header Authorization '';
        }
    }";

/// Two nginx, of which the outer asks for gzip in the client's name.
const GZIP_UNASKED: &str = "
    server {
        listen 127.0.0.1:{port2};
        gzip on;
        gzip_min_length 0;
        gzip_http_version 1.0;
        gzip_proxied any;
        gzip_types application/json text/plain;
        location / {
            proxy_pass http://{sandbox};
        }
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://127.0.0.1:{port2};
            proxy_set_header Accept-Encoding gzip;
        }
    }";

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new("nginx/no-faults", "no faults", &["none"], Nginx(WORKS)),
        Situation::new("nginx/no-faults-api-too", "no faults", &["none"], Nginx(WORKS)).api_through(),
        Situation::new("nginx/no-faults-prefix", "no faults, under a prefix", &["none"], Nginx(UNDER_A_PREFIX)).at("/ingest"),
        Situation::new(
            "nginx/upstream-down",
            "its upstream is down (502)",
            &["intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{closed};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/upstream-slow",
            "its upstream does not answer in time (504)",
            &["intermediary/upstream_slow"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{silent};
            proxy_read_timeout 300ms;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/prefix-kept",
            "it does not take the prefix away: PostHog answers 404",
            &["intermediary/wrong_path"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location /ingest/ {
            proxy_pass http://{sandbox};
        }
    }",
            ),
        )
        .at("/ingest"),
        Situation::new(
            "nginx/path-too-much",
            "the host has a path too much: PostHog answers 404",
            &["intermediary/wrong_path"],
            Nginx(WORKS),
        )
        .at("/ingest"),
        Situation::new(
            "nginx/prefix-forgotten",
            "the host lacks the prefix: nginx's own 404",
            &["intermediary/wrong_path", "intermediary/answers_itself"],
            Nginx(UNDER_A_PREFIX),
        ),
        Situation::new(
            "nginx/upstream-cuts",
            "no faults: it reuses connections that its upstream cuts",
            &["none"],
            Nginx(
                "
    upstream cuts{port} {
        server {cuts};
        keepalive 8;
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://cuts{port};
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/upstream-no-name",
            "the name of its upstream does not resolve (502)",
            &["intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        resolver {nameserver} ipv6=off;
        set $upstream posthog.internal;
        location / {
            proxy_pass http://$upstream;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/upstream-certificate",
            "it does not trust its upstream's certificate (502)",
            &["intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port2} ssl;
        ssl_certificate {certificates}/self-signed.pem;
        ssl_certificate_key {certificates}/self-signed.key;
        location / {
            proxy_pass http://{sandbox};
        }
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass https://127.0.0.1:{port2};
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate {certificates}/root.pem;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/upstream-breaks-off",
            "its upstream breaks off in its answer",
            &["no_answer", "intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{breaks_off};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/unknown-host-header",
            "it sends a Host that the balancer behind it does not know (404)",
            &["intermediary/wrong_upstream", "intermediary/wrong_path", "intermediary/answers_itself"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port2} default_server;
        return 404;
    }
    server {
        listen 127.0.0.1:{port2};
        server_name posthog.internal;
        location / {
            proxy_pass http://{sandbox};
        }
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://127.0.0.1:{port2};
            proxy_set_header Host $host;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/other-posthog",
            "it leads to another PostHog, which does not know the token",
            &["intermediary/alters_token", "intermediary/wrong_upstream"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{elsewhere};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/token-replaced",
            "the token is replaced on the way",
            &["intermediary/alters_token", "intermediary/wrong_upstream"],
            Nginx(RELAYED),
        )
        .behind(Change::OtherToken),
        Situation::new("nginx/token-taken", "the token is taken away on the way", &["intermediary/alters_token"], Nginx(RELAYED))
            .behind(Change::NoToken),
        Situation::new(
            "nginx/authorization-taken-v1",
            "it takes Authorization away, which capture v1 needs",
            &["intermediary/drops_authorization"],
            Nginx(ONE_WHO_TAKES_AUTHORIZATION),
        )
        .v1(),
        Situation::new(
            "nginx/authorization-taken-api-too",
            "it takes Authorization away: the personal API key does not get through",
            &["intermediary/drops_authorization"],
            Nginx(ONE_WHO_TAKES_AUTHORIZATION),
        )
        .api_through(),
        Situation::new(
            "nginx/gzip",
            "no faults, compressed where it is asked for",
            &["none"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        gzip on;
        gzip_min_length 0;
        gzip_proxied any;
        gzip_types application/json text/plain;
        location / {
            proxy_pass http://{sandbox};
        }
    }",
            ),
        )
        .api_through(),
        Situation::new(
            "nginx/gzip-unasked",
            "it compresses unasked; the event arrives",
            &["none", "intermediary/encodes"],
            Nginx(GZIP_UNASKED),
        )
        .exits(&[0, 3]),
        Situation::new(
            "nginx/gzip-unasked-api-too",
            "it compresses unasked, answers to queries too",
            &["none", "intermediary/encodes"],
            Nginx(GZIP_UNASKED),
        )
        .api_through()
        .exits(&[0, 3, 6]),
        Situation::new(
            "nginx/query-added",
            "no faults: it adds a query string",
            &["none"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox}$uri?source=web;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/beacon-added",
            "no faults: it adds beacon=1, so that capture answers 204",
            &["none"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox}$uri?beacon=1;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/mirrored",
            "no faults: it sends every request twice",
            &["none"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            mirror /mirror;
            proxy_pass http://{sandbox};
        }
        location = /mirror {
            internal;
            proxy_pass http://{sandbox}$request_uri;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/next-upstream",
            "no faults: it tries the next upstream, with POST too",
            &["none"],
            Nginx(
                "
    upstream two{port} {
        server {closed};
        server {sandbox};
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://two{port};
            proxy_next_upstream error timeout http_502 http_503 non_idempotent;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/capture-alone",
            "no faults: it passes on capture alone, and the API is named",
            &["none"],
            Nginx(CAPTURE_ALONE),
        ),
        Situation::new(
            "nginx/capture-alone-api-too",
            "it passes on capture alone, and the API is looked for there too",
            &["query", "intermediary/wrong_path", "intermediary/blocks", "intermediary/answers_itself"],
            Nginx(CAPTURE_ALONE),
        )
        .api_through(),
        Situation::new(
            "nginx/flags-blocked",
            "no faults: it blocks /flags",
            &["none"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location /flags {
            return 403;
        }
        location / {
            proxy_pass http://{sandbox};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/date-behind",
            "no faults except its clock, which is ten minutes behind",
            &["none", "clock@intermediary,unknown"],
            Nginx(WITH_THE_UPSTREAMS_DATE),
        )
        .behind(Change::Date(-10))
        .api_through(),
        Situation::new(
            "nginx/date-ahead",
            "no faults except its clock, which is ten minutes ahead",
            &["none", "clock@intermediary,unknown"],
            Nginx(WITH_THE_UPSTREAMS_DATE),
        )
        .behind(Change::Date(10))
        .api_through(),
    ]
}
