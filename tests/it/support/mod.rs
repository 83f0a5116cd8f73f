//! What tests of several subjects need around them.

pub(crate) mod alertmanager;
pub(crate) mod examples;
pub(crate) mod pgbouncer;
pub(crate) mod postfix;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod promtool;
pub(crate) mod scripted;
pub(crate) mod served;
