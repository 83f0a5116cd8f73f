//! Settings: files, environment and flags become typed values, or a list of everything that is wrong with them.
//!
//! Takes text, gives [`Settings`]; writes projects, channels and maintenance windows back as a file ([`to_toml`]), and tells two lists
//! of them apart ([`changes`], [`Plan`]). Every value is read by [`rules`], through whichever door it came. Knows nothing of the store: a
//! project as settings ask for it is [`Wanted`], a channel [`WantedChannel`], and they become whole over what is stored.

mod certificates;
mod changes;
mod channel;
mod conceal;
mod database;
mod document;
pub use crate::model::duration;
mod environment;
mod export;
mod fields;
mod heartbeat;
pub mod identity;
mod ingestion_alert;
mod keys;
mod maintenance;
mod plan;
mod problem;
mod project;
mod proxies;
pub mod rules;
mod section;
mod service;
mod settings;
mod sign_on;
mod suggest;
mod wanted;
mod web;

pub use certificates::certificate_problems;
pub use changes::{Change, Subject, changes};
pub use conceal::conceal;
pub use database::Database;
pub use environment::Environment;
pub use export::to_toml;
pub use fields::{Kind, Listed};
pub use keys::file as key_file;
pub use plan::{Plan, Plans};
pub use problem::{Problem, Problems};
pub use proxies::proxies;
pub use service::DeadMan;
pub use settings::{KeySource, Scope, Settings, Sources};
pub use suggest::{SAID_EACH, and_more, few, nearest};
pub use wanted::{Wanted, WantedChannel};
pub use web::{Listen, METRICS_PROJECTS, Network, ProxyLogin, USUAL_LISTEN, WebSettings};

/// A settings file that explains itself: what `heartbeat config example` prints.
pub const EXAMPLE: &str = include_str!("example.toml");
