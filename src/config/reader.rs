//! Reads texts field by field on top of the stored values. Reading continues after a problem, so that all problems are reported together.

use std::collections::HashSet;
use std::fmt::Display;

use super::problem::{Problem, Problems};
use super::suggest::hint;
use super::texts::Texts;
use crate::model::{Field, ProjectName};

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

    pub(super) fn noted<T, E: Display>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|says| self.problems.push(Problem::of(key, says))).ok()
    }

    /// The given value, else the stored one, else a problem.
    pub(super) fn required<T: Clone, E: Display>(
        &mut self,
        key: &str,
        missing: &str,
        stored: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, None) if stored.is_some() || self.is_partial => stored.cloned(),
            (None, _) => {
                self.note(Problem::of(key, format!("is missing; {missing}")));
                None
            }
        }
    }

    /// An empty text removes the value.
    pub(super) fn optional<T: Clone, E: Display>(
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
    pub(super) fn or<T: Clone, E: Display>(
        &mut self,
        key: &str,
        stored: Option<&T>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        self.optional(key, Some(stored.unwrap_or(&default)), parse).unwrap_or(default)
    }

    pub(super) fn name(&mut self, stored: Option<&ProjectName>, example: &str) -> Option<ProjectName> {
        let name = self.required("name", &format!("give it a name, such as `{example}`"), stored, ProjectName::parse);
        match (name, stored) {
            (Some(name), Some(stored)) if name != *stored => {
                self.note(Problem::of("name", format!("cannot be changed: it stays `{stored}`")));
                None
            }
            (name, _) => name,
        }
    }

    pub(super) fn projects(&mut self, stored: &[ProjectName]) -> Vec<ProjectName> {
        let Some(names) = self.texts.list("projects") else { return stored.to_vec() };
        let (mut projects, mut given) = (Vec::new(), HashSet::new());
        for name in names {
            match ProjectName::parse(name) {
                Ok(name) if given.insert(name.clone()) => projects.push(name),
                Ok(_) => {}
                Err(wrong) => self.note(Problem::of("projects", wrong)),
            }
        }
        projects
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
            let says = format!("{} is not a field of {of}; {}", quoted(name), hint(name, &keys));
            self.problems.push(Problem::whole(name_of(name), says));
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

/// The error is the rest of a sentence.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.trim() {
        "true" | "on" | "yes" => Ok(true),
        "false" | "off" | "no" => Ok(false),
        other => Err(format!("`{other}` must be true or false")),
    }
}

/// Anything that is not a plain word may be a secret in the wrong place and is not quoted.
#[must_use]
pub fn quoted(key: &str) -> String {
    match name_of(key) {
        "" => "(not shown)".to_owned(),
        word => format!("`{word}`"),
    }
}

/// Empty if `key` may be a secret.
#[must_use]
pub fn name_of(key: &str) -> &str {
    let is_word = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
    if is_word { key } else { "" }
}
