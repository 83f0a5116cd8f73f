//! `heartbeat demo`: a PostHog, a Heartbeat, and weather to break the one and watch the other.

mod board;
mod screen;
mod summary;
mod terminal;
mod weather;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{Demo, Running};
use crate::cli::output::Output;
use crate::clock::Speed;
use crate::lifecycle::{Lifecycle, Stop};
use board::{Board, Told};
use screen::Around;
use terminal::Terminal;
use weather::{Sky, Wish};

/// How often the screen is drawn anew, in real time.
const DRAW_EVERY: Duration = Duration::from_millis(150);

/// Show everything on this machine, with nothing set up
///
/// Starts a sandbox PostHog on loopback, installs Heartbeat on its project, and beats, in fast time. Keys (or typed lines, where
/// there is no terminal: queue, refuse, delay, drop, cut, key, fair, quit) change the weather. Nothing is left behind.
///
/// Exit codes: 0 every beat arrived in time, 1 some did not, or none was sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many times faster than life the clock runs: 12 makes a minute of five seconds
    #[arg(long, default_value = "12", value_parser = Speed::parse)]
    speed: Speed,
    /// End by itself after so much of the demo's own time, such as 10m
    #[arg(long = "for", value_name = "TIME", value_parser = crate::config::duration::parse)]
    lasts: Option<Duration>,
    /// Print lines, as where there is no terminal
    #[arg(long)]
    plain: bool,
}

pub(crate) async fn run(args: Args, output: &Output, lifecycle: &Lifecycle) -> anyhow::Result<ExitCode> {
    let demo = Demo::set_up(args.speed).await?;
    let (handle, stop) = Stop::by_hand();
    let (running, work) = demo.start(stop);
    let begun = running.clock.now();
    let until = args.lasts.map(|lasts| begun.plus(lasts));
    let interactive = !args.plain && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let show = Show { demo: &running, args: &args, until, colour: output.colour() };
    let mut work = work;
    let shown = tokio::select! {
        shown = async { if interactive { show.on_screen(lifecycle).await } else { show.in_lines(lifecycle, output).await } } => shown,
        // One of its parts ended: the demo is over, and says why.
        ended = &mut work => { ended??; return Ok(ExitCode::FAILURE) }
    };
    let summary = summary::Summary::read(&running, begun).await?;
    handle.stop();
    work.await??;
    shown?;
    output.print(&summary.to_string());
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How the demo is shown.
struct Show<'a> {
    demo: &'a Running,
    args: &'a Args,
    until: Option<crate::model::Timestamp>,
    colour: bool,
}

impl Show<'_> {
    async fn on_screen(&self, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let mut terminal = Terminal::open()?;
        let (mut sky, mut wishes) = (Sky::default(), terminal::keys());
        loop {
            let board = Board::read(self.demo).await?;
            let around = Around {
                address: &self.demo.address,
                speed: self.args.speed.to_string(),
                sky: &sky,
                left: self.until.map(|until| until.since(board.report.at)),
                colour: self.colour,
            };
            terminal.draw(|frame| screen::draw(frame, &board, &around))?;
            match self.next(lifecycle, &mut wishes).await {
                Next::Draw => {}
                Next::Change(wish) => sky.change(wish, self.demo)?,
                Next::End => return Ok(()),
            }
        }
    }

    async fn in_lines(&self, lifecycle: &Lifecycle, output: &Output) -> anyhow::Result<()> {
        let (mut sky, mut told) = (Sky::default(), Told::default());
        let mut wishes = terminal::lines(|line| {
            anstream::eprintln!("`{line}` is no weather: type queue, refuse, delay, drop, cut, key, fair or quit");
        });
        output.print(&format!("sandbox {} · {} faster than life · times are UTC", self.demo.address, self.args.speed));
        output.print("type queue, refuse, delay, drop, cut, key (each again to end it), fair or quit");
        loop {
            let board = Board::read(self.demo).await?;
            for line in told.news(&board, board.report.at) {
                output.print(&line);
            }
            match self.next(lifecycle, &mut wishes).await {
                Next::Draw => {}
                Next::Change(wish) => {
                    sky.change(wish, self.demo)?;
                    output.print(&format!("{} ~~ weather: {}", self.demo.clock.now().time_of_day(), sky.says()));
                }
                Next::End => return Ok(()),
            }
        }
    }

    async fn next(&self, lifecycle: &Lifecycle, wishes: &mut mpsc::UnboundedReceiver<Wish>) -> Next {
        let end = async {
            match self.until {
                Some(until) => self.demo.clock.sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = lifecycle.stop_asked() => Next::End,
            () = end => Next::End,
            wish = wishes.recv() => match wish {
                Some(Wish::Quit) | None => Next::End,
                Some(wish) => Next::Change(wish),
            },
            () = self.demo.clock.sleep(DRAW_EVERY.mul_f64(self.args.speed.times())) => Next::Draw,
        }
    }
}

enum Next {
    Draw,
    Change(Wish),
    End,
}
