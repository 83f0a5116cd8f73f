//! The advice about an intermediary, with the exact setting of the product that was recognized.

use crate::model::{Did, Signs};

pub(super) fn fix(did: Did, signs: &Signs, place: &str) -> String {
    let general = match did {
        Did::AnswersItself => format!(
            "Let the proxy pass PostHog's paths at {place} on before any rule that serves pages: /i/, /e/, /batch/, /flags/, /array/ and /static/."
        ),
        Did::UpstreamDown => "Ask the proxy's own machine for PostHog: is the address right, does its name resolve there, is the port open, and does \
                              the proxy accept PostHog's certificate?"
            .to_owned(),
        Did::UpstreamSlow => "Raise the proxy's timeout for its upstream, and find out why PostHog answers so late.".to_owned(),
        Did::Redirects => "Events are not sent along redirects. Let the proxy pass this path on unchanged.".to_owned(),
        Did::RequiresLogin => format!("Exempt PostHog's paths at {place} from the login: applications in browsers cannot log in to send events."),
        Did::Blocks => format!("Allow POST on PostHog's paths at {place} in the firewall or access rules: /i/, /e/, /batch/ and /flags/."),
        Did::Limits => "Raise the proxy's rate limit for PostHog's paths, or exempt them.".to_owned(),
        Did::TooLarge => "Raise the proxy's limit for request bodies: PostHog accepts batches of up to 20 MB.".to_owned(),
        Did::WrongPath => format!(
            "Compare the path: events go to {place}/i/v0/e/. Either the host lacks the proxy's path (such as /ingest) or has one too many, or the proxy \
             does not strip its own path before it passes the request on."
        ),
        Did::WrongUpstream => "Check the proxy's upstream: it is not the PostHog of this project, or it sends a Host header that PostHog does not \
                               know."
            .to_owned(),
        Did::AltersToken => "Let the proxy pass request bodies on unchanged, and compare the project token of its upstream with the one used here.".to_owned(),
        Did::DropsAuthorization => "Let the proxy pass the Authorization header on.".to_owned(),
        Did::DropsBody => "Let the proxy pass request bodies on, with their Content-Length and Content-Type.".to_owned(),
        Did::Swallows => "Look at the proxy's log for the event's request, and at what happens to it: it answers as PostHog would, but the event does not \
                          arrive. Events that bypass the proxy do."
            .to_owned(),
        Did::Caches => "Do not cache POST requests or PostHog's paths: a response from the cache means that the event was not passed on.".to_owned(),
        Did::Encodes => "Let the proxy compress only for clients that ask for it with Accept-Encoding.".to_owned(),
    };
    match line(did, signs.software.as_deref().unwrap_or_default()) {
        Some(line) => format!("{general} {line}"),
        None => general,
    }
}

fn line(did: Did, software: &str) -> Option<&'static str> {
    Some(match (software, did) {
        ("nginx" | "OpenResty", Did::UpstreamDown) => {
            "nginx: error.log names the reason; check proxy_pass, and for an https upstream proxy_ssl_server_name on; and proxy_set_header Host."
        }
        ("nginx" | "OpenResty", Did::UpstreamSlow) => "nginx: proxy_read_timeout and proxy_connect_timeout (60s by default).",
        ("nginx" | "OpenResty", Did::TooLarge) => "nginx: client_max_body_size 20m;",
        ("nginx" | "OpenResty", Did::WrongPath) => {
            "nginx: with location /ingest/ { proxy_pass https://us.i.posthog.com/; } the slash behind the host strips the path; without it the path stays."
        }
        ("nginx" | "OpenResty", Did::WrongUpstream) => "nginx: proxy_set_header Host us.i.posthog.com;",
        ("nginx" | "OpenResty", Did::Limits) => "nginx: limit_req answers 503 unless limit_req_status says otherwise.",
        ("nginx" | "OpenResty", Did::RequiresLogin) => "nginx: auth_basic off; in the location of PostHog's paths.",
        ("nginx" | "OpenResty", Did::DropsAuthorization) => "nginx: remove proxy_set_header Authorization \"\";",
        ("nginx" | "OpenResty", Did::Encodes) => "nginx: remove gzip_static always, or add_header Content-Encoding.",
        ("Caddy", Did::UpstreamDown | Did::UpstreamSlow) => {
            "Caddy: its log names the reason; check reverse_proxy and its transport's timeouts."
        }
        ("Caddy", Did::WrongPath | Did::AnswersItself) => {
            "Caddy: use handle_path /ingest/* { reverse_proxy ... }; an unmatched path is answered with an empty 200."
        }
        ("HAProxy", Did::UpstreamDown) => {
            "HAProxy: no server of the backend is up; see its health check (option httpchk) and the server lines."
        }
        ("HAProxy", Did::UpstreamSlow) => "HAProxy: timeout server in the backend.",
        ("HAProxy", Did::Blocks) => "HAProxy: http-request deny rules in the frontend.",
        ("Next.js", Did::Redirects) => "Next.js: skipTrailingSlashRedirect: true in next.config.js.",
        ("Next.js" | "Vercel", Did::UpstreamDown | Did::UpstreamSlow) => {
            "Next.js: the destination of rewrites() is not reachable from the server."
        }
        ("Next.js" | "Vercel", Did::WrongPath) => {
            "Next.js: compare source and destination of rewrites(): /ingest/:path* to https://us.i.posthog.com/:path*."
        }
        ("Cloudflare", Did::Blocks) => "Cloudflare: see Security > Events; a WAF custom rule with Skip for PostHog's paths lets them pass.",
        ("Cloudflare", Did::UpstreamDown) => {
            "Cloudflare: 52x means that Cloudflare could not reach the origin; see the error's number in its documentation."
        }
        ("Envoy", Did::UpstreamDown) => "Envoy: response_flags in its access log name the reason (UH, UF, UC, URX).",
        ("Envoy", Did::UpstreamSlow) => "Envoy: the route's timeout (15s by default).",
        ("Traefik", Did::WrongPath) => "Traefik: the router's rule does not match; StripPrefix takes the path away.",
        ("Apache", Did::TooLarge) => "Apache: LimitRequestBody.",
        _ => return None,
    })
}
