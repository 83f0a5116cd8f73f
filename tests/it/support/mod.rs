//! What tests of several subjects need around them.

pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod promtool;
pub(crate) mod scripted;
pub(crate) mod served;
