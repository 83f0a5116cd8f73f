//! Bounds of a user's template, checked before the template engine parses it. The engine recurses, so a deeply nested template would overflow the
//! stack and abort the process. A block that is captured would be escaped when it is rendered, and again when it is inserted.

use super::TemplateError;

/// In bytes; a message has room for little more.
pub(super) const LENGTH: usize = 4096;
/// Names, numbers, strings and operators.
pub(super) const TOKENS: usize = 500;
/// The depth of blocks and brackets.
pub(super) const NESTING: usize = 16;

/// The tags that need an end tag.
const BLOCKS: [&str; 4] = ["if", "for", "with", "autoescape"];

pub(super) fn check(text: &str) -> Result<(), TemplateError> {
    if text.len() > LENGTH {
        return Err(TemplateError::TooLong(text.len()));
    }
    let mut count = Count::default();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        rest = match rest.as_bytes().first() {
            Some(b'#') => rest.split_once("#}").map_or("", |(_, after)| after),
            Some(b'{') => count.code(&rest[1..], "}}")?,
            Some(b'%') => match after_raw(&rest[1..]) {
                Some(after) => after,
                None => count.code(&rest[1..], "%}")?,
            },
            _ => rest,
        };
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    tokens: usize,
    blocks: usize,
}

impl Count {
    /// Reads code up to its end mark, and returns the rest.
    fn code<'t>(&mut self, code: &'t str, end: &str) -> Result<&'t str, TemplateError> {
        let mut rest = code.strip_prefix(['-', '+']).unwrap_or(code);
        let (mut brackets, mut is_first) = (0_usize, end == "%}");
        // `set name` without `=` is a block.
        let (mut sets, mut assigns) = (false, false);
        while let Some(letter) = rest.chars().next() {
            // Within brackets the end mark is no end: there it is two brackets.
            if brackets == 0 && (rest.starts_with(end) || rest.get(1..).is_some_and(|rest| "-+".contains(letter) && rest.starts_with(end)))
            {
                rest = rest.trim_start_matches(['-', '+']);
                rest = rest.get(end.len()..).unwrap_or_default();
                break;
            }
            if letter.is_whitespace() {
                rest = &rest[letter.len_utf8()..];
                continue;
            }
            let size = token(rest, letter);
            let word = &rest[..size];
            rest = &rest[size..];
            self.tokens += 1;
            if self.tokens > TOKENS {
                return Err(TemplateError::TooManyTokens);
            }
            match word {
                "(" | "[" | "{" => brackets += 1,
                ")" | "]" | "}" => brackets = brackets.saturating_sub(1),
                "=" => assigns = true,
                "set" if is_first => sets = true,
                "filter" if is_first => {
                    return Err(TemplateError::Captures("filter", "apply the filter to each value: `{{ text | upper }}`"));
                }
                word if is_first && BLOCKS.contains(&word) => self.blocks += 1,
                word if is_first && word.starts_with("end") => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
            is_first = false;
            self.check_nesting(brackets)?;
        }
        if sets && !assigns {
            return Err(TemplateError::Captures("set", "set a value: `{% set name = text %}`"));
        }
        self.check_nesting(0)?;
        Ok(rest)
    }

    fn check_nesting(&self, brackets: usize) -> Result<(), TemplateError> {
        if self.blocks + brackets <= NESTING { Ok(()) } else { Err(TemplateError::TooDeep) }
    }
}

/// The length of the next name, number, string or sign.
fn token(code: &str, first: char) -> usize {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    match first {
        '"' | '\'' => {
            let mut is_escaped = false;
            let end = code.char_indices().skip(1).find(|(_, letter)| {
                let ends = !is_escaped && *letter == first;
                is_escaped = !is_escaped && *letter == '\\';
                ends
            });
            end.map_or(code.len(), |(at, letter)| at + letter.len_utf8())
        }
        letter if is_word(letter) => code.find(|letter| !is_word(letter)).unwrap_or(code.len()),
        letter => letter.len_utf8(),
    }
}

