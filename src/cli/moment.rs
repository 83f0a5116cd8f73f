//! The flags `--at` and `--speed`: the time that a command reports on.

use clap::Args;

use crate::clock::{Clock, Speed};
use crate::model::Timestamp;

#[derive(Debug, Clone, Args)]
pub struct Moment {
    /// Show the state at this time, for example 2026-11-23T14:32:00Z, including results that arrived later [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = Timestamp::parse)]
    pub at: Option<Timestamp>,

    /// Speed of the service, when it runs in fast time
    #[arg(long, value_name = "TIMES", allow_hyphen_values = true, default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,
}

impl Moment {
    pub(super) fn time(&self) -> Timestamp {
        self.at.unwrap_or_else(|| Clock::fast(self.speed).now())
    }
}
