//! An app's log, newest first, made from what is on record: there is no table of its own.
//!
//! A page of it holds whole minutes, so that the next one goes on where it ended, and reads a bounded stretch of them, whatever it is that is
//! sought: where little is found, the page is short, and says how far it has come.

mod alert;
mod heartbeat;
mod line;

use crate::model::{AppKind, Minute, Project, Timestamp};
use crate::store::{Store, StoreError};

pub use heartbeat::words as beat_words;
pub use line::{Level, Line};

/// What is sought in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Lines at least so grave.
    pub level: Level,
    /// Lines of this route alone.
    pub route: Option<String>,
    /// Lines with this in them, in capital letters or small ones.
    pub text: Option<String>,
    /// Lines of earlier minutes alone: what [`LogPage::older`] said of the page before.
    pub before: Option<Minute>,
    /// About so many; a minute is not torn apart for it.
    pub at_most: usize,
}

impl Default for Sought {
    fn default() -> Self {
        Self { level: Level::Info, route: None, text: None, before: None, at_most: 100 }
    }
}

impl Sought {
    fn wants(&self, line: &Line) -> bool {
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

/// A page of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// Newest first.
    pub lines: Vec<Line>,
    /// Where the next page goes on; none where nothing older is on record.
    pub older: Option<Minute>,
}

/// A page of the log of one of a project's apps.
///
/// # Errors
/// When the store cannot be read.
pub async fn log(store: &Store, project: &Project, app: AppKind, sought: &Sought, now: Timestamp) -> Result<LogPage, StoreError> {
    match app {
        AppKind::Heartbeat => heartbeat::log(store, project, sought, now).await,
        AppKind::IngestionAlert => alert::log(store, project, sought, now).await,
    }
}

/// A page that is being filled, minute by minute, newest first.
struct Filling<'s> {
    sought: &'s Sought,
    lines: Vec<Line>,
    /// The oldest minute that is on it.
    reached: Minute,
}

impl<'s> Filling<'s> {
    fn new(sought: &'s Sought, from: Minute) -> Self {
        Self { sought, lines: Vec::new(), reached: from }
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= self.sought.at_most
    }

    /// Puts the lines of minutes from `from` up to what was reached so far on it, newest first, until it is full.
    fn fill(&mut self, mut lines: Vec<Line>, from: Minute) {
        // Of one minute and route what was found stands in the order in which it was found, the newest first.
        lines.sort_by_key(|line| std::cmp::Reverse(line.minute));
        let mut lines = lines.into_iter().peekable();
        while let Some(line) = lines.next() {
            let minute = line.minute;
            if self.sought.wants(&line) && !self.lines.iter_mut().rev().take(8).any(|before| before.goes_back_to(&line)) {
                self.lines.push(line);
            }
            if self.is_full() && lines.peek().is_none_or(|next| next.minute < minute) {
                self.reached = minute;
                return;
            }
        }
        self.reached = from;
    }

    /// `begun` is where the project's history begins.
    fn page(self, begun: Minute) -> LogPage {
        LogPage { older: Some(self.reached).filter(|reached| *reached > begun), lines: self.lines }
    }
}

/// When the history of an app begins: with its first switch, or its first route.
fn begun(project: &Project, app: AppKind) -> Option<Minute> {
    let switched = project.switches.iter().filter(|turn| turn.app == app).map(|turn| turn.at.minute());
    let routes = project.routes.iter().filter(|_| app == AppKind::Heartbeat).map(|route| route.since.minute());
    switched.chain(routes).min()
}

/// When the app was switched on and off.
fn switches(project: &Project, app: AppKind, from: Minute, to: Minute) -> impl Iterator<Item = Line> {
    let turns = project.switches.iter().rev().filter(move |turn| turn.app == app && from <= turn.at.minute() && turn.at.minute() < to);
    turns.map(|turn| Line::told(turn.at, Level::Info, if turn.on { "switched on" } else { "switched off" }))
}
