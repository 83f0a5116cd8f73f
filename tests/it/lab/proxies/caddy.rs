//! Caddy: one process with a site for each situation; no administration port, and nothing written into the machine's trust.

use std::path::PathBuf;

use super::Parts;
use crate::lab::daemon::{Daemon, Ended};

const BEFORE: &str = "{
    admin off
    skip_install_trust
    auto_https disable_redirects
}
";

pub(super) async fn start(parts: &Parts, folder: PathBuf) -> Result<Daemon, Ended> {
    let file = folder.join("Caddyfile");
    std::fs::write(&file, format!("{BEFORE}{}", parts.text)).unwrap();
    let arguments = ["run", "--config", file.to_str().unwrap(), "--adapter", "caddyfile"];
    Daemon::start("caddy", &arguments, &[], &folder, &parts.ports).await
}
