//! Adapts tokens to the SQL parser, so that it accepts what PostHog's parser accepts: removes the comma after a last list element,
//! and rewrites `INTERVAL '30 minutes'` to `INTERVAL 30 MINUTE`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Word};

/// The units of `INTERVAL '<count> <unit>'`, also with a plural `s`.
const UNITS: [(&str, Keyword); 8] = [
    ("second", Keyword::SECOND),
    ("minute", Keyword::MINUTE),
    ("hour", Keyword::HOUR),
    ("day", Keyword::DAY),
    ("week", Keyword::WEEK),
    ("month", Keyword::MONTH),
    ("quarter", Keyword::QUARTER),
    ("year", Keyword::YEAR),
];

const AFTER_A_LIST: [Keyword; 8] =
    [Keyword::FROM, Keyword::PREWHERE, Keyword::WHERE, Keyword::GROUP, Keyword::HAVING, Keyword::ORDER, Keyword::LIMIT, Keyword::UNION];

pub(super) fn prepared(tokens: Vec<Token>) -> Vec<Token> {
    let tokens = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    spelled_out(without_last_commas(tokens))
}

pub(super) fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

/// A comma may follow the last element in SELECT, in GROUP BY and in parentheses.
fn without_last_commas(tokens: Vec<Token>) -> Vec<Token> {
    let mut result = Vec::<Token>::new();
    // For each open parenthesis: whether a trailing comma is an error at this position.
    let mut strict = vec![false];
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            Token::LParen => strict.push(false),
            Token::RParen if strict.len() > 1 => drop(strict.pop()),
            Token::Word(word) if word.quote_style.is_none() => {
                if let Some(here) = strict.last_mut() {
                    match word.keyword {
                        Keyword::SELECT | Keyword::GROUP => *here = false,
                        Keyword::FROM | Keyword::WHERE | Keyword::HAVING | Keyword::ORDER | Keyword::LIMIT | Keyword::OFFSET => {
                            *here = true;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        let last = token == Token::Comma && tokens.peek().is_none_or(ends_a_list) && result.last().is_some_and(is_an_element);
        if !last || strict.last() == Some(&true) {
            result.push(token);
        }
    }
    result
}

fn ends_a_list(token: &Token) -> bool {
    matches!(token, Token::RParen | Token::SemiColon) || AFTER_A_LIST.iter().any(|keyword| is_keyword(token, *keyword))
}

fn is_an_element(token: &Token) -> bool {
    let begins = [Keyword::SELECT, Keyword::DISTINCT, Keyword::BY];
    !matches!(token, Token::Comma | Token::LParen) && !begins.iter().any(|keyword| is_keyword(token, *keyword))
}

/// An interval that PostHog's parser does not know stays unchanged, and the SQL parser rejects it.
fn spelled_out(tokens: Vec<Token>) -> Vec<Token> {
    let mut spelled = Vec::<Token>::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let span = match &token {
            Token::SingleQuotedString(text) if spelled.last().is_some_and(|before| is_keyword(before, Keyword::INTERVAL)) => span(text),
            _ => None,
        };
        match span {
            Some((count, unit)) if !tokens.peek().is_some_and(is_unit) => spelled.extend([Token::Number(count, false), unit]),
            _ => spelled.push(token),
        }
    }
    spelled
}

fn is_unit(token: &Token) -> bool {
    UNITS.iter().any(|(_, keyword)| is_keyword(token, *keyword))
}

fn span(text: &str) -> Option<(String, Token)> {
    let (count, unit) = text.split_once(' ')?;
    let (name, keyword) = UNITS.into_iter().find(|(name, _)| unit == *name || unit.strip_suffix('s') == Some(name))?;
    let whole = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| (count.to_owned(), Token::Word(Word { value: name.to_uppercase(), quote_style: None, keyword })))
}
