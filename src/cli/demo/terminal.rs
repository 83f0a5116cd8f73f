//! A terminal that shows the screen and takes keys; as it was before, whatever ends it.

use std::io;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame};
use tokio::sync::mpsc;

use super::faults::Wish;

/// A terminal in raw mode, until it is dropped.
pub(super) struct Terminal(DefaultTerminal);

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    pub(super) fn draw(&mut self, with: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(with).map(|_| ())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Wishes as keys are pressed. Reading a terminal blocks, so it has a thread of its own, which ends with the process.
pub(super) fn keys() -> mpsc::UnboundedReceiver<Wish> {
    let (sender, wishes) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            let wish = match event {
                Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
                    KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::Quit),
                    KeyCode::Esc => Some(Wish::Quit),
                    KeyCode::Char(letter) => Wish::parse(&letter.to_string()),
                    _ => None,
                },
                _ => None,
            };
            if wish.is_some_and(|wish| sender.send(wish).is_err()) {
                break;
            }
        }
    });
    wishes
}

/// Wishes as lines are typed, or come through a pipe; a line that is none is answered by `unknown`.
pub(super) fn lines(unknown: fn(&str)) -> mpsc::UnboundedReceiver<Wish> {
    let (sender, wishes) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            match Wish::parse(&line) {
                Some(wish) if sender.send(wish).is_err() => break,
                Some(_) => {}
                None if line.trim().is_empty() => {}
                None => unknown(line.trim()),
            }
        }
        // The input is over, the demo is not: keep the channel open.
        std::mem::forget(sender);
    });
    wishes
}
