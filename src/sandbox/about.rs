//! The front page: what this is, for whoever opens it in a browser.

use axum::response::Html;

use super::{PERSONAL_KEY, PROJECT_ID, TOKEN};

/// `GET /`.
pub(super) async fn page() -> Html<String> {
    Html(format!(
        "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>Sandbox PostHog</title></head>
<body>
<h1>Sandbox PostHog</h1>
<p>This is not PostHog. It behaves like one on the wire, keeps events in memory for 48 hours, and can be made to fail.</p>
<dl>
<dt>Project token</dt><dd><code>{TOKEN}</code></dd>
<dt>Personal API key</dt><dd><code>{PERSONAL_KEY}</code></dd>
<dt>Project id</dt><dd><code>{PROJECT_ID}</code></dd>
</dl>
<h2>As PostHog</h2>
<ul>
<li><code>POST /i/v0/e/</code>, <code>/e/</code>, <code>/capture/</code>, <code>/track/</code>, <code>/batch/</code>: capture v0</li>
<li><code>POST /i/v1/analytics/events</code>: capture v1</li>
<li><code>POST /api/projects/{PROJECT_ID}/query/</code>: HogQL over what was ingested</li>
<li><code>POST /flags/?v=2</code>, <code>POST /decide/?v=3</code>, <code>GET /array/{TOKEN}/config.js</code></li>
<li><code>GET /_preflight</code>, <code>/_health</code>, <code>/_livez</code>, <code>/_readyz</code></li>
<li><code>GET /api/projects/</code>, <code>GET /api/users/@me/</code>, <code>POST /api/projects/{PROJECT_ID}/annotations/</code></li>
</ul>
<h2>As a sandbox</h2>
<ul>
<li><code>GET</code>, <code>PUT</code> (merged), <code>DELETE</code> <a href=\"/_sandbox/weather\">/_sandbox/weather</a>: what fails, and how</li>
<li><code>GET</code> <a href=\"/_sandbox/events\">/_sandbox/events</a> (<code>?event=</code>): what it holds</li>
</ul>
</body>
</html>
"
    ))
}
