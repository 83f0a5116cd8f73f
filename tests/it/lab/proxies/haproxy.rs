//! `HAProxy`: one process with a `listen` for each situation, and the defaults that Debian gives it.

use std::path::PathBuf;

use super::Parts;
use crate::lab::daemon::{Daemon, Ended};

const BEFORE: &str = "global
    log stderr format raw local0 err
    tune.ssl.default-dh-param 2048
defaults
    log global
    mode http
    option dontlognull
    timeout connect 100ms
    timeout client 50s
    timeout server 50s
";

pub(super) async fn start(parts: &Parts, folder: PathBuf) -> Result<Daemon, Ended> {
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, format!("{BEFORE}{}", parts.text)).unwrap();
    Daemon::start("haproxy", &["-db", "-f", file.to_str().unwrap()], &[], &folder, &parts.ports).await
}
