//! What can be wrong with a value that a user wrote. `Display` is the only place with its words: the rest of a sentence that starts with the name of
//! the setting, or a full sentence ([`Invalid::is_sentence`]). A text that may be a secret is not kept.

use std::borrow::Cow;
use std::fmt;

use heartbeat_clock::time::NotATime;

use super::{HostError, KeyError, conceal, nearest, thousands};

/// A field that a problem names besides its own.
pub type FieldName = Cow<'static, str>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("is missing; {0}")]
    Missing(Cow<'static, str>),
    /// None of these ways to give it; each is one field or several. A full sentence.
    #[error("{what} is missing; give {ways}", ways = ways_of(ways))]
    NoneOf { what: &'static str, ways: Vec<Vec<FieldName>> },
    /// With the description of the field.
    #[error("is missing: {0}")]
    Required(&'static str),
    #[error("is empty; {0}")]
    Empty(&'static str),
    /// The text, and what it must be.
    #[error("{0}must be {1}")]
    Malformed(Quoted, Cow<'static, str>),
    /// The text, what it is not, and how that is written.
    #[error("{0}is not {1}; {2}")]
    NotA(Quoted, &'static str, &'static str),
    /// The text, the choices, and the one that was probably meant.
    #[error("{0}must be {choices}{meant}", choices = either(.1), meant = .2.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?")))]
    UnknownChoice(Quoted, &'static [&'static str], Option<&'static str>),
    #[error("{text}must be between {least} and {most}")]
    OutOfBounds { text: Quoted, least: String, most: String },
    /// A number without a fraction; `of` is empty, or such as ` of minutes`.
    #[error("{text}must be a whole number{of} from {least}{}", most.map_or_else(String::new, |most| format!(" to {most}")))]
    NotWhole { text: Quoted, of: &'static str, least: u64, most: Option<u64> },
    #[error("is {length} {unit} long; at most {most} are allowed")]
    TooLong { length: usize, unit: &'static str, most: usize },
    #[error("names {count}; at most {most} are allowed", count = thousands(*count as u64))]
    TooMany { count: usize, most: usize },
    #[error("{0}is given twice")]
    Twice(Quoted),
    /// The text, and the predicate that says why it cannot be used.
    #[error("{0}{1}")]
    Unusable(Quoted, Cow<'static, str>),
    #[error("cannot be changed: it stays `{0}`")]
    Fixed(String),
    #[error("is an example placeholder; give your own value")]
    Placeholder,
    #[error("cannot be combined with {0}; give one of them")]
    CombinedWith(FieldName),
    #[error("only applies to {fields}", fields = all(.0))]
    OnlyWith(Vec<FieldName>),
    /// A stored secret would be sent to an address that is not the one that it was given for.
    #[error("must be given again with the new {with}: the stored one is for {given_for}")]
    GivenFor { with: FieldName, given_for: String },
    /// A full sentence. Boxed because it is large.
    #[error(transparent)]
    Order(Box<Order>),
    /// `of` completes "is not". A full sentence.
    #[error("{name} is not {of}; {suggestion}")]
    UnknownName { name: Word, of: Cow<'static, str>, suggestion: Suggestion },
    /// The name of something that does not exist. A full sentence.
    #[error("there is no {what} `{name}`; {suggestion}")]
    Unknown { what: &'static str, name: String, suggestion: Suggestion },
    /// More problems of the same field. A full sentence.
    #[error("... and {count} more", count = thousands(*.0 as u64))]
    More(usize),
    /// An error of another part, in its own words. A full sentence.
    #[error("{0}")]
    Other(String),
    #[error(transparent)]
    Time(#[from] NotATime),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Invalid {
    #[must_use]
    pub fn missing(advice: impl Into<Cow<'static, str>>) -> Self {
        Self::Missing(advice.into())
    }

    /// `must` completes "must be".
    #[must_use]
    pub fn malformed(text: &str, must: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(Quoted::of(text), must.into())
    }

    #[must_use]
    pub fn unusable(text: &str, because: impl Into<Cow<'static, str>>) -> Self {
        Self::Unusable(Quoted::of(text), because.into())
    }

    /// For a text that may be a secret.
    #[must_use]
    pub fn unquoted(because: impl Into<Cow<'static, str>>) -> Self {
        Self::Unusable(Quoted::default(), because.into())
    }

    #[must_use]
    pub fn choice(text: &str, choices: &'static [&'static str]) -> Self {
        Self::UnknownChoice(Quoted::of(text), choices, nearest(text.trim(), choices.iter().copied()))
    }

    #[must_use]
    pub fn whole(text: &str, of: &'static str, least: u64, most: impl Into<Option<u64>>) -> Self {
        Self::NotWhole { text: Quoted::of(text), of, least, most: most.into() }
    }

    /// For programs; never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_)
            | Self::NoneOf { .. }
            | Self::Required(_)
            | Self::Empty(_)
            | Self::Host(HostError::Empty)
            | Self::Key(KeyError::Empty) => "missing",
            Self::Malformed(..) | Self::NotA(..) | Self::NotWhole { .. } | Self::Time(_) | Self::Host(_) => "malformed",
            Self::UnknownChoice(..) => "unknown_choice",
            Self::OutOfBounds { .. } => "out_of_bounds",
            Self::TooLong { .. } => "too_long",
            Self::TooMany { .. } => "too_many",
            Self::Twice(_) => "given_twice",
            Self::Unusable(..) => "unusable",
            Self::Fixed(_) => "cannot_change",
            Self::Placeholder => "placeholder",
            Self::CombinedWith(_) | Self::OnlyWith(_) | Self::Order(_) => "conflict",
            Self::GivenFor { .. } => "secret_needed",
            Self::UnknownName { .. } | Self::Unknown { .. } => "unknown_name",
            Self::More(_) => "more",
            Self::Other(_) => "invalid",
            Self::Key(_) => "wrong_key",
        }
    }

    /// Whether `Display` is a full sentence, and not the rest of one that starts with the name of the setting.
    #[must_use]
    pub const fn is_sentence(&self) -> bool {
        matches!(
            self,
            Self::NoneOf { .. } | Self::Order(_) | Self::UnknownName { .. } | Self::Unknown { .. } | Self::More(_) | Self::Other(_)
        )
    }

    /// With other names for the fields that it names, such as their flags.
    #[must_use]
    pub fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        let one = |field: FieldName| FieldName::Owned(name(&field));
        let each = |fields: Vec<FieldName>| fields.into_iter().map(one).collect();
        match self {
            Self::NoneOf { what, ways } => Self::NoneOf { what, ways: ways.into_iter().map(each).collect() },
            Self::CombinedWith(field) => Self::CombinedWith(one(field)),
            Self::OnlyWith(fields) => Self::OnlyWith(each(fields)),
            Self::GivenFor { with, given_for } => Self::GivenFor { with: one(with), given_for },
            Self::Order(order) => Self::Order(Box::new(Order { less: one(order.less), more: one(order.more), ..*order })),
            other => other,
        }
    }
}

/// Two values of which the first must be the smaller one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{less} `{less_text}` must be {relation} {more} `{more_text}`: {reason}")]
pub struct Order {
    pub less: FieldName,
    pub less_text: String,
    /// `shorter than`
    pub relation: &'static str,
    pub more: FieldName,
    pub more_text: String,
    pub reason: &'static str,
}

/// A text that a user wrote, as a sentence quotes it, followed by a space; nothing for a text that may be a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quoted(Option<String>);

impl Quoted {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Some(Self::line(text)))
    }

    /// On one line, without keys and passwords.
    #[must_use]
    pub fn line(text: &str) -> String {
        let mut line = String::with_capacity(text.len());
        for letter in conceal(text.trim()).chars() {
            if letter.is_control() { line.extend(letter.escape_debug()) } else { line.push(letter) }
        }
        line
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, "`{text}` "))
    }
}

/// The name of a field that a user wrote. One that is not a plain word may be a secret in the wrong place, and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Option<String>);

impl Word {
    #[must_use]
    pub fn of(key: &str) -> Self {
        let is_word = !key.is_empty() && key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
        Self(is_word.then(|| key.to_owned()))
    }

    /// Empty if it may be a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(word) => write!(f, "`{word}`"),
            None => f.write_str("(not shown)"),
        }
    }
}

