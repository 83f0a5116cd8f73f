//! `heartbeat maintenance list`

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::global::Invocation;
use crate::cli::moment::Moment;
use crate::cli::screen::{FAINT, WARN, styled};
use crate::cli::table::Table;
use crate::config::duration;
use crate::model::{Timestamp, When, Window};

pub(super) const JSON: &str = "JSON: {windows: [{name, projects, from, to, cron, lasts, open_until, next_from}]}; projects is empty for all of \
                               them, absent values are null: from and to of a window that is open once, cron and lasts of one that comes again, \
                               open_until while it is open, next_from while it is not and will be.";

/// `heartbeat maintenance list`
#[derive(Debug, Args)]
pub struct List {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,

    /// As of when.
    #[command(flatten)]
    pub moment: Moment,
}

#[derive(Serialize)]
struct ListJson {
    windows: Vec<WindowJson>,
}

/// Stable field names, documented in [`JSON`].
#[derive(Serialize)]
struct WindowJson {
    name: String,
    projects: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    cron: Option<String>,
    lasts: Option<String>,
    open_until: Option<String>,
    next_from: Option<String>,
}

impl WindowJson {
    fn of(window: &Window, now: Timestamp) -> Self {
        let (once, again) = match &window.when {
            When::Once(from, to) => (Some((from.to_string(), to.to_string())), None),
            When::Cron(cron, lasts) => (None, Some((cron.to_string(), duration::show(*lasts)))),
        };
        let (from, to) = once.unzip();
        let (cron, lasts) = again.unzip();
        let (open_until, next_from) = match State::of(window, now) {
            State::Open(until) => (Some(until.to_string()), None),
            State::Next(from) => (None, Some(from.to_string())),
            State::Over => (None, None),
        };
        let projects = window.projects.iter().map(ToString::to_string).collect();
        Self { name: window.name.to_string(), projects, from, to, cron, lasts, open_until, next_from }
    }
}

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open(Timestamp),
    Next(Timestamp),
    Over,
}

impl State {
    fn of(window: &Window, now: Timestamp) -> Self {
        let until = window.open(now);
        let next = || window.next_after(now).map_or(Self::Over, Self::Next);
        until.map_or_else(next, Self::Open)
    }
}

impl List {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let store = invocation.store().await?;
        let windows = store.windows().await?;
        let now = self.moment.time();
        if self.json {
            invocation.screen.json(&ListJson { windows: windows.iter().map(|window| WindowJson::of(window, now)).collect() })?;
        } else if windows.is_empty() {
            invocation.screen.note("There is no maintenance window: `heartbeat maintenance add`, or `heartbeat apply`.")?;
        } else {
            let mut table = Table::under(["WINDOW", "PROJECTS", "WHEN", "STATE"]);
            for window in &windows {
                let names = window.projects.iter().map(ToString::to_string).collect::<Vec<_>>();
                let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
                table.row([window.name.to_string(), names, when(window), state(window, now)]);
            }
            invocation.screen.line(table)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn when(window: &Window) -> String {
    match &window.when {
        When::Once(from, to) => format!("{} to {} UTC", minute_of(*from), minute_of(*to)),
        When::Cron(cron, lasts) => format!("{cron} for {}", duration::show(*lasts)),
    }
}

/// Coloured: it stands last in its row.
fn state(window: &Window, now: Timestamp) -> String {
    match State::of(window, now) {
        State::Open(until) => styled(WARN, format!("open until {} UTC", minute_of(until))),
        State::Next(from) => format!("next {} UTC", minute_of(from)),
        State::Over => styled(FAINT, "over"),
    }
}

/// `2026-11-23 14:02`
fn minute_of(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}
