//! Converts files, environment, flags, forms and request bodies to typed settings, or to a list of all problems.
//! An [`Entity`] is a table of fields, a reader that builds it from [`Texts`], and its [`Value`]s, from which changes, plans and files are
//! made. Each value is validated by [`rules`]. Does not know the store: [`Desired`] is completed with the stored settings.

pub mod access;
mod app;
mod certificates;
mod changes;
pub mod channel;
mod database;
mod document;
pub use crate::model::{conceal, duration, nearest};
mod desired;
mod entity;
mod environment;
mod export;
pub mod identity;
mod key_fields;
mod keys;
mod plan;
mod problem;
pub mod project;
mod proxies;
mod reader;
pub mod route;
pub mod rules;
mod section;
mod service;
mod settings;
mod sign_on;
pub mod status_page;
mod suggest;
mod texts;
mod value;
mod web;
pub mod window;
mod written;

pub use app::App;
pub use certificates::certificate_problems;
pub use changes::{Change, Subject, changes, difference, differences};
pub use database::Database;
pub use desired::Desired;
pub use entity::{Entity, Kind, Origin};
pub use environment::Environment;
pub use export::{Exported, to_toml};
pub use keys::file as key_file;
pub use plan::{Plan, Plans};
pub use problem::{Problem, Problems};
pub use proxies::proxies;
pub use reader::unknown_field;
pub use service::DeadMan;
pub use settings::{KeySource, Scope, Settings, Sources};
pub use suggest::{few, hint};
pub use texts::{Texts, current_name};
pub use value::{Group, Value};
pub use web::{Listen, METRICS_PROJECTS, Network, ProxyLogin, USUAL_LISTEN, WebSettings};

/// Printed by `heartbeat config example`.
pub const EXAMPLE: &str = include_str!("example.toml");
