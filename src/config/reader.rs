//! Reads texts field by field on top of the stored values. Reading continues after a problem, so that all problems are reported together.

use std::collections::HashSet;
use std::hash::Hash;

use super::problem::{Problem, Problems};
use super::suggest::hint;
use super::texts::Texts;
use crate::model::{Field, FilterEntry, Invalid, ProjectFilter, ProjectName, Suggestion, Word};

pub(super) struct Reader<'t> {
    pub(super) texts: &'t Texts,
    /// The form is not complete yet: missing fields are not reported.
    is_partial: bool,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    pub(super) fn of(texts: &'t Texts) -> Self {
        Self { texts, is_partial: false, problems: Vec::new() }
    }

    pub(super) fn of_part(texts: &'t Texts) -> Self {
        Self { is_partial: true, ..Self::of(texts) }
    }

    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes what is wrong; there is no value.
    pub(super) fn reject<T>(&mut self, key: &str, wrong: impl Into<Invalid>) -> Option<T> {
        self.note(Problem::of(key, wrong));
        None
    }

    pub(super) fn noted<T, E: Into<Invalid>>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|wrong| self.note(Problem::of(key, wrong))).ok()
    }

    /// The given value, else the stored one, else a problem.
    pub(super) fn required<T: Clone, E: Into<Invalid>>(
        &mut self,
        key: &str,
        missing: &'static str,
        stored: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, None) if stored.is_some() || self.is_partial => stored.cloned(),
            (None, _) => self.reject(key, Invalid::missing(missing)),
        }
    }

    /// An empty text removes the value.
    pub(super) fn optional<T: Clone, E: Into<Invalid>>(
        &mut self,
        key: &str,
        stored: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, Some(_)) => None,
            (None, None) => stored.cloned(),
        }
    }

    /// An empty text restores `default`.
    pub(super) fn or<T: Clone, E: Into<Invalid>>(
        &mut self,
        key: &str,
        stored: Option<&T>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        self.optional(key, Some(stored.unwrap_or(&default)), parse).unwrap_or(default)
    }

    /// `missing` is the advice for an entity without a name.
    pub(super) fn name(&mut self, stored: Option<&ProjectName>, missing: &'static str) -> Option<ProjectName> {
        let name = self.required("name", missing, stored, ProjectName::parse);
        match (name, stored) {
            (Some(name), Some(stored)) if name != *stored => self.reject("name", Invalid::Fixed(stored.to_string())),
            (name, _) => name,
        }
    }

    /// Each item once.
    pub(super) fn names<T: Clone + Eq + Hash>(&mut self, key: &str, stored: &[T], parse: fn(&str) -> Result<T, Invalid>) -> Vec<T> {
        let Some(texts) = self.texts.list(key) else { return stored.to_vec() };
        let mut given = HashSet::new();
        let read = texts.into_iter().filter_map(|text| self.noted(key, parse(text)));
        read.filter(|item| given.insert(item.clone())).collect()
    }

    pub(super) fn projects(&mut self, stored: Option<&ProjectFilter>) -> ProjectFilter {
        let stored = stored.map_or(&[][..], ProjectFilter::entries);
        self.names("projects", stored, FilterEntry::parse).into_iter().collect()
    }

    /// Reports each text that is neither one of `fields` nor of another reader. `of` names what has these fields.
    pub(super) fn finish_fields<'f>(
        &mut self,
        fields: impl IntoIterator<Item = &'f Field>,
        of: &str,
        is_of_another: impl Fn(&str) -> bool,
    ) {
        let keys: Vec<&str> = fields.into_iter().map(|field| field.key).collect();
        for (name, _) in self.texts.iter().filter(|(name, _)| !keys.contains(name) && !is_of_another(name)) {
            self.problems.push(unknown_field(name, &format!("a field of {of}"), hint(name, &keys)));
        }
    }

    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Problems> {
        match made {
            Some(made) => Problems::or(self.problems, made),
            None => Err(Problems::of(self.problems)),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn is_right(&self) -> bool {
        self.problems.is_empty()
    }
}

pub(super) fn flag(text: &str) -> Result<bool, Invalid> {
    match text.trim() {
        "true" | "on" | "yes" => Ok(true),
        "false" | "off" | "no" => Ok(false),
        other => Err(Invalid::choice(other, &["true", "false"])),
    }
}

/// `of` completes "is not".
#[must_use]
pub fn unknown_field(key: &str, of: &str, suggestion: Suggestion) -> Problem {
    let key = Word::of(key);
    Problem::of(key.as_str(), Invalid::UnknownName { name: key.clone(), of: of.to_owned().into(), suggestion })
}
