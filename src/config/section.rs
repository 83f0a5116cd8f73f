//! One table of a settings file, read field by field. What is wrong is noted and reading goes on, so that a person hears
//! of everything at once.

use std::cell::RefCell;
use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::Findings;
use super::suggest;

/// Fields that hold keys: whatever stands in them is never quoted.
const NEVER_QUOTED: [&str; 3] = ["token", "project_api_key", "personal_api_key"];

/// One table, and where it stands.
#[derive(Debug)]
pub(super) struct Section<'f> {
    findings: &'f Findings<'f>,
    /// What it is called in problems: `project "shop"`; empty at the top of the file.
    title: String,
    table: &'f DeTable<'f>,
    starts: usize,
    asked: RefCell<Vec<&'static str>>,
}

impl<'f> Section<'f> {
    /// The whole file.
    pub(super) fn top(findings: &'f Findings<'f>, table: &'f Spanned<DeTable<'f>>) -> Self {
        Self { findings, title: String::new(), table: table.get_ref(), starts: 0, asked: RefCell::default() }
    }

    /// The same section under another title.
    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// What it is called in problems.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Notes what is wrong with a field: `says` goes on after its name.
    pub(super) fn wrong(&self, key: &str, says: impl Display) {
        self.note(self.place_of(&[key]), format!("{key} {says}"));
    }

    /// Notes what is wrong between fields, at the first of them that is there. `says` is a whole sentence.
    pub(super) fn unfit(&self, keys: &[&str], says: impl Display) {
        self.note(self.place_of(keys), says);
    }

    /// Where the first of these fields that is there stands; the section's start, when none is.
    fn place_of(&self, keys: &[&str]) -> usize {
        let starts = keys.iter().find_map(|key| self.table.iter().find(|(name, _)| name.get_ref() == key));
        starts.map_or(self.starts, |(name, _)| name.span().start)
    }

    fn note(&self, offset: usize, says: impl Display) {
        let title = if self.title.is_empty() { String::new() } else { format!("{}: ", self.title) };
        self.findings.note(offset, format!("{title}{says}"));
    }

    /// Whether the field is there, right or wrong.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// This section, titled by its name where it has one, else by its place in the list: `project "shop"`, `route number 2`.
    pub(super) fn numbered(self, outer: &str, kind: &str, index: usize) -> Self {
        let title = match self.table.get("name").and_then(|name| name.get_ref().as_str()) {
            Some(name) => format!("{outer}{kind} {name:?}"),
            None => format!("{outer}{kind} number {}", index + 1),
        };
        self.titled(title)
    }

    /// A field of text, as it stands.
    pub(super) fn text(&self, key: &'static str) -> Option<&'f str> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(key, value, "text in quotes"),
        }
    }

    /// A field of text, read by `parse`, whose error is the rest of a sentence that starts with the field's name.
    pub(super) fn read<T, E: Display>(&self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text(key)?;
        parse(text).map_err(|says| self.wrong(key, says)).ok()
    }

    /// The same for a field that must be there; `example` shows how.
    pub(super) fn required<T, E: Display>(&self, key: &'static str, example: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if !self.has(key) {
            self.wrong(key, format!("is missing; give `{key} = \"{example}\"`"));
        }
        self.read(key, parse)
    }

    /// A field that is `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        value.get_ref().as_bool().or_else(|| self.wrong_type(key, value, "true or false"))
    }

    /// A field that is a whole number from 1.
    pub(super) fn positive(&self, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        let positive = number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
        positive.or_else(|| self.wrong_type(key, value, "a whole number from 1"))
    }

    /// The table of this name.
    pub(super) fn section(&self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a section of its own");
        };
        Some(self.inner(table, value.span().start))
    }

    /// The tables of this name, `[[written so]]`.
    pub(super) fn sections(&self, key: &'static str, written: &str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Table(table) => {
                self.note(value.span().start, format!("[{written}] must be written [[{written}]]: there may be more than one"));
                vec![self.inner(table, value.span().start)]
            }
            DeValue::Array(values) => {
                let tables = values.iter().filter_map(|value| match value.get_ref() {
                    DeValue::Table(table) => Some(self.inner(table, value.span().start)),
                    _ => self.wrong_type(key, value, "a section of its own"),
                });
                tables.collect()
            }
            _ => self.wrong_type(key, value, "a section of its own").unwrap_or_default(),
        }
    }

    /// Notes every field that nobody asked for. The last thing to do with a section.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        for name in self.table.keys().filter(|name| !asked.contains(&name.get_ref().as_ref())) {
            let unknown = format!("{} is not a setting here", name.get_ref());
            let says = match suggest::nearest(name.get_ref(), asked.iter().copied()) {
                Some(meant) => format!("{unknown}; did you mean `{meant}`?"),
                None => format!("{unknown}; there are {}", asked.join(", ")),
            };
            self.note(name.span().start, says);
        }
    }

    fn inner(&self, table: &'f DeTable<'f>, starts: usize) -> Self {
        Self { findings: self.findings, title: self.title.clone(), table, starts, asked: RefCell::default() }
    }

    fn value(&self, key: &'static str) -> Option<&'f Spanned<DeValue<'f>>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key)
    }

    fn wrong_type<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, right: &str) -> Option<T> {
        let is_plain = !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
        let quoted = match self.findings.quote(value.span()) {
            quote if is_plain && !NEVER_QUOTED.contains(&key) => format!(" `{quote}`"),
            _ => String::new(),
        };
        let is = kind(value.get_ref());
        let instead = if right.contains("number") && is.contains("number") { String::new() } else { format!(", not {is}") };
        self.note(value.span().start, format!("{key}{quoted} must be {right}{instead}"));
        None
    }
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
