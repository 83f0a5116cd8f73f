//! nginx answering in PostHog's place: redirects, logins, limits, pages of its own.

use super::Before::Nginx;
use super::Situation;

const HTML: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            default_type text/html;
            return 200 '<!doctype html><html><head><title>Shop</title></head><body><div id=\"root\"></div></body></html>';
        }
    }";

const EMPTY: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            return 200;
        }
    }";

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new("nginx/slash-redirected", "it redirects the slash at the end away", &["intermediary/redirects"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        rewrite ^/(.+)/$ /$1 permanent;
        location / {
            proxy_pass http://{sandbox};
        }
    }",
        )),
        Situation::new(
            "nginx/slash-redirected-behind-tls",
            "the same behind a TLS terminator: the redirect names the inner scheme and port",
            &["intermediary/redirects"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port2};
        rewrite ^/(.+)/$ /$1 permanent;
        location / {
            proxy_pass http://{sandbox};
        }
    }
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/good.pem;
        ssl_certificate_key {certificates}/good.key;
        location / {
            proxy_pass http://127.0.0.1:{port2};
            proxy_set_header Host $host;
        }
    }",
            ),
        )
        .https(),
        Situation::new("nginx/to-another-host", "it redirects to another host (308)", &["intermediary/redirects"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        return 308 http://localhost:{port2}$request_uri;
    }
    server {
        listen 127.0.0.1:{port2};
        location / {
            proxy_pass http://{sandbox};
        }
    }",
        )),
        Situation::new("nginx/to-https", "it redirects http to https (301)", &["intermediary/redirects"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        return 301 https://$host$request_uri;
    }",
        )),
        Situation::new("nginx/to-another-host-prefix", "it redirects to another host, under a prefix (301)", &["intermediary/redirects"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        location /ingest/ {
            return 301 http://localhost:{port2}$request_uri;
        }
    }
    server {
        listen 127.0.0.1:{port2};
        location /ingest/ {
            proxy_pass http://{sandbox}/;
        }
    }",
        ))
        .at("/ingest"),
        Situation::new("nginx/body-limit", "its limit on bodies (413)", &["intermediary/too_large"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        client_max_body_size 16;
        location / {
            proxy_pass http://{sandbox};
        }
    }",
        )),
        Situation::new("nginx/login", "a login page is in front of it (302)", &["intermediary/requires_login"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        location / {
            return 302 /login?next=$uri;
        }
        location = /login {
            default_type text/html;
            return 200 '<!doctype html><title>Sign in</title><form method=\"post\"><input name=\"user\"><input name=\"password\" type=\"password\"></form>';
        }
    }",
        )),
        Situation::new("nginx/basic-auth", "basic authentication is in front of it (401)", &["intermediary/requires_login"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        location / {
            auth_basic 'Restricted';
            auth_basic_user_file {folder}/users;
            proxy_pass http://{sandbox};
        }
    }",
        )),
        Situation::new("nginx/firewall", "a firewall refuses POST (403)", &["intermediary/blocks"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        error_page 403 @refused;
        location / {
            if ($request_method = POST) {
                return 403;
            }
            proxy_pass http://{sandbox};
        }
        location @refused {
            default_type text/html;
            return 403 '<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Your support ID is 4711.</body></html>';
        }
    }",
        )),
        Situation::new("nginx/post-denied", "it allows GET alone (403)", &["intermediary/blocks"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        location / {
            limit_except GET {
                deny all;
            }
            proxy_pass http://{sandbox};
        }
    }",
        )),
        Situation::new("nginx/firewall-json", "a firewall refuses with JSON (403)", &["intermediary/blocks"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        location / {
            default_type application/json;
            return 403 '{\"title\":\"Error 1020: Access denied\",\"status\":403,\"error_code\":1020,\"cloudflare_error\":true,\"ray_id\":\"8f0c6e2c9d7a1b2c\"}';
        }
    }",
        )),
        Situation::new(
            "nginx/files-405",
            "a server of files where the proxy should be (405)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/wrong_path", "intermediary/blocks"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        root {folder}/site;
        location / {
            try_files $uri /index.html;
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/single-page-app",
            "a single-page app answers everything (200, HTML)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream"],
            Nginx(HTML),
        ),
        Situation::new(
            "nginx/empty-200",
            "it answers by itself, an empty 200",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows"],
            Nginx(EMPTY),
        ),
        Situation::new(
            "nginx/empty-204",
            "it answers by itself, 204",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            return 204;
        }
    }",
            ),
        ),
        Situation::new("nginx/closes", "it closes without an answer (444)", &["no_answer", "intermediary/blocks"], Nginx(
            "
    server {
        listen 127.0.0.1:{port};
        return 444;
    }",
        )),
        Situation::new(
            "nginx/other-service-404",
            "another service is behind it (404, JSON)",
            &["intermediary/wrong_upstream", "intermediary/wrong_path", "intermediary/answers_itself"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port2};
        default_type application/json;
        return 404 '{\"message\":\"Not Found\",\"statusCode\":404}';
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://127.0.0.1:{port2};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/other-service-200",
            "another service is behind it (200, JSON)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port2};
        default_type application/json;
        return 200 '{\"ok\":true}';
    }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://127.0.0.1:{port2};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/rate-limit",
            "its limit on requests (503)",
            &["intermediary/limits", "intermediary/upstream_down", "intermediary/answers_itself"],
            Nginx(
                "
    limit_req_zone $binary_remote_addr zone=limit{port}:1m rate=1r/m;
    server {
        listen 127.0.0.1:{port};
        location / {
            limit_req zone=limit{port};
            proxy_pass http://{sandbox};
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/maintenance",
            "its page for maintenance (503)",
            &["intermediary/answers_itself", "intermediary/upstream_down"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        error_page 503 @maintenance;
        location / {
            return 503;
        }
        location @maintenance {
            default_type text/html;
            return 503 '<!doctype html><title>Down for maintenance</title><h1>We will be back soon</h1>';
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/teapot",
            "something else answers (418, JSON)",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/blocks"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            default_type application/json;
            return 418 '{\"error\":\"teapot\"}';
        }
    }",
            ),
        ),
        Situation::new(
            "nginx/text-ok",
            "something answers 200 and OK",
            &["intermediary/answers_itself", "intermediary/wrong_upstream", "intermediary/swallows"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port};
        location / {
            default_type text/plain;
            return 200 'OK';
        }
    }",
            ),
        ),
    ]
}
