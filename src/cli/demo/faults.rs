//! The bad faults that a person can make in the demo: one key, one word, one change in the sandbox.

use serde_json::{Value, json};

/// One kind of bad faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WebError {
    StopQueue,
    Reject,
    Delay,
    Drop,
    Cut,
    BreakKey,
}

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// This trouble; or its end, when it is there.
    Toggle(WebError),
    /// None of them.
    Fair,
    /// The page, in the browser.
    Open,
    /// The end of the demo.
    Quit,
}

impl WebError {
    pub(super) const ALL: [Self; 6] = [Self::StopQueue, Self::Reject, Self::Delay, Self::Drop, Self::Cut, Self::BreakKey];

    /// The word to type where there is no terminal.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::StopQueue => "queue",
            Self::Reject => "refuse",
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Cut => "cut",
            Self::BreakKey => "key",
        }
    }

    /// What it does, in few words: they stand beside its key.
    pub(super) const fn says(self) -> &'static str {
        match self {
            Self::StopQueue => "stop the queue",
            Self::Reject => "refuse",
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Cut => "cut",
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

impl Wish {
    /// Reads a key or a typed line: `1` to `6`, `0`, `o`, `q`, or the words.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "0" | "fair" => return Some(Self::Fair),
            "o" | "open" => return Some(Self::Open),
            "q" | "quit" | "exit" => return Some(Self::Quit),
            _ => {}
        }
        let numbered = (1..).zip(WebError::ALL);
        numbered
            .into_iter()
            .find(|(number, trouble)| text == number.to_string() || text == trouble.word())
            .map(|(_, trouble)| Self::Toggle(trouble))
    }
}

/// Which troubles there are now.
#[derive(Debug, Default)]
pub(super) struct ActiveFaults(Vec<WebError>);

impl ActiveFaults {
    /// Does as is wished, in the running demo.
    pub(super) fn change(&mut self, wish: Wish, demo: &crate::app::Running) -> anyhow::Result<()> {
        match wish {
            Wish::Toggle(trouble) => match self.0.iter().position(|there| *there == trouble) {
                Some(at) => drop(self.0.remove(at)),
                None => self.0.push(trouble),
            },
            Wish::Fair => self.0.clear(),
            Wish::Open | Wish::Quit => return Ok(()),
        }
        demo.clear_faults()?;
        for trouble in &self.0 {
            demo.sandbox.change_faults(&trouble.change())?;
        }
        Ok(())
    }

    pub(super) fn has(&self, trouble: WebError) -> bool {
        self.0.contains(&trouble)
    }

    /// `fair`, or what is not.
    pub(super) fn says(&self) -> String {
        if self.0.is_empty() { "fair".into() } else { self.0.iter().map(|trouble| trouble.says()).collect::<Vec<_>>().join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_words_mean_the_same() {
        for (at, trouble) in WebError::ALL.into_iter().enumerate() {
            assert_eq!(Wish::parse(&(at + 1).to_string()), Some(Wish::Toggle(trouble)));
            assert_eq!(Wish::parse(&format!(" {}\n", trouble.word().to_uppercase())), Some(Wish::Toggle(trouble)));
        }
        assert_eq!(Wish::parse("0"), Some(Wish::Fair));
        assert_eq!(Wish::parse("quit"), Some(Wish::Quit));
        assert_eq!((Wish::parse("o"), Wish::parse("open")), (Some(Wish::Open), Some(Wish::Open)));
        for nothing in ["", "7", "rain"] {
            assert_eq!(Wish::parse(nothing), None, "{nothing}");
        }
    }
}
