//! `heartbeat maintenance list`.

use clap::Args;

use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::screen::{FAINT, WARN, styled};
use crate::cli::table::Listing;
use crate::model::{Closes, Timestamp, Window};
use crate::report::{WindowJson, WindowState, window_times};

pub(super) const JSON: &str = "JSON: {items: [{name, projects, from, to, weekly, timezone, cron, lasts, state, open_until, next_from}], next}; projects \
                               is empty for all projects; state is open, scheduled or over; absent values are null: from and to belong to a window that \
                               opens once, weekly to a weekly window, cron and lasts to a window with a crontab expression, timezone to the last two; \
                               open_until is set while the window is open and has an end, next_from while it is closed and will open again.";

#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub moment: Moment,
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let windows = invocation.store().await?.windows().await?;
        let now = self.moment.time();
        let listing = Listing {
            json: self.json,
            none: "There is no maintenance window. Add one with `heartbeat maintenance add` or `heartbeat apply`.",
            headings: ["WINDOW", "PROJECTS", "WHEN", "STATE"],
        };
        let row = |window: &Window| [window.name.to_string(), window.projects.to_string(), window_times(window), state(window, now)];
        Ok(listing.print(invocation.screen, &windows, |window| WindowJson::of(window, now), row)?)
    }
}

fn state(window: &Window, now: Timestamp) -> String {
    match WindowState::of(window, now) {
        WindowState::Open(Closes::At(until)) => styled(WARN, format!("open until {} UTC", until.date_and_minute())),
        WindowState::Open(Closes::Never) => styled(WARN, "open, no end"),
        WindowState::Next(from) => format!("next {} UTC", from.date_and_minute()),
        WindowState::Over => styled(FAINT, "ended"),
    }
}
