//! Escapes text for services that interpret markup: quoted text must not become a link, a mention or a format.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Plain,
    /// Markdown of Discord and Mattermost: <https://discord.com/developers/docs/reference#message-formatting>. A backslash escapes any character.
    Markdown,
    /// The Markdown of adaptive cards: <https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features>.
    Teams,
    /// Three characters as HTML entities, for Slack and for cards of Google Chat: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
    Entities,
    /// Without a parse mode, only `@` before a name has a meaning.
    Telegram,
}

impl Markup {
    pub(super) fn escape(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Entities => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            Self::Telegram => without_mentions(text),
            Self::Markdown | Self::Teams => with_backslashes(text),
        }
    }
}

fn with_backslashes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    // Only at the start of a line: lists.
    let mut begins = true;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_markup = match letter {
            '\\' | '`' | '*' | '_' | '~' | '|' | '<' | '>' | '[' | ']' | '(' | ')' | '#' | '@' => true,
            // In a URL: Discord turns it into a link.
            ':' => letters.peek() == Some(&'/'),
            '-' | '+' => begins,
            _ => false,
        };
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(letter);
        begins = letter == '\n' || (begins && letter == ' ');
    }
    escaped
}

/// Puts an invisible character between `@` and a name: Telegram notifies users that are mentioned.
fn without_mentions(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        written.push(letter);
        // Not within an e-mail address.
        if letter == '@' && !before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric()) {
            written.push('\u{2060}');
        }
        before = letter;
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: [(&str, &str, &str, &str); 9] = [
        ("`code`", "\\`code\\`", "`code`", "`code`"),
        ("[x](http://e.example)", "\\[x\\]\\(http\\://e.example\\)", "[x](http://e.example)", "[x](http://e.example)"),
        ("<http://e.example|x>", "\\<http\\://e.example\\|x\\>", "&lt;http://e.example|x&gt;", "<http://e.example|x>"),
        ("@everyone", "\\@everyone", "@everyone", "@\u{2060}everyone"),
        ("<@123> <!channel>", "\\<\\@123\\> \\<!channel\\>", "&lt;@123&gt; &lt;!channel&gt;", "<@\u{2060}123> <!channel>"),
        ("*a* _b_ ~c~", "\\*a\\* \\_b\\_ \\~c\\~", "*a* _b_ ~c~", "*a* _b_ ~c~"),
        ("<b>&amp;", "\\<b\\>&amp;", "&lt;b&gt;&amp;amp;", "<b>&amp;"),
        ("# a\n - b + c\n1 - 2", "\\# a\n \\- b + c\n1 - 2", "# a\n - b + c\n1 - 2", "# a\n - b + c\n1 - 2"),
        ("me@example.com \\", "me\\@example.com \\\\", "me@example.com \\", "me@example.com \\"),
    ];

    #[test]
    fn each_service_shows_words_as_they_are() {
        for (text, markdown, slack, telegram) in NASTY {
            for (markup, escaped) in [
                (Markup::Plain, text),
                (Markup::Markdown, markdown),
                (Markup::Teams, markdown),
                (Markup::Entities, slack),
                (Markup::Telegram, telegram),
            ] {
                assert_eq!(markup.escape(text), escaped, "{markup:?}: {text}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn behind_its_backslashes_the_text_is_what_it_was(text in "[a-z`*_<>@:/\\\\\\[\\]()\n -]{0,40}") {
            let mut letters = Markup::Markdown.escape(&text).chars().collect::<Vec<_>>().into_iter();
            let mut read = String::new();
            while let Some(letter) = letters.next() {
                read.push(if letter == '\\' { letters.next().unwrap() } else { letter });
            }
            proptest::prop_assert_eq!(read, text);
        }
    }
}
