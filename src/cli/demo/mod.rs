//! `heartbeat demo`: a PostHog, a Heartbeat, and faults to break the one and watch the other.

mod board;
mod browser;
mod faults;
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
use crate::clock::Speed;
use crate::config::rules;
use crate::lifecycle::{Lifecycle, Stop};
use crate::model::Timestamp;
use board::{Board, Told};
use faults::{ActiveFaults, Wish};
use screen::Around;
use summary::Summary;
use terminal::Terminal;

/// How often the screen is drawn anew, in real time.
const DRAW_EVERY: Duration = Duration::from_millis(150);

/// Show everything on this machine, with nothing set up
///
/// Starts a sandbox PostHog on loopback, installs Heartbeat on its project, and beats, in fast time. Keys (or typed lines, where
/// there is no terminal: queue, refuse, delay, drop, cut, key, fair, quit) change the faults. Its page opens in the browser, where
/// this machine has a screen. Nothing is left behind.
///
/// Exit codes: 0 every beat arrived in time and all is well at the end, 1 some did not, or none was sent.
#[derive(Debug, Args)]
pub struct Demo {
    /// How many times faster than life the clock runs: 12 makes a minute of five seconds
    #[arg(long, default_value = "12", value_parser = Speed::parse)]
    pub speed: Speed,
    /// End by itself after so much of the demo's own time, such as 10m
    #[arg(long = "for", value_name = "TIME", value_parser = rules::some_time)]
    pub lasts: Option<Duration>,
    /// Print lines, as where there is no terminal
    #[arg(long)]
    pub plain: bool,
    /// Do not open the page in the browser
    #[arg(long)]
    pub no_open: bool,
}

impl Demo {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let lifecycle = Lifecycle::listen()?;
        app::raise_descriptor_limit();
        let demo = app::Demo::set_up(self.speed).await?;
        let (handle, stop) = Stop::by_hand();
        let (running, mut work) = demo.start(stop);
        let begun = running.clock.now();
        let show = Show {
            demo: &running,
            speed: self.speed,
            until: self.lasts.map(|lasts| begun.plus(lasts)),
            stop: lifecycle.stop(),
            opens: !self.no_open && browser::is_at_hand(&invocation.environment),
            invocation,
        };
        let on_screen = !self.plain && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        let shown = tokio::select! {
            shown = async { if on_screen { show.on_screen().await } else { show.in_lines().await } } => shown,
            // One of its parts ended by itself: the demo is over, and says why.
            ended = &mut work => return Err(ended?.err().unwrap_or_else(|| anyhow::anyhow!("the demo ended by itself"))),
        };
        let summary = Summary::read(&running, begun).await?;
        handle.stop();
        lifecycle.guard(work).await???;
        shown?;
        invocation.screen.line(&summary)?;
        Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// How the demo is shown.
struct Show<'a> {
    demo: &'a Running,
    invocation: &'a Invocation,
    speed: Speed,
    until: Option<Timestamp>,
    stop: Stop,
    /// Whether the page is opened at the start.
    opens: bool,
}

impl Show<'_> {
    async fn on_screen(&self) -> anyhow::Result<()> {
        let mut terminal = Terminal::open()?;
        let (mut active_faults, mut wishes) = (ActiveFaults::default(), terminal::keys());
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
            match self.next(&mut wishes).await {
                Next::Draw => {}
                Next::Open => note = browser::open(&self.demo.link),
                Next::Change(wish) => active_faults.change(wish, self.demo)?,
                Next::End => return Ok(()),
            }
        }
    }

    async fn in_lines(&self) -> anyhow::Result<()> {
        let screen = self.invocation.screen;
        let (mut active_faults, mut told) = (ActiveFaults::default(), Told::default());
        let mut wishes = terminal::lines(|line| {
            anstream::eprintln!("`{line}` is no faults: type queue, refuse, delay, drop, cut, key, fair or quit");
        });
        screen.line(format!("sandbox {} · {} faster than life · times are UTC", self.demo.address, self.speed))?;
        screen.line(format!("page {}", self.demo.link))?;
        screen.line("type queue, refuse, delay, drop, cut, key (each again to end it), fair or quit")?;
        loop {
            let board = Board::read(self.demo).await?;
            for line in told.news(&board, board.report.at) {
                screen.line(line)?;
            }
            match self.next(&mut wishes).await {
                Next::Draw => {}
                Next::Open => drop(browser::open(&self.demo.link)),
                Next::Change(wish) => {
                    active_faults.change(wish, self.demo)?;
                    screen.line(format!("{} ~~ faults: {}", self.demo.clock.now().time_of_day(), active_faults.says()))?;
                }
                Next::End => return Ok(()),
            }
        }
    }

    async fn next(&self, wishes: &mut mpsc::UnboundedReceiver<Wish>) -> Next {
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
            wish = wishes.recv() => match wish {
                Some(Wish::Quit) | None => Next::End,
                Some(Wish::Open) => Next::Open,
                Some(wish) => Next::Change(wish),
            },
            () = self.demo.clock.sleep(DRAW_EVERY.mul_f64(self.speed.times())) => Next::Draw,
        }
    }
}

enum Next {
    Draw,
    Open,
    Change(Wish),
    End,
}
