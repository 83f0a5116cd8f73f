//! Reads one table of a settings file field by field. Reading continues after a problem, so that all problems are reported together.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document::Findings;
use super::{key_fields, suggest};

/// What a list must be: the rest of a sentence.
const LIST: &str = "a list of texts, such as [\"shop\"]";

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

    /// `says` is the rest of a sentence that starts with `key`.
    pub(super) fn wrong(&self, key: &str, says: impl Display) {
        self.note(self.place_of(&[key]), format!("{key} {says}"));
    }

    /// `says` is a full sentence. It is reported at the first of `keys` that exists.
    pub(super) fn unfit(&self, keys: &[&str], says: impl Display) {
        self.note(self.place_of(keys), says);
    }

    pub(super) fn note_at(&self, offset: usize, title: &str, says: impl Display) {
        let title = if title.is_empty() { String::new() } else { format!("{title}: ") };
        self.findings.note(offset, format!("{title}{says}"));
    }

    /// The offset of the first of `keys` that exists, else of the section.
    pub(super) fn place_of(&self, keys: &[&str]) -> usize {
        let starts = keys.iter().find_map(|key| self.table.iter().find(|(name, _)| name.get_ref() == key));
        starts.map_or(self.starts, |(name, _)| name.span().start)
    }

    fn note(&self, offset: usize, says: impl Display) {
        self.note_at(offset, &self.title, says);
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
            _ => self.wrong_type(key, value, "text in quotes"),
        }
    }

    /// The error of `parse` is the rest of a sentence that starts with `key`.
    pub(super) fn read<T, E: Display>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text(key)?;
        parse(text).map_err(|says| self.wrong(key, says)).ok()
    }

    pub(super) fn text_or_number(&self, key: &str) -> Option<Cow<'f, str>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Cow::Borrowed(text)),
            DeValue::Integer(_) => match whole(value.get_ref()) {
                Some(number) => Some(Cow::Owned(number.to_string())),
                None => self.wrong_type(key, value, "a smaller whole number"),
            },
            _ => self.wrong_type(key, value, "text in quotes, or a whole number"),
        }
    }

    /// Also accepts a table of texts in place of `name=value, ...`.
    pub(super) fn text_or_pairs(&self, key: &str) -> Option<Cow<'f, str>> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else { return self.text_or_number(key) };
        let pair = |name: &str, value: &DeValue<'_>| match value {
            DeValue::String(text) if !text.contains(',') => Some(format!("{name}={text}")),
            other => whole(other).map(|number| format!("{name}={number}")),
        };
        let pairs: Option<Vec<String>> = table.iter().map(|(name, value)| pair(name.get_ref(), value.get_ref())).collect();
        match pairs {
            Some(pairs) => Some(Cow::Owned(pairs.join(", "))),
            None => self.wrong_type(key, value, "a table of texts without commas"),
        }
    }

    /// Also accepts a whole number, and `true` or `false` for on or off.
    pub(super) fn text_or_plain(&self, key: &str) -> Option<Cow<'f, str>> {
        match self.value(key)?.get_ref() {
            DeValue::Boolean(on) => Some(Cow::Borrowed(if *on { "on" } else { "off" })),
            _ => self.text_or_number(key),
        }
    }

    /// With or without quotes.
    pub(super) fn time(&self, key: &str) -> Option<Cow<'f, str>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Datetime(at) => Some(Cow::Owned(at.to_string())),
            DeValue::String(text) => Some(Cow::Borrowed(text)),
            _ => self.wrong_type(key, value, "a time, such as 2026-11-23T14:32:00Z"),
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
                    self.note(value.span().start, format!("{key} lists `{text}` twice"));
                }
                Some(text) => texts.push(text.to_owned()),
                None => return self.wrong_type(key, value, LIST),
            }
        }
        if texts.is_empty() {
            texts.push(String::new());
        }
        Some(texts)
    }

    /// A list of unique values; empty if the field does not exist or is invalid.
    pub(super) fn list<T: PartialEq, E: Display>(&self, key: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let Some(values) = self.value(key).and_then(|value| self.array(key, value)) else { return Vec::new() };
        let mut read = Vec::new();
        for value in values {
            match value.get_ref().as_str().map(&parse) {
                Some(Ok(one)) if read.contains(&one) => {
                    self.note(value.span().start, format!("{key} lists `{}` twice", value.get_ref().as_str().unwrap_or_default()));
                }
                Some(Ok(one)) => read.push(one),
                Some(Err(says)) => self.note(value.span().start, format!("{key} {says}")),
                None => drop(self.wrong_type::<T>(key, value, LIST)),
            }
        }
        read
    }

    fn array(&self, key: &str, value: &'f Spanned<DeValue<'f>>) -> Option<&'f DeArray<'f>> {
        value.get_ref().as_array().or_else(|| self.wrong_type(key, value, LIST))
    }

    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        self.value(key).and_then(|value| value.get_ref().as_array()).is_some_and(|values| values.is_empty())
    }

    pub(super) fn required<T, E: Display>(&self, key: &str, example: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if !self.has(key) {
            self.wrong(key, format!("is missing; give `{key} = \"{example}\"`"));
        }
        self.read(key, parse)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        value.get_ref().as_bool().or_else(|| self.wrong_type(key, value, "true or false"))
    }

    pub(super) fn section(&self, key: &str) -> Option<Self> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a section");
        };
        Some(self.inner(table, value.span().start))
    }

    /// `written` is the name as it must be written: `[[written]]`.
    pub(super) fn sections(&self, key: &str, written: &str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Table(table) => {
                self.note(value.span().start, format!("[{written}] must be written [[{written}]]: there may be more than one"));
                vec![self.inner(table, value.span().start)]
            }
            DeValue::Array(values) => {
                let tables = values.iter().filter_map(|value| match value.get_ref() {
                    DeValue::Table(table) => Some(self.inner(table, value.span().start)),
                    _ => self.wrong_type(key, value, "a section"),
                });
                tables.collect()
            }
            _ => self.wrong_type(key, value, "a section").unwrap_or_default(),
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
            let unknown = format!("{} is not a setting here", name.get_ref());
            let says = match suggest::nearest(name.get_ref(), asked.iter().map(String::as_str)) {
                Some(meant) => format!("{unknown}; did you mean `{meant}`?"),
                None => format!("{unknown}; there are {}", asked.join(", ")),
            };
            self.note(name.span().start, says);
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

    fn wrong_type<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, right: &str) -> Option<T> {
        let is_plain = !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
        let quoted = match self.findings.excerpt(value.span()) {
            excerpt if is_plain && !key_fields::is_secret(key) => format!(" `{excerpt}`"),
            _ => String::new(),
        };
        let is = kind(value.get_ref());
        let instead = if right.contains("number") && is.contains("number") { String::new() } else { format!(", not {is}") };
        self.note(value.span().start, format!("{key}{quoted} must be {right}{instead}"));
        None
    }
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
