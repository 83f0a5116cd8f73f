//! `heartbeat demo`: runs a sandbox and Heartbeat together, with keys to start faults.

mod board;
mod browser;
mod faults;
mod flow;
mod screen;
mod summary;
mod terminal;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use crate::app::{self, Running};
use crate::cli::global::Invocation;
use crate::cli::screen::{Level, say};
use crate::clock::Speed;
use crate::config::rules;
use crate::lifecycle::{Hangup, Lifecycle, Stop};
use crate::model::Timestamp;
use board::{Board, Printed};
use faults::{Action, ActiveFaults};
use screen::Around;
use summary::Summary;
use terminal::Terminal;

/// Interval between updates of the screen, in real time.
const DRAW_EVERY: Duration = Duration::from_millis(150);

/// Run a demo on this machine, without setup
///
/// It starts a sandbox PostHog on loopback, installs Heartbeat and Ingestion Alert on its project, and sends beats in fast time. Keys start and end faults;
/// without a terminal, type queue, reject, delay, drop, cut, key, clear (end all faults) or quit. The page opens in the browser if this machine has a
/// screen. The demo stores nothing.
///
/// Exit codes: 0 every beat arrived in time and the health is up at the end, 1 otherwise.
#[derive(Debug, Args)]
pub struct Demo {
    /// Speed of the clock; with 12, a minute takes five seconds
    #[arg(long, allow_hyphen_values = true, default_value = "12", value_parser = Speed::parse)]
    pub speed: Speed,
    /// End after this long in the demo's own time, for example 10m
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, value_parser = rules::some_time)]
    pub lasts: Option<Duration>,
    /// Print lines instead of a screen, as without a terminal
    #[arg(long)]
    pub plain: bool,
    /// Do not open the page in the browser
    #[arg(long)]
    pub no_open: bool,
}

impl Demo {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let lifecycle = Lifecycle::listen(Hangup::Stops)?;
        app::raise_descriptor_limit();
        let demo = app::Demo::set_up(self.speed).await?;
        let (handle, stop) = Stop::by_hand();
        let (running, mut work) = demo.start(stop);
        let started = running.clock.now();
        let show = Show {
            demo: &running,
            speed: self.speed,
            until: self.lasts.map(|lasts| started.plus(lasts)),
            stop: lifecycle.stop(),
            opens: !self.no_open && browser::is_available(&invocation.environment),
            invocation,
        };
        let on_screen = !self.plain && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        let result = tokio::select! {
            result = async { if on_screen { show.on_screen().await } else { show.in_lines().await } } => result,
            // A part of the demo ended by itself, which ends the demo with its error.
            ended = &mut work => return Err(ended?.err().unwrap_or_else(|| anyhow::anyhow!("the demo ended by itself"))),
        };
        let summary = Summary::read(&running, started).await?;
        handle.stop();
        lifecycle.guard(work).await???;
        result?;
        invocation.screen.line(&summary)?;
        Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

struct Show<'a> {
    demo: &'a Running,
    invocation: &'a Invocation,
    speed: Speed,
    until: Option<Timestamp>,
    stop: Stop,
    /// Whether to open the page at the start.
    opens: bool,
}

impl Show<'_> {
    async fn on_screen(&self) -> anyhow::Result<()> {
        let mut terminal = Terminal::open()?;
        let (mut active_faults, mut actions) = (ActiveFaults::default(), terminal::keys());
        let mut note = if self.opens { browser::open(&self.demo.link) } else { "" };
        loop {
            let board = Board::read(self.demo).await?;
            let around = Around {
                address: &self.demo.address,
                link: &self.demo.link,
                note,
                speed: self.speed.to_string(),
                active_faults: &active_faults,
                left: self.until.map(|until| until.since(board.report.at)),
                colour: anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
            };
            terminal.draw(|frame| screen::draw(frame, &board, &around))?;
            match self.next(&mut actions).await {
                Next::Draw => {}
                Next::Open => note = browser::open(&self.demo.link),
                Next::Change(action) => active_faults.change(action, self.demo)?,
                Next::End => return Ok(()),
            }
        }
    }

    async fn in_lines(&self) -> anyhow::Result<()> {
        let screen = self.invocation.screen;
        let (mut active_faults, mut printed) = (ActiveFaults::default(), Printed::default());
        let mut actions = terminal::lines(|line| {
            let unknown = format!("`{line}` is not a fault; type queue, reject, delay, drop, cut, key, clear or quit\n");
            // Standard error may be closed.
            let _ = say(Level::Error, &unknown);
        });
        screen.line(format!("sandbox {} · {} faster than real time · times are UTC", self.demo.address, self.speed))?;
        screen.line(format!("page {}", self.demo.link))?;
        screen.line("type queue, reject, delay, drop, cut or key to start a fault (again to end it), clear to end all faults, or quit")?;
        loop {
            let board = Board::read(self.demo).await?;
            for line in printed.news(&board, board.report.at) {
                screen.line(line)?;
            }
            match self.next(&mut actions).await {
                Next::Draw => {}
                Next::Open => drop(browser::open(&self.demo.link)),
                Next::Change(action) => {
                    active_faults.change(action, self.demo)?;
                    screen.line(format!("{} ~~ faults: {}", self.demo.clock.now().time_of_day(), active_faults.label()))?;
                }
                Next::End => return Ok(()),
            }
        }
    }

    async fn next(&self, actions: &mut mpsc::UnboundedReceiver<Action>) -> Next {
        let end = async {
            match self.until {
                Some(until) => self.demo.clock.sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.asked() => Next::End,
            () = end => Next::End,
            action = actions.recv() => match action {
                Some(Action::Quit) | None => Next::End,
                Some(Action::Open) => Next::Open,
                Some(action) => Next::Change(action),
            },
            () = self.demo.clock.sleep(DRAW_EVERY.mul_f64(self.speed.times())) => Next::Draw,
        }
    }
}

enum Next {
    Draw,
    Open,
    Change(Action),
    End,
}
