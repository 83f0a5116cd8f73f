//! Maintenance windows as text and JSON, with their current state.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Closes, Timestamp, When, Window, duration};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    Open(Closes),
    Next(Timestamp),
    Over,
}

impl WindowState {
    #[must_use]
    pub fn of(window: &Window, now: Timestamp) -> Self {
        let until = window.closes(now);
        let next = || window.next_after(now).map_or(Self::Over, Self::Next);
        until.map_or_else(next, Self::Open)
    }
}

/// For example `2026-11-23 02:00 to 2026-11-23 04:00 UTC`, `sun 02:00-04:00 Europe/Berlin`, or `0 2 1 * * for 2h`.
#[must_use]
pub fn window_times(window: &Window) -> String {
    match &window.when {
        When::Once(from, to) => format!("{} to {} UTC", from.date_and_minute(), to.date_and_minute()),
        When::Weekly(weekly) => weekly.to_string(),
        When::Cron(cron, lasts) => format!("{cron} for {}", duration::show(*lasts)),
    }
}

/// A maintenance window.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct WindowJson {
    /// The name of the window.
    pub name: String,
    /// The projects; empty means all projects.
    pub projects: Vec<String>,
    /// For a single window: its start.
    pub from: Option<String>,
    /// For a single window: its end.
    pub to: Option<String>,
    /// For a weekly window: its days and times, for example `sun 02:00-04:00`.
    pub weekly: Option<String>,
    /// The time zone of `weekly` or `cron`; null means UTC.
    pub timezone: Option<String>,
    /// For a window with a crontab expression: the expression of its starts, for example `0 2 * * SUN`.
    pub cron: Option<String>,
    /// For a window with a crontab expression: its length.
    pub lasts: Option<String>,
    /// `open`, `scheduled` or `over`.
    pub state: &'static str,
    /// The end of the open window; null while it is not open, and if it has no end because it reopens whenever it closes.
    pub open_until: Option<String>,
    /// The start of the next window; null while it is open, and if there is none.
    pub next_from: Option<String>,
}

impl WindowJson {
    #[must_use]
    pub fn of(window: &Window, now: Timestamp) -> Self {
        let (state, open_until, next_from) = match WindowState::of(window, now) {
            WindowState::Open(Closes::At(until)) => ("open", Some(until.to_string()), None),
            WindowState::Open(Closes::Never) => ("open", None, None),
            WindowState::Next(from) => ("scheduled", None, Some(from.to_string())),
            WindowState::Over => ("ended", None, None),
        };
        let (name, projects) = (window.name.to_string(), window.projects.to_texts());
        let mut json = Self { name, projects, state, open_until, next_from, ..Self::default() };
        match &window.when {
            When::Once(from, to) => (json.from, json.to) = (Some(from.to_string()), Some(to.to_string())),
            When::Weekly(weekly) => {
                (json.weekly, json.timezone) = (Some(weekly.written().to_owned()), weekly.timezone().map(str::to_owned));
            }
            When::Cron(cron, lasts) => {
                (json.cron, json.timezone) = (Some(cron.times().to_owned()), cron.timezone().map(str::to_owned));
                json.lasts = Some(duration::show(*lasts));
            }
        }
        json
    }
}
