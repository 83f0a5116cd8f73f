//! The start page, for a browser.

use axum::response::Html;

use super::keys::SECRET_KEY;
use super::{LIMITED_KEY, PERSONAL_KEY, PROJECT_ID, QUERY_KEY, READER_KEY, SECOND_PROJECT_ID, SECOND_TOKEN, TOKEN};

pub(super) async fn page() -> Html<String> {
    Html(format!(
        "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>Sandbox PostHog</title></head>
<body>
<h1>Sandbox PostHog</h1>
<p>This is not PostHog. It speaks PostHog's HTTP APIs, stores events in memory for 48 hours, and fails on demand.</p>
<dl>
<dt>Project {PROJECT_ID}</dt><dd>token <code>{TOKEN}</code></dd>
<dt>Project {SECOND_PROJECT_ID}</dt><dd>token <code>{SECOND_TOKEN}</code></dd>
<dt>Personal API key</dt><dd><code>{PERSONAL_KEY}</code>: every scope, both projects</dd>
<dt>Limited keys</dt>
<dd><code>{LIMITED_KEY}</code>: <code>query:read</code>, project {PROJECT_ID} only</dd>
<dd><code>{QUERY_KEY}</code>: <code>query:read</code>, both projects</dd>
<dd><code>{READER_KEY}</code>: <code>query:read</code>, <code>project:read</code>, <code>event_filter:read</code>, <code>ingestion_warning:read</code>, project {PROJECT_ID} only</dd>
<dt>Project secret key</dt><dd><code>{SECRET_KEY}</code>: rejected everywhere</dd>
</dl>
<h2>PostHog's addresses</h2>
<ul>
<li><code>POST /i/v0/e/</code>, <code>/e/</code>, <code>/capture/</code>, <code>/track/</code>, <code>/batch/</code>: capture v0</li>
<li><code>POST /i/v1/analytics/events</code>: capture v1</li>
<li><code>POST /api/projects/{PROJECT_ID}/query/</code>: HogQL over the ingested events</li>
<li><code>POST /flags/?v=2</code>, <code>POST /decide/?v=3</code>, <code>GET /array/{TOKEN}/config.js</code></li>
<li><code>GET /_preflight</code>, <code>/_health</code>, <code>/_livez</code>, <code>/_readyz</code></li>
<li><code>GET /api/projects/</code>, <code>/api/projects/{PROJECT_ID}/</code>, <code>/api/users/@me/</code>, <code>/api/personal_api_keys/@current/</code></li>
<li><code>GET</code> under <code>/api/projects/{PROJECT_ID}</code>: <code>/quota_limits/</code>, <code>/event_filter/</code>, <code>/event_ingestion_restrictions/</code>, <code>/ingestion_warnings_v2/</code></li>
<li><code>GET</code>, <code>POST /api/projects/{PROJECT_ID}/annotations/</code></li>
</ul>
<h2>The sandbox's own addresses</h2>
<ul>
<li><code>GET</code>, <code>PUT</code> (merged), <code>DELETE</code> <a href=\"/_sandbox/faults\">/_sandbox/faults</a>: the faults</li>
<li><code>GET</code> <a href=\"/_sandbox/events\">/_sandbox/events</a> (<code>?event=</code>, <code>?project=</code>): the stored events</li>
<li><code>GET</code> <a href=\"/_sandbox/queries\">/_sandbox/queries</a>: the running queries</li>
<li><code>POST /_sandbox/query</code>: HogQL as PostHog's own web application sends it, without a key</li>
</ul>
</body>
</html>
"
    ))
}
