//! Text that fits into its width: wrapped between words, or shortened with `…`.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The first letters of a text that is too long.
pub(super) fn clipped(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

pub(super) fn words<'a>(text: &str, style: Style) -> Vec<Span<'a>> {
    text.split_whitespace().map(|word| Span::styled(word.to_owned(), style)).collect()
}

/// Puts the parts on lines. A part is broken only if it is longer than a line.
pub(super) fn flowed<'a>(parts: impl IntoIterator<Item = Span<'a>>, separator: &'static str, width: usize) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + separator.chars().count() + part.width() <= width => line.spans.extend([separator.into(), part]),
            _ if part.width() <= width => lines.push(part.into()),
            _ => {
                let letters: Vec<char> = part.content.chars().collect();
                lines.extend(letters.chunks(width.max(1)).map(|piece| Line::styled(piece.iter().collect::<String>(), part.style)));
            }
        }
    }
    lines
}

/// The first lines, with a mark if there are more. The mark needs two columns after the line.
pub(super) fn limited(mut lines: Vec<Line<'_>>, most: usize) -> Vec<Line<'_>> {
    if lines.len() > most {
        lines.truncate(most);
        lines.iter_mut().last().into_iter().for_each(|line| line.push_span(" …"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words_and_nothing_is_lost_without_a_mark() {
        let flow = |text, width, most| {
            limited(flowed(words(text, Style::new()), " ", width), most).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(flow("beats do not arrive", 12, 2), ["beats do not", "arrive"]);
        assert_eq!(flow("beats do not arrive", 12, 1), ["beats do not …"]);
        assert_eq!(flow("at http://127.0.0.1:8400", 10, 9), ["at", "http://127", ".0.0.1:840", "0"]);
        assert_eq!(flow("", 10, 1), [""; 0]);
        assert_eq!((clipped("unreachable", 11), clipped("unreachable", 6)), ("unreachable".to_owned(), "unrea…".to_owned()));
    }
}