/// What an unknown name may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suggestion {
    Meant(String),
    /// The valid names, and the number of more ones.
    OneOf(Vec<String>, usize),
    /// How to find the valid names.
    Advice(Cow<'static, str>),
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meant(name) => write!(f, "did you mean `{name}`?"),
            Self::OneOf(names, _) if names.is_empty() => f.write_str("there is none yet"),
            Self::OneOf(names, 0) if names.len() == 1 => write!(f, "there is only {}", names.join(", ")),
            Self::OneOf(names, 0) => write!(f, "there are {}", names.join(", ")),
            Self::OneOf(names, more) => write!(f, "there are {} and {more} more", names.join(", ")),
            Self::Advice(advice) => f.write_str(advice),
        }
    }
}

/// `a and b, c, or d and b`
fn ways_of(ways: &[Vec<FieldName>]) -> String {
    let each: Vec<String> = ways.iter().map(|fields| all(fields)).collect();
    match each.split_last() {
        Some((last, rest)) if ways.iter().any(|fields| fields.len() > 1) => format!("{}, or {last}", rest.join(", ")),
        _ => either(&each),
    }
}

/// `a, b or c`
fn either<T: AsRef<str>>(names: &[T]) -> String {
    joined(names, "or")
}

/// `a, b and c`
pub(super) fn all<T: AsRef<str>>(names: &[T]) -> String {
    joined(names, "and")
}

