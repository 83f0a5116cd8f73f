//! Reads one table of a settings file field by field. Reading continues after a problem, so that all problems are reported together.

use std::borrow::Cow;
use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document::Findings;
use super::key_fields;
use super::problem::Problem;
use super::reader::unknown_field;
use super::suggest::hint;
use crate::model::{Field, Invalid, Quoted, Takes};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Text,
    TextOrNumber,
    SmallerNumber,
    Pairs,
    Flag,
    Time,
    List,
    Section,
}

impl Right {
    const fn words(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::TextOrNumber => "text in quotes, or a whole number",
            Self::SmallerNumber => "a smaller whole number",
            Self::Pairs => "a table of texts without commas",
            Self::Flag => "true or false",
            Self::Time => "a time, such as 2026-11-23T14:32:00Z",
            Self::List => "a list of texts, such as [\"shop\"]",
            Self::Section => "a section",
        }
    }
}

#[derive(Debug)]
pub(super) struct Section<'f> {
    findings: &'f Findings<'f>,
    /// `project "shop"`; empty for the top of the file.
    title: String,
    table: &'f DeTable<'f>,
    starts: usize,
    asked: RefCell<Vec<String>>,
}

impl<'f> Section<'f> {
    pub(super) fn top(findings: &'f Findings<'f>, table: &'f Spanned<DeTable<'f>>) -> Self {
        Self { findings, title: String::new(), table: table.get_ref(), starts: 0, asked: RefCell::default() }
    }

    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn wrong(&self, key: &str, wrong: impl Into<Invalid>) {
        self.unfit(&[key], Problem::of(key, wrong));
    }

    /// Reports a problem at the first of `keys` that exists.
    pub(super) fn unfit(&self, keys: &[&str], problem: Problem) {
        self.note_at(self.place_of(keys), &self.title, problem);
    }

    pub(super) fn note_at(&self, offset: usize, title: &str, problem: Problem) {
        self.findings.note(offset, title, problem);
    }

    /// The offset of the first of `keys` that exists, else of the section.
    pub(super) fn place_of(&self, keys: &[&str]) -> usize {
        let starts = keys.iter().find_map(|key| self.table.iter().find(|(name, _)| name.get_ref() == key));
        starts.map_or(self.starts, |(name, _)| name.span().start)
    }

    fn wrong_at(&self, offset: usize, key: &str, wrong: impl Into<Invalid>) {
        self.note_at(offset, &self.title, Problem::of(key, wrong));
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Titles the section by its name, else by its index: `project "shop"`, `route number 2`.
    pub(super) fn numbered(self, outer: &str, kind: &str, index: usize) -> Self {
        let title = match self.table.get("name").and_then(|name| name.get_ref().as_str()) {
            Some(name) => format!("{outer}{kind} {name:?}"),
            None => format!("{outer}{kind} number {}", index + 1),
        };
        self.titled(title)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'f str> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(key, value, Right::Text),
        }
    }

