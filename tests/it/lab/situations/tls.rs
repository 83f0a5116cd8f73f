//! TLS by nginx, and all that can be wrong with it.

use super::Before::Nginx;
use super::Situation;

macro_rules! with_certificate {
    ($name:literal) => {
        concat!(
            "
    server {
        listen 127.0.0.1:{port} ssl http2;
        server_name localhost;
        ssl_certificate {certificates}/",
            $name,
            ".pem;
        ssl_certificate_key {certificates}/",
            $name,
            ".key;
        location / {
            proxy_pass http://{sandbox};
        }
    }"
        )
    };
}

const PLAIN: &str = "
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://{sandbox};
        }
    }";

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new("tls/no-faults", "no faults, by HTTP/2", &["none"], Nginx(with_certificate!("good"))).https(),
        Situation::new(
            "tls/no-faults-chain",
            "no faults, with an intermediate certificate",
            &["none"],
            Nginx(with_certificate!("with-intermediate")),
        )
        .https(),
        Situation::new("tls/expired", "the certificate has expired", &["tls"], Nginx(with_certificate!("expired"))).https(),
        Situation::new("tls/not-yet", "the certificate is not yet valid", &["tls"], Nginx(with_certificate!("future"))).https(),
        Situation::new("tls/other-name", "the certificate is for another name", &["tls"], Nginx(with_certificate!("wrong-name"))).https(),
        Situation::new("tls/self-signed", "the certificate is signed by itself", &["tls"], Nginx(with_certificate!("self-signed"))).https(),
        Situation::new(
            "tls/no-intermediate",
            "the intermediate certificate is missing",
            &["tls"],
            Nginx(with_certificate!("without-intermediate")),
        )
        .https(),
        Situation::new("tls/unknown-authority", "a private CA that is not trusted here", &["tls"], Nginx(with_certificate!("private")))
            .https()
            .trusting_nobody(),
        Situation::new(
            "tls/only-1.1",
            "it speaks nothing above TLS 1.1",
            &["tls"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/good.pem;
        ssl_certificate_key {certificates}/good.key;
        ssl_protocols TLSv1.1;
        ssl_ciphers 'ALL:@SECLEVEL=0';
        location / {
            proxy_pass http://{sandbox};
        }
    }",
            ),
        )
        .https(),
        Situation::new(
            "tls/client-certificate",
            "it wants a certificate of the client's (400)",
            &["tls", "intermediary/requires_login", "intermediary/blocks"],
            Nginx(
                "
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/good.pem;
        ssl_certificate_key {certificates}/good.key;
        ssl_client_certificate {certificates}/stranger-root.pem;
        ssl_verify_client on;
        location / {
            proxy_pass http://{sandbox};
        }
    }",
            ),
        )
        .https(),
        Situation::new(
            "tls/http-to-it",
            "http spoken to a port of https (400)",
            &["tls", "intermediary/answers_itself"],
            Nginx(with_certificate!("good")),
        )
        .origin("http://localhost"),
        Situation::new("tls/https-to-http", "https spoken to a port of http", &["tls"], Nginx(PLAIN)).https(),
    ]
}
