//! The faults of the demo: for each one key, one word and one change in the sandbox.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    StopQueue,
    Reject,
    Delay,
    Drop,
    Cut,
    BreakKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Starts the fault, or ends it when it is active.
    Toggle(Fault),
    ClearFaults,
    /// Opens the page in the browser.
    Open,
    Quit,
}

impl Fault {
    pub(super) const ALL: [Self; 6] = [Self::StopQueue, Self::Reject, Self::Delay, Self::Drop, Self::Cut, Self::BreakKey];

    /// The word to type without a terminal.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::StopQueue => "queue",
            Self::Reject => "reject",
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Cut => "cut",
            Self::BreakKey => "key",
        }
    }

    /// The label of its key.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::StopQueue => "stop the queue",
            Self::Reject => "reject events",
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Cut => "cut connections",
            Self::BreakKey => "break the key",
        }
    }

    fn change(self) -> Value {
        match self {
            Self::StopQueue => json!({"queue": {"stopped": true}}),
            Self::Reject => json!({"capture": {"status": 503, "body": "transient error, please retry"}}),
            Self::Delay => json!({"queue": {"lag_ms": 180_000}}),
            Self::Drop => json!({"capture": {"drop_rate": 1}}),
            Self::Cut => json!({"capture": {"reset_rate": 1}}),
            Self::BreakKey => json!({"query": {"status": 401}}),
        }
    }
}

impl Action {
    /// Reads a key (`1` to `6`, `0`, `o`, `q`) or a typed word.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "0" | "clear" => return Some(Self::ClearFaults),
            "o" | "open" => return Some(Self::Open),
            "q" | "quit" | "exit" => return Some(Self::Quit),
            _ => {}
        }
        let mut numbered = (1..).zip(Fault::ALL);
        numbered.find(|(number, fault)| text == number.to_string() || text == fault.word()).map(|(_, fault)| Self::Toggle(fault))
    }
}

#[derive(Debug, Default)]
pub(super) struct ActiveFaults(Vec<Fault>);

impl ActiveFaults {
    pub(super) fn change(&mut self, action: Action, demo: &crate::app::Running) -> anyhow::Result<()> {
        match action {
            Action::Toggle(fault) => self.toggle(fault),
            Action::ClearFaults => self.0.clear(),
            Action::Open | Action::Quit => return Ok(()),
        }
        demo.clear_faults()?;
        for fault in &self.0 {
            demo.sandbox.change_faults(&fault.change())?;
        }
        Ok(())
    }

    pub(super) fn toggle(&mut self, fault: Fault) {
        match self.0.iter().position(|active| *active == fault) {
            Some(at) => drop(self.0.remove(at)),
            None => self.0.push(fault),
        }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// `none`, or the labels of the active faults.
    pub(super) fn label(&self) -> String {
        if self.0.is_empty() { "none".into() } else { self.0.iter().map(|fault| fault.label()).collect::<Vec<_>>().join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_words_mean_the_same() {
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(Action::parse(&(at + 1).to_string()), Some(Action::Toggle(fault)));
            assert_eq!(Action::parse(&format!(" {}\n", fault.word().to_uppercase())), Some(Action::Toggle(fault)));
        }
        assert_eq!(Action::parse("0"), Some(Action::ClearFaults));
        assert_eq!(Action::parse("quit"), Some(Action::Quit));
        assert_eq!((Action::parse("o"), Action::parse("open")), (Some(Action::Open), Some(Action::Open)));
        for nothing in ["", "7", "other"] {
            assert_eq!(Action::parse(nothing), None, "{nothing}");
        }
    }
}
