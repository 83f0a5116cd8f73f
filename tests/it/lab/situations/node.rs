//! A proxy in Node: express with http-proxy-middleware.

use super::Before::Node;
use super::Situation;

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new(
            "node/no-faults",
            "no faults, under a prefix",
            &["none"],
            Node("app.use('/ingest', createProxyMiddleware({ target: 'http://{sandbox}', changeOrigin: true }));"),
        )
        .at("/ingest"),
        Situation::new(
            "node/no-faults-api-too",
            "no faults",
            &["none"],
            Node("app.use(createProxyMiddleware({ target: 'http://{sandbox}', changeOrigin: true }));"),
        )
        .api_through(),
        Situation::new(
            "node/upstream-down",
            "its upstream is down (504 by http-proxy-middleware)",
            &["intermediary/upstream_down", "intermediary/upstream_slow"],
            Node("app.use(createProxyMiddleware({ target: 'http://{closed}', changeOrigin: true }));"),
        ),
        Situation::new(
            "node/prefix-forgotten",
            "the host lacks the prefix: 404 by express",
            &["intermediary/wrong_path", "intermediary/answers_itself"],
            Node("app.use('/ingest', createProxyMiddleware({ target: 'http://{sandbox}', changeOrigin: true }));"),
        ),
    ]
}
