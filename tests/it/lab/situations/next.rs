//! Next.js with a rewrite, as PostHog's documentation has it. The app is in `tests/it/lab/node/shop`; `/members` is behind a middleware that
//! wants a login.

use super::Before::Next;
use super::Situation;

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new(
            "next/no-faults",
            "no faults, with skipTrailingSlashRedirect",
            &["none"],
            Next { keeps_slash: true, to: "http://{sandbox}/:path*" },
        )
        .at("/{rewritten}"),
        Situation::new(
            "next/slash-redirected",
            "without skipTrailingSlashRedirect: it redirects the slash at the end away (308)",
            &["intermediary/redirects"],
            Next { keeps_slash: false, to: "http://{sandbox}/:path*" },
        )
        .at("/{rewritten}"),
        Situation::new(
            "next/upstream-down",
            "its upstream is down (500 by Next.js)",
            &["intermediary/upstream_down", "intermediary/upstream_slow", "intermediary/answers_itself"],
            Next { keeps_slash: true, to: "http://{closed}/:path*" },
        )
        .at("/{rewritten}"),
        Situation::new(
            "next/wrong-destination",
            "the rewrite leads to a wrong path: PostHog answers 404",
            &["intermediary/wrong_path"],
            Next { keeps_slash: true, to: "http://{sandbox}/ingest/:path*" },
        )
        .at("/{rewritten}"),
        Situation::new(
            "next/upstream-slow",
            "its upstream does not answer in time (500 by Next.js)",
            &["intermediary/upstream_down", "intermediary/upstream_slow", "intermediary/answers_itself"],
            Next { keeps_slash: true, to: "http://{silent}/:path*" },
        )
        .at("/{rewritten}"),
        Situation::new(
            "next/login",
            "a login page is in front of it, by a middleware (307)",
            &["intermediary/requires_login"],
            Next { keeps_slash: true, to: "http://{sandbox}/:path*" },
        )
        .at("/members/{rewritten}"),
        Situation::new(
            "next/prefix-forgotten",
            "the host lacks the rewrite's path: 404 by Next.js",
            &["intermediary/wrong_path", "intermediary/answers_itself"],
            Next { keeps_slash: true, to: "http://{sandbox}/:path*" },
        ),
    ]
}
