//! nginx: one process with a `server` for each situation, and everything else as it comes.

use std::path::PathBuf;

use super::Parts;
use crate::lab::daemon::{Daemon, Ended};

pub(super) async fn start(parts: &Parts, folder: PathBuf) -> Result<Daemon, Ended> {
    let place = folder.display();
    let text = format!(
        "daemon off;
pid {place}/nginx.pid;
error_log stderr;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {place}/client;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
{}
}}
",
        parts.text
    );
    let file = folder.join("nginx.conf");
    // A worker of root's becomes `nobody`, who may not read in a temporary folder.
    let user = if is_root() { "user root;\n" } else { "" };
    std::fs::write(&file, format!("{user}{text}")).unwrap();
    let arguments = ["-p", folder.to_str().unwrap(), "-c", file.to_str().unwrap()];
    Daemon::start("nginx", &arguments, &[], &folder, &parts.ports).await
}

fn is_root() -> bool {
    let said = std::process::Command::new("id").arg("-u").output().unwrap();
    said.stdout.trim_ascii() == b"0"
}
