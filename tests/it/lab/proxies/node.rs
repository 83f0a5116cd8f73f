//! A proxy in Node: one process with an express application for each situation.

use std::path::PathBuf;

use super::{Parts, node_packages};
use crate::lab::daemon::{Daemon, Ended};

pub(super) async fn start(parts: &Parts, folder: PathBuf) -> Result<Daemon, Ended> {
    const BEFORE: &str = "const express = require('express');\nconst { createProxyMiddleware } = require('http-proxy-middleware');\n";
    let started = parts.ports.iter().zip(parts.text.lines());
    let started: Vec<String> =
        started.map(|(port, text)| format!("{{ const app = express(); {text} app.listen({port}, '127.0.0.1'); }}\n")).collect();
    std::fs::write(folder.join("proxy.js"), BEFORE.to_owned() + &started.concat()).unwrap();
    let packages = node_packages().join("node_modules");
    let variables = [("NODE_PATH", packages.to_str().unwrap()), ("NODE_ENV", "production")];
    Daemon::start("node", &["proxy.js"], &variables, &folder, &parts.ports).await
}
