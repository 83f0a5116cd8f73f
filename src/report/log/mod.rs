//! The log of an app, newest first, made from stored data; it has no table.
//! A page contains whole minutes and reads a bounded range: with few matches it is short and says where the next one starts.

mod alert;
mod heartbeat;
mod line;

use crate::model::{AppKind, Minute, Project, Timestamp};
use crate::report::fill::fill;
use crate::store::{Store, StoreError};

pub use heartbeat::words as beat_words;
pub use line::{Level, Line};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    pub level: Level,
    pub route: Option<String>,
    /// Case-insensitive.
    pub text: Option<String>,
    /// Only earlier minutes: [`LogPage::older`] of the previous page.
    pub before: Option<Minute>,
    /// Approximate: a minute is never split.
    pub at_most: usize,
}

impl Default for Sought {
    fn default() -> Self {
        Self { level: Level::Info, route: None, text: None, before: None, at_most: 100 }
    }
}

impl Sought {
    fn matches(&self, line: &Line) -> bool {
        let is_there = |text: &String| {
            let text = text.to_lowercase();
            let lines = [line.words()].into_iter().chain(line.proof.iter().cloned()).chain(line.route.clone());
            lines.into_iter().any(|line| line.to_lowercase().contains(&text))
        };
        line.level >= self.level
            && self.route.as_ref().is_none_or(|route| line.route.as_ref() == Some(route))
            && self.text.as_ref().is_none_or(is_there)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    pub lines: Vec<Line>,
    /// Where the next page starts; `None` when nothing older is stored.
    pub older: Option<Minute>,
}

pub async fn log(store: &Store, project: &Project, app: AppKind, sought: &Sought, now: Timestamp) -> Result<LogPage, StoreError> {
    match app {
        AppKind::Heartbeat => heartbeat::log(store, project, sought, now).await,
        AppKind::IngestionAlert => alert::log(store, project, sought, now).await,
    }
}

struct Filling<'s> {
    sought: &'s Sought,
    lines: Vec<Line>,
    reached: Minute,
}

impl<'s> Filling<'s> {
    fn new(sought: &'s Sought, from: Minute) -> Self {
        Self { sought, lines: Vec::new(), reached: from }
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= self.sought.at_most
    }

    /// Adds the matching lines of the minutes from `from` up to `reached`, newest first, until the page is full.
    fn fill(&mut self, mut lines: Vec<Line>, from: Minute) {
        // The sort is stable: lines of one minute stay in the order of reading, newest first.
        lines.sort_by_key(|line| std::cmp::Reverse(line.minute));
        self.reached = fill(
            lines,
            from,
            |line| line.minute,
            |line| {
                if self.sought.matches(&line) && !self.lines.iter_mut().rev().take(8).any(|before| before.goes_back_to(&line)) {
                    self.lines.push(line);
                }
                self.lines.len() >= self.sought.at_most
            },
        );
    }

    fn page(self, begun: Minute) -> LogPage {
        LogPage { older: Some(self.reached).filter(|reached| *reached > begun), lines: self.lines }
    }
}

/// The history of an app begins when it is first enabled, or with its first route.
fn begun(project: &Project, app: AppKind) -> Option<Minute> {
    let switched = project.switches.iter().filter(|switch| switch.app == app).map(|switch| switch.at.minute());
    let routes = project.routes.iter().filter(|_| app == AppKind::Heartbeat).map(|route| route.since.minute());
    switched.chain(routes).min()
}

fn switches(project: &Project, app: AppKind, from: Minute, to: Minute) -> impl Iterator<Item = Line> {
    let switches_of_app =
        project.switches.iter().rev().filter(move |switch| switch.app == app && from <= switch.at.minute() && switch.at.minute() < to);
    switches_of_app.map(|switch| Line::single(switch.at, Level::Info, if switch.on { "enabled" } else { "disabled" }))
}