    pub(super) fn read<T, E: Into<Invalid>>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text(key)?;
        parse(text).map_err(|wrong| self.wrong(key, wrong)).ok()
    }

    /// The text of a field. What the field takes decides which values other than texts are accepted.
    pub(super) fn text_of(&self, field: &Field) -> Option<Cow<'f, str>> {
        let (key, takes) = (field.key, field.takes);
        let value = self.value(key)?;
        let is_switch = matches!(takes, Takes::Limit) || matches!(takes, Takes::OneOf(choices) if choices.contains(&"on"));
        let takes_number = is_switch || matches!(takes, Takes::Labels | Takes::Number | Takes::Text | Takes::Thread);
        match value.get_ref() {
            DeValue::Boolean(flag) if takes == Takes::Flag => Some(Cow::Owned(flag.to_string())),
            _ if takes == Takes::Flag => self.wrong_type(key, value, Right::Flag),
            DeValue::String(text) => Some(Cow::Borrowed(text)),
            DeValue::Datetime(at) if takes == Takes::Time => Some(Cow::Owned(at.to_string())),
            _ if takes == Takes::Time => self.wrong_type(key, value, Right::Time),
            DeValue::Boolean(on) if is_switch => Some(Cow::Borrowed(if *on { "on" } else { "off" })),
            DeValue::Integer(_) if takes_number => match whole(value.get_ref()) {
                Some(number) => Some(Cow::Owned(number.to_string())),
                None => self.wrong_type(key, value, Right::SmallerNumber),
            },
            DeValue::Table(table) if takes == Takes::Labels => match pairs(table) {
                Some(pairs) => Some(Cow::Owned(pairs)),
                None => self.wrong_type(key, value, Right::Pairs),
            },
            _ if takes_number => self.wrong_type(key, value, Right::TextOrNumber),
            _ => self.wrong_type(key, value, Right::Text),
        }
    }

    /// A list of unique texts; one empty text for an empty list. None if it is invalid.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let values = self.array(key, value)?;
        let mut texts: Vec<String> = Vec::new();
        for value in values {
            match value.get_ref().as_str() {
                Some(text) if texts.iter().any(|known| known == text) => {
                    self.wrong_at(value.span().start, key, Invalid::Twice(Quoted::of(text)));
                }
                Some(text) => texts.push(text.to_owned()),
                None => return self.wrong_type(key, value, Right::List),
            }
        }
        if texts.is_empty() {
            texts.push(String::new());
        }
        Some(texts)
    }

    /// A list of unique values; empty if the field does not exist or is invalid.
    pub(super) fn list<T: PartialEq, E: Into<Invalid>>(&self, key: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let Some(values) = self.value(key).and_then(|value| self.array(key, value)) else { return Vec::new() };
        let mut read = Vec::new();
        for value in values {
            let Some(text) = value.get_ref().as_str() else {
                self.wrong_type::<T>(key, value, Right::List);
                continue;
            };
            match parse(text) {
                Ok(one) if read.contains(&one) => self.wrong_at(value.span().start, key, Invalid::Twice(Quoted::of(text))),
                Ok(one) => read.push(one),
                Err(wrong) => self.wrong_at(value.span().start, key, wrong),
            }
        }
        read
    }

    fn array(&self, key: &str, value: &'f Spanned<DeValue<'f>>) -> Option<&'f DeArray<'f>> {
        value.get_ref().as_array().or_else(|| self.wrong_type(key, value, Right::List))
    }

    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        self.value(key).and_then(|value| value.get_ref().as_array()).is_some_and(|values| values.is_empty())
    }

    pub(super) fn required<T, E: Into<Invalid>>(&self, key: &str, example: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if !self.has(key) {
            self.wrong(key, Invalid::missing(format!("give `{key} = \"{example}\"`")));
        }
        self.read(key, parse)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        value.get_ref().as_bool().or_else(|| self.wrong_type(key, value, Right::Flag))
    }

    pub(super) fn section(&self, key: &str) -> Option<Self> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, Right::Section);
        };
        Some(self.inner(table, value.span().start))
    }

    /// `written` is the name as it must be written: `[[written]]`.
    pub(super) fn sections(&self, key: &str, written: &str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Table(table) => {
                let says = format!("[{written}] must be written [[{written}]]: there may be more than one");
                self.note_at(value.span().start, &self.title, Problem::whole(key, says));
                vec![self.inner(table, value.span().start)]
            }
            DeValue::Array(values) => {
                let tables = values.iter().filter_map(|value| match value.get_ref() {
                    DeValue::Table(table) => Some(self.inner(table, value.span().start)),
                    _ => self.wrong_type(key, value, Right::Section),
                });
                tables.collect()
            }
            _ => self.wrong_type(key, value, Right::Section).unwrap_or_default(),
        }
    }

    /// Marks fields as read.
    pub(super) fn pass_over(&self, keys: &[&str]) {
        for key in keys {
            self.value(key);
        }
    }

    /// Marks fields, their `_env` and their `_file` as read.
    pub(super) fn pass_over_keys<'k>(&self, keys: impl Iterator<Item = &'k str>) {
        for key in keys {
            self.pass_over(&[key, &format!("{key}_env"), &format!("{key}_file")]);
        }
    }

    /// Reports every field that was not read. Call it last.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        for name in self.table.keys().filter(|name| asked.iter().all(|known| known != name.get_ref())) {
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            let problem = unknown_field(name.get_ref(), "a setting here", hint(name.get_ref(), &known));
            self.note_at(name.span().start, &self.title, problem);
        }
    }

    fn inner(&self, table: &'f DeTable<'f>, starts: usize) -> Self {
        Self { findings: self.findings, title: self.title.clone(), table, starts, asked: RefCell::default() }
    }

    fn value(&self, key: &str) -> Option<&'f Spanned<DeValue<'f>>> {
        let mut asked = self.asked.borrow_mut();
        if asked.iter().all(|known| known != key) {
            asked.push(key.to_owned());
        }
        self.table.get(key)
    }

    fn wrong_type<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, right: Right) -> Option<T> {
        let is_plain = !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
        let quoted = match self.findings.excerpt(value.span()) {
            excerpt if is_plain && !key_fields::is_secret(key) => Quoted::of(excerpt),
            _ => Quoted::default(),
        };
        // A number that is not whole or too large is not called "not a number".
        let is_number = matches!(value.get_ref(), DeValue::Integer(_) | DeValue::Float(_));
        let is_near = is_number && matches!(right, Right::TextOrNumber | Right::SmallerNumber);
        let instead = if is_near { String::new() } else { format!(", not {}", kind(value.get_ref())) };
        self.wrong_at(value.span().start, key, Invalid::Malformed(quoted, format!("{}{instead}", right.words()).into()));
        None
    }
}

/// A table as `name=value, ...`.
fn pairs(table: &DeTable<'_>) -> Option<String> {
    let pair = |name: &str, value: &DeValue<'_>| match value {
        DeValue::String(text) if !text.contains(',') => Some(format!("{name}={text}")),
        other => whole(other).map(|number| format!("{name}={number}")),
    };
    let pairs: Option<Vec<String>> = table.iter().map(|(name, value)| pair(name.get_ref(), value.get_ref())).collect();
    Some(pairs?.join(", "))
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
