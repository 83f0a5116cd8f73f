//! A maintenance window as it is shown: when it is open, and how it stands.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Closes, Timestamp, When, Window, duration};

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// It is open until then.
    Open(Closes),
    /// It opens then.
    Next(Timestamp),
    /// It never opens again.
    Over,
}

impl WindowState {
    /// At `now`.
    #[must_use]
    pub fn of(window: &Window, now: Timestamp) -> Self {
        let until = window.closes(now);
        let next = || window.next_after(now).map_or(Self::Over, Self::Next);
        until.map_or_else(next, Self::Open)
    }
}

/// When a window is open: `2026-11-23 02:00 to 2026-11-23 04:00 UTC`, `sun 02:00-04:00 Europe/Berlin`, or `0 2 1 * * for 2h`.
#[must_use]
pub fn window_times(window: &Window) -> String {
    let minute_of = |at: Timestamp| at.to_string().get(..16).unwrap_or_default().replace('T', " ");
    match &window.when {
        When::Once(from, to) => format!("{} to {} UTC", minute_of(*from), minute_of(*to)),
        When::Weekly(weekly) => weekly.to_string(),
        When::Cron(cron, lasts) => format!("{cron} for {}", duration::show(*lasts)),
    }
}

/// A maintenance window, for programs.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct WindowJson {
    /// Its name.
    pub name: String,
    /// Of these projects; of all, when empty.
    pub projects: Vec<String>,
    /// Of a window that is open once: from then,
    pub from: Option<String>,
    /// up to then.
    pub to: Option<String>,
    /// Of one that comes each week: its days and times, `sun 02:00-04:00`.
    pub weekly: Option<String>,
    /// The time zone of `weekly` or `cron`; UTC, when null.
    pub timezone: Option<String>,
    /// Of one that comes by a crontab expression: at each time of it, `0 2 * * SUN`,
    pub cron: Option<String>,
    /// for so long.
    pub lasts: Option<String>,
    /// `open`, `scheduled` or `over`.
    pub state: &'static str,
    /// Until when it is open now; null while it is not, and where it has no end, since it opens again whenever it closes.
    pub open_until: Option<String>,
    /// When it opens next; null while it is open, and where it never does.
    pub next_from: Option<String>,
}

impl WindowJson {
    /// As it stands at `now`.
    #[must_use]
    pub fn of(window: &Window, now: Timestamp) -> Self {
        let (state, open_until, next_from) = match WindowState::of(window, now) {
            WindowState::Open(Closes::At(until)) => ("open", Some(until.to_string()), None),
            WindowState::Open(Closes::Never) => ("open", None, None),
            WindowState::Next(from) => ("scheduled", None, Some(from.to_string())),
            WindowState::Over => ("over", None, None),
        };
        let projects = window.projects.iter().map(ToString::to_string).collect();
        let mut json = Self { name: window.name.to_string(), projects, state, open_until, next_from, ..Self::default() };
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
