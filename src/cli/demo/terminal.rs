//! The terminal of the demo: draws the screen, reads keys, and is restored at the end.

use std::io;
use std::mem::ManuallyDrop;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame};
use tokio::sync::mpsc;

use super::faults::Action;

/// In raw mode until it is dropped. The terminal may be closed by then: what ratatui drops would print that to standard error, and panic.
pub(super) struct Terminal(ManuallyDrop<DefaultTerminal>);

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        ratatui::try_init().map(ManuallyDrop::new).map(Self)
    }

    pub(super) fn draw(&mut self, with: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(with).map(|_| ())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        let _ = ratatui::try_restore();
    }
}

/// Actions from pressed keys. Reading a terminal blocks, so it has its own thread, which ends with the process.
pub(super) fn keys() -> mpsc::UnboundedReceiver<Action> {
    let (sender, actions) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            let action = match event {
                Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
                    KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Quit),
                    KeyCode::Esc => Some(Action::Quit),
                    KeyCode::Char(letter) => Action::parse(&letter.to_string()),
                    _ => None,
                },
                _ => None,
            };
            if action.is_some_and(|action| sender.send(action).is_err()) {
                break;
            }
        }
    });
    actions
}

/// Actions from lines of standard input. Calls `unknown` for a line that is not an action.
pub(super) fn lines(unknown: fn(&str)) -> mpsc::UnboundedReceiver<Action> {
    let (sender, actions) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            match Action::parse(&line) {
                Some(action) if sender.send(action).is_err() => break,
                Some(_) => {}
                None if line.trim().is_empty() => {}
                None => unknown(line.trim()),
            }
        }
        // The demo continues after the end of the input, so the channel stays open.
        std::mem::forget(sender);
    });
    actions
}
