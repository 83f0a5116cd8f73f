//! What is shown of projects, read from a store.

mod apps;
mod beat;
mod brief;
mod days;
mod json;
mod lags;
mod logs;
mod past;
mod postmortem;
mod routes;
pub(crate) mod world;
