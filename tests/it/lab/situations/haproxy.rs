//! `HAProxy` as a reverse proxy.

use super::Before::Haproxy;
use super::Situation;

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new(
            "haproxy/no-faults",
            "no faults",
            &["none"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    server posthog {sandbox}",
            ),
        )
        .api_through(),
        Situation::new(
            "haproxy/upstream-down",
            "its upstream is down (503)",
            &["intermediary/upstream_down"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    server posthog {closed}",
            ),
        ),
        Situation::new(
            "haproxy/upstream-slow",
            "its upstream does not answer in time (504)",
            &["intermediary/upstream_slow"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    timeout server 300ms
    server posthog {silent}",
            ),
        ),
        Situation::new(
            "haproxy/post-denied",
            "it refuses POST (403)",
            &["intermediary/blocks"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request deny if METH_POST
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/silent-drop",
            "it drops requests in silence",
            &["no_answer", "intermediary/blocks"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request silent-drop
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/reject",
            "it closes without an answer",
            &["no_answer", "intermediary/blocks"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request reject
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/tarpit",
            "it lets requests wait for longer than the program does",
            &["no_answer", "intermediary/blocks"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    timeout tarpit 60s
    http-request tarpit
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/to-https",
            "it redirects http to https (301)",
            &["intermediary/redirects"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request redirect scheme https code 301 unless { ssl_fc }
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/health-check",
            "its health check holds the upstream to be down (503)",
            &["intermediary/upstream_down"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    option httpchk GET /not-there
    server posthog {sandbox} check inter 50ms fall 1",
            ),
        ),
        Situation::new(
            "haproxy/upstream-cuts",
            "no faults: it reuses connections that its upstream cuts",
            &["none"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-reuse always
    server posthog {cuts}",
            ),
        ),
        Situation::new(
            "haproxy/retries-in-vain",
            "its upstream breaks off in its answer, and no retry helps",
            &["no_answer", "intermediary/upstream_down"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    retries 3
    retry-on all-retryable-errors
    server posthog {breaks_off}",
            ),
        ),
        Situation::new(
            "haproxy/upstream-breaks-off",
            "its upstream breaks off in its answer",
            &["no_answer", "intermediary/upstream_down"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    server posthog {breaks_off}",
            ),
        ),
        Situation::new(
            "haproxy/path-changed",
            "it changes the path: PostHog answers 404",
            &["intermediary/wrong_path"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port}
    http-request set-path /posthog%[path]
    server posthog {sandbox}",
            ),
        ),
        Situation::new(
            "haproxy/no-faults-tls",
            "no faults, by HTTP/2",
            &["none"],
            Haproxy(
                "
listen l{port}
    bind 127.0.0.1:{port} ssl crt {certificates}/good.both alpn h2,http/1.1
    server posthog {sandbox}",
            ),
        )
        .https(),
    ]
}
