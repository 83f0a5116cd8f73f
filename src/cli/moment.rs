//! The moment that a command shows: now, by the service's clock, or an earlier one.

use clap::Args;

use crate::clock::{Clock, Speed};
use crate::model::Timestamp;

/// As of when the record is shown.
#[derive(Debug, Clone, Args)]
pub struct Moment {
    /// Show it as of this time, such as 2026-11-23T14:32:00Z, with what is known of it by now [default: now]
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub at: Option<Timestamp>,

    /// The speed of the service, when it runs in fast time
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = Speed::parse, hide_default_value = true)]
    pub speed: Speed,
}

impl Moment {
    /// As of when.
    pub(super) fn time(&self) -> Timestamp {
        self.at.unwrap_or_else(|| Clock::fast(self.speed).now())
    }
}
