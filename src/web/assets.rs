//! Embedded files: styles, scripts, icon. The address contains a hash of the content, so browsers may cache a file for ever.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::WebError;
use super::mark::mark;

const FILES: [(&str, &str, &[u8]); 7] = [
    ("style.css", "text/css; charset=utf-8", include_bytes!("assets/style.css")),
    ("theme.js", "text/javascript; charset=utf-8", include_bytes!("assets/theme.js")),
    ("app.js", "text/javascript; charset=utf-8", include_bytes!("assets/app.js")),
    ("chart.js", "text/javascript; charset=utf-8", include_bytes!("assets/chart.js")),
    ("uplot.js", "text/javascript; charset=utf-8", include_bytes!("assets/vendor/uplot.iife.min.js")),
    ("uplot.css", "text/css; charset=utf-8", include_bytes!("assets/vendor/uplot.min.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
];

/// For example `/assets/0123456789ab/style.css`.
pub(super) fn address(name: &str) -> String {
    let content = FILES.iter().find(|(known, ..)| *known == name).map_or(&[][..], |(_, _, content)| content);
    format!("/assets/{}/{name}", &mark(content)[..12])
}

/// Ignores the hash in the address: an old address gives the current file.
pub(super) async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, WebError> {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    let (_, kind, content) = found.ok_or_else(|| WebError::no("file", &name))?;
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"))];
    Ok((headers, *content).into_response())
}

/// Feed readers, and browsers that show a badge alone, ask for `/favicon.ico`.
pub(super) async fn favicon() -> Redirect {
    Redirect::temporary(&address("icon.svg"))
}

/// Search engines may read status pages and the files that these need.
pub(super) async fn robots() -> &'static str {
    "User-agent: *\nAllow: /status/\nAllow: /badge/\nAllow: /assets/\nDisallow: /\n"
}