fn joined<T: AsRef<str>>(names: &[T], last: &str) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((end, [])) => (*end).to_owned(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_on_one_line_without_its_secrets() {
        let wrong = Invalid::malformed(" phx_hunter2\n", "true or false");
        assert_eq!((wrong.to_string().as_str(), wrong.code()), ("`phx_***` must be true or false", "malformed"));
        assert_eq!(Invalid::unusable("a\u{7}b", "is no name").to_string(), "`a\\u{7}b` is no name");
        assert_eq!(Invalid::unquoted("is no key").to_string(), "is no key");
        let unknown = |key| Invalid::UnknownName { name: Word::of(key), of: "a field".into(), suggestion: Suggestion::Meant("url".into()) };
        assert_eq!(unknown("ulr").to_string(), "`ulr` is not a field; did you mean `url`?");
        assert_eq!(unknown("https://hunter2").to_string(), "(not shown) is not a field; did you mean `url`?");
    }

    #[test]
    fn fields_that_a_problem_names_can_be_called_by_their_flags() {
        let flag = |field: &str| format!("--{field}");
        let none = |ways: &[&[&'static str]]| {
            let ways = ways.iter().map(|way| way.iter().map(|field| FieldName::from(*field)).collect()).collect();
            Invalid::NoneOf { what: "the end", ways }.renamed(flag).to_string()
        };
        assert_eq!(none(&[&["to"], &["for"]]), "the end is missing; give --to or --for");
        assert_eq!(none(&[&["a", "b"], &["c"], &["d", "b"]]), "the end is missing; give --a and --b, --c, or --d and --b");
        let only = Invalid::OnlyWith(vec!["weekly".into(), "cron".into()]);
        assert_eq!(only.renamed(flag).to_string(), "only applies to --weekly and --cron");
        assert_eq!(Invalid::choice("x", &["a", "b", "c"]).to_string(), "`x` must be a, b or c");
        let slip = Invalid::choice(" edtor", &["viewer", "editor"]).to_string();
        assert_eq!(slip, "`edtor` must be viewer or editor; did you mean `editor`?");
    }
}