/// Returns the rest after a `raw` block; none if `code` does not begin one.
fn after_raw(code: &str) -> Option<&str> {
    let tag = |code: &'_ str, name| {
        let rest = code.trim_start().strip_prefix(name)?.trim_start();
        rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}").map(str::len)
    };
    let inside = tag(code, "raw")?;
    let mut rest = &code[code.len() - inside..];
    while let Some((_, after)) = rest.split_once("{%") {
        rest = after;
        let bare = after.strip_prefix(['-', '+']).unwrap_or(after);
        if let Some(left) = tag(bare, "endraw") {
            return Some(&after[after.len() - left..]);
        }
    }
    Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        check(text).unwrap_err().to_string()
    }

    #[test]
    fn a_template_has_a_length() {
        assert_eq!(check(&"x".repeat(LENGTH)), Ok(()));
        assert_eq!(wrong(&"x".repeat(LENGTH + 1)), "is 4097 bytes long, and must not be longer than 4096");
    }

    #[test]
    fn a_template_has_so_many_names_values_and_operators() {
        assert_eq!(check(&"{{kind}}".repeat(TOKENS)), Ok(()));
        for outside in ["{{kind}}".repeat(TOKENS + 1), format!("{{{{ 1{} }}}}", " + 1".repeat(TOKENS / 2))] {
            assert_eq!(wrong(&outside), "contains more than 500 names, values and operators: make it shorter");
        }
        assert_eq!(check(&format!("{{{{ 1{} }}}}", " + 1".repeat(TOKENS / 2 - 1))), Ok(()));
    }

    #[test]
    fn words_outside_of_code_and_in_texts_do_not_count() {
        for text in [
            "one two ".repeat(TOKENS / 2),
            format!("{{{{ '{}' }}}}", "( [ a \\' ".repeat(200)),
            format!("{{# {} #}}", "{{ ( ".repeat(200)),
            format!("{{% raw -%}} {} {{%+ endraw %}}{{{{ kind }}}}", "{{ ( \" ".repeat(200)),
            "{% set a = 1 %}".repeat(NESTING + 1),
            "{% if test %}a{% endif %}".repeat(NESTING + 1),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_follows_a_comment_a_raw_block_or_a_mark_within_a_text_counts() {
        let many = format!("{{{{ {} }}}}", "a ".repeat(TOKENS + 1));
        for begin in
            ["{# {{ ' #}", "{% raw %}{{ ' {% endraw %}", "{{ '}}' }}", "{{ {'a': {}} }}", "{{ \"{#\" -}}", "{% raw %} {%- endraw -%}"]
        {
            assert!(check(&format!("{begin}{many}")).is_err(), "{begin}");
        }
    }

    #[test]
    fn a_block_that_would_be_escaped_twice_is_rejected() {
        for (text, says) in [
            ("{% filter upper %}{{ text }}{% endfilter %}", "contains a block `{% filter %}`, whose values would be escaped twice; apply"),
            (
                "{%- set a -%}{{ text }}{% endset %}{{ a }}",
                "contains a block `{% set %}`, whose values would be escaped twice; set a value",
            ),
            ("{% if test %}{%+ set a | upper %}{{ text }}{% endset %}{% endif %}", "contains a block `{% set %}`"),
        ] {
            assert!(wrong(text).starts_with(says), "{text}: {}", wrong(text));
        }
        for text in ["{% set a = text | upper %}{{ a }}", "{{ filter }}", "{% raw %}{% filter upper %}{% endraw %}", "filter, set"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_template_nests_so_deep() {
        let ifs = |deep: usize| format!("{}x{}", "{% if test %}".repeat(deep), "{% endif %}".repeat(deep));
        let brackets = |deep: usize| format!("{{{{ {}1{} }}}}", "(".repeat(deep), ")".repeat(deep));
        for nested in [ifs, brackets] {
            assert_eq!(check(&nested(NESTING)), Ok(()), "{}", nested(NESTING));
            assert_eq!(wrong(&nested(NESTING + 1)), "nests blocks and brackets more than 16 deep: make it simpler");
        }
        assert!(check(&format!("{{% for a in [1] %}}{}{{% endfor %}}", brackets(NESTING))).is_err(), "they count together");
    }
}
