//! Badges: a label and a value as a small SVG without styles, scripts or fonts of its own.

use askama::Template;

use crate::judge::Health;

/// Glyph widths of Verdana from space to tilde, in thousandths of the font size. Verdana is the widest of the fonts in the template, so text in
/// another font is not cut; `textLength` makes the text exactly this wide in any font.
const WIDTHS: [u16; 95] = [
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454, 636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 454,
    454, 818, 818, 818, 545, 1000, 684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843, 748, 787, 603, 787, 695, 684, 616, 732,
    684, 989, 685, 615, 685, 454, 454, 454, 818, 636, 636, 601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973, 633, 607, 623,
    623, 427, 521, 394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818,
];
/// Width of any other character.
const OTHER: u16 = 1000;
const SIZE: u32 = 11;
const PADDING: u32 = 6;

/// Background of the value; white text on it has a contrast of at least 4.5 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Tone {
    Good,
    Warn,
    Bad,
    /// A problem of Heartbeat, not of PostHog.
    Ours,
    /// Nothing is known, or nothing is expected.
    Mute,
}

impl Tone {
    const fn colour(self) -> &'static str {
        match self {
            Self::Good => "#1c7340",
            Self::Warn => "#8f5600",
            Self::Bad => "#b3262c",
            Self::Ours => "#345f9c",
            Self::Mute => "#5a676c",
        }
    }

    pub(in crate::web) const fn of(health: Health) -> Self {
        match health {
            Health::Up => Self::Good,
            Health::Degraded => Self::Warn,
            Health::Down => Self::Bad,
            Health::Unknown | Health::NotRunning | Health::Unverified => Self::Ours,
            Health::Disabled | Health::Pending => Self::Mute,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "badge.svg")]
pub(in crate::web) struct Badge {
    label: Text,
    value: Text,
    tone: Tone,
    /// Only in the title.
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    words: String,
    length: u32,
}

impl Text {
    fn new(words: &str) -> Self {
        let width = |letter: char| (letter as usize).checked_sub(' ' as usize).and_then(|at| WIDTHS.get(at).copied()).unwrap_or(OTHER);
        let thousandths: u32 = words.chars().map(|letter| u32::from(width(letter))).sum();
        Self { words: words.to_owned(), length: (thousandths * SIZE).div_ceil(1000) }
    }

    const fn width(&self) -> u32 {
        self.length + 2 * PADDING
    }
}

impl Badge {
    pub(in crate::web) fn new(label: &str, value: &str, tone: Tone) -> Self {
        Self { label: Text::new(label), value: Text::new(value), tone, note: None }
    }

    /// With a note that only the title has: there is no space for it in the badge.
    pub(in crate::web) fn noted(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    const fn width(&self) -> u32 {
        self.label.width() + self.value.width()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn white_can_be_read_on_every_ground() {
        let grounds = [Tone::Good, Tone::Warn, Tone::Bad, Tone::Ours, Tone::Mute].map(Tone::colour);
        for ground in grounds.into_iter().chain(["#3a464b"]) {
            let contrast = 1.05 / (luminance(ground) + 0.05);
            assert!(contrast >= 4.5, "{ground}: {contrast}");
        }
        assert!(
            Badge::new("a", "b", Tone::Good).render().unwrap().contains("#3a464b"),
            "the label has the background that was checked above"
        );
    }

    #[test]
    fn a_badge_is_as_wide_as_its_words() {
        let badge = Badge::new("shop", "good", Tone::Good);
        insta::assert_snapshot!(badge.render().unwrap());
        let wider = Badge::new("shop", "complete through 14:32 UTC", Tone::Good);
        assert!(wider.width() > 2 * badge.width());
        assert_eq!(wider.label, badge.label);
    }

    #[test]
    fn what_stands_in_a_badge_is_text() {
        let drawn = Badge::new("<b>&\"", "ü", Tone::Bad).render().unwrap();
        assert!(!drawn.contains("<b>") && drawn.contains("&#60;b&#62;&#38;&#34;"), "{drawn}");
    }
}
