//! Caddy as a reverse proxy.

use super::Before::Caddy;
use super::Situation;

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new(
            "caddy/no-faults",
            "no faults",
            &["none"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    reverse_proxy {sandbox}
}",
            ),
        ),
        Situation::new(
            "caddy/no-faults-prefix",
            "no faults, under a prefix",
            &["none"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    handle_path /ingest/* {
        reverse_proxy {sandbox}
    }
}",
            ),
        )
        .at("/ingest"),
        Situation::new(
            "caddy/upstream-down",
            "its upstream is down (502, empty)",
            &["intermediary/upstream_down"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    reverse_proxy {closed}
}",
            ),
        ),
        Situation::new(
            "caddy/upstream-slow",
            "its upstream does not answer in time (504, empty)",
            &["intermediary/upstream_slow"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    reverse_proxy {silent} {
        transport http {
            response_header_timeout 300ms
        }
    }
}",
            ),
        ),
        Situation::new(
            "caddy/prefix-kept",
            "it does not take the prefix away: PostHog answers 404",
            &["intermediary/wrong_path"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    handle /ingest/* {
        reverse_proxy {sandbox}
    }
}",
            ),
        )
        .at("/ingest"),
        Situation::new(
            "caddy/not-handled",
            "no `handle` knows the path: Caddy's own empty 200",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows", "intermediary/wrong_path"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    handle_path /ingest/* {
        reverse_proxy {sandbox}
    }
}",
            ),
        ),
        Situation::new(
            "caddy/to-https",
            "it redirects http to https (308)",
            &["intermediary/redirects"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    redir https://{host}{uri} 308
}",
            ),
        ),
        Situation::new(
            "caddy/body-limit",
            "its limit on bodies (this Caddy makes a 502 of it)",
            &["intermediary/too_large", "intermediary/upstream_down"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    request_body {
        max_size 16B
    }
    reverse_proxy {sandbox}
}",
            ),
        ),
        Situation::new(
            "caddy/basic-auth",
            "basic authentication is in front of it (401)",
            &["intermediary/requires_login"],
            Caddy(
                // The password is `hiccup`, as in Caddy's own documentation.
                "
http://:{port} {
    bind 127.0.0.1
    basicauth {
        bob $2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG
    }
    reverse_proxy {sandbox}
}",
            ),
        ),
        Situation::new(
            "caddy/closes",
            "it closes without an answer (abort)",
            &["no_answer", "intermediary/blocks"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    abort
}",
            ),
        ),
        Situation::new(
            "caddy/own-authority",
            "its own CA, which is not trusted here",
            &["tls"],
            Caddy(
                "
https://127.0.0.1:{port} {
    bind 127.0.0.1
    tls internal
    reverse_proxy {sandbox}
}",
            ),
        )
        .origin("https://127.0.0.1"),
        Situation::new(
            "caddy/no-faults-tls",
            "no faults, by HTTP/2",
            &["none"],
            Caddy(
                "
https://localhost:{port} {
    bind 127.0.0.1
    tls {certificates}/good.pem {certificates}/good.key
    reverse_proxy {sandbox}
}",
            ),
        )
        .https(),
        Situation::new(
            "caddy/single-page-app",
            "a server of files where the proxy should be",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/wrong_path", "intermediary/blocks"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    root * {folder}/site
    try_files {path} /index.html
    file_server
}",
            ),
        ),
        Situation::new(
            "caddy/slash-redirected",
            "it redirects the slash at the end away (308)",
            &["intermediary/redirects"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    @slash path_regexp slash ^(.+)/$
    redir @slash {re.slash.1} 308
    reverse_proxy {sandbox}
}",
            ),
        ),
        Situation::new(
            "caddy/post-denied",
            "it refuses POST (403)",
            &["intermediary/blocks"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    @post method POST
    respond @post \"Access denied\" 403
    reverse_proxy {sandbox}
}",
            ),
        ),
        Situation::new(
            "caddy/gzip",
            "no faults, compressed where it is asked for",
            &["none"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    encode gzip {
        minimum_length 0
    }
    reverse_proxy {sandbox}
}",
            ),
        )
        .api_through(),
        Situation::new(
            "caddy/http-to-tls-upstream",
            "it speaks http to an upstream of https (400)",
            &["tls", "intermediary/upstream_down", "intermediary/wrong_upstream", "intermediary/answers_itself"],
            Caddy(
                "
https://localhost:{port2} {
    bind 127.0.0.1
    tls {certificates}/good.pem {certificates}/good.key
    reverse_proxy {sandbox}
}
http://:{port} {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{port2}
}",
            ),
        )
        .exits(&[3, 4]),
        Situation::new(
            "caddy/upstream-no-name",
            "the name of its upstream does not resolve (502)",
            &["intermediary/upstream_down"],
            Caddy(
                "
http://:{port} {
    bind 127.0.0.1
    reverse_proxy posthog.internal:80 {
        transport http {
            resolvers {nameserver}
        }
    }
}",
            ),
        ),
    ]
}
