//! Reads texts field by field, over what is known already. What is wrong is noted, and reading goes on: a person hears of everything at once.

use std::collections::HashSet;
use std::fmt::Display;

use super::problem::{Problem, Problems};
use super::suggest::hint;
use super::texts::Texts;
use crate::model::{Field, ProjectName};

/// Reads one text after the other.
pub(super) struct Reader<'t> {
    pub(super) texts: &'t Texts,
    /// Whether what must be there and is not is no problem: somebody is still typing.
    is_partial: bool,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    /// Of all that there is.
    pub(super) fn of(texts: &'t Texts) -> Self {
        Self { texts, is_partial: false, problems: Vec::new() }
    }

    /// Of what was typed so far.
    pub(super) fn of_part(texts: &'t Texts) -> Self {
        Self { is_partial: true, ..Self::of(texts) }
    }

    /// Notes something that is wrong.
    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What was read, where it was right.
    pub(super) fn noted<T, E: Display>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|says| self.problems.push(Problem::of(key, says))).ok()
    }

    /// What must be there: as it is given, else as it is known.
    pub(super) fn required<T: Clone, E: Display>(
        &mut self,
        key: &str,
        missing: &str,
        known: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, None) if known.is_some() || self.is_partial => known.cloned(),
            (None, _) => {
                self.note(Problem::of(key, format!("is missing; {missing}")));
                None
            }
        }
    }

    /// What need not be there: an empty text takes it away.
    pub(super) fn optional<T: Clone, E: Display>(
        &mut self,
        key: &str,
        known: Option<&T>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match (self.texts.filled(key), self.texts.one(key)) {
            (Some(text), _) => self.noted(key, parse(text)),
            (None, Some(_)) => None,
            (None, None) => known.cloned(),
        }
    }

    /// What always is something: an empty text brings `default` back.
    pub(super) fn or<T: Clone, E: Display>(
        &mut self,
        key: &str,
        known: Option<&T>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        self.optional(key, Some(known.unwrap_or(&default)), parse).unwrap_or(default)
    }

    /// The name of something: it never changes.
    pub(super) fn name(&mut self, known: Option<&ProjectName>, example: &str) -> Option<ProjectName> {
        let name = self.required("name", &format!("give it a name, such as `{example}`"), known, ProjectName::parse);
        match (name, known) {
            (Some(name), Some(known)) if name != *known => {
                self.note(Problem::of("name", format!("cannot be changed: it stays `{known}`")));
                None
            }
            (name, _) => name,
        }
    }

    /// The projects that something is about.
    pub(super) fn projects(&mut self, known: &[ProjectName]) -> Vec<ProjectName> {
        let Some(names) = self.texts.list("projects") else { return known.to_vec() };
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

    /// Notes each text whose name is no field's. `of` is what has these fields.
    pub(super) fn finish_fields<'f>(&mut self, fields: impl Iterator<Item = &'f Field>, of: &str) {
        let keys: Vec<&str> = fields.map(|field| field.key).collect();
        for (name, _) in self.texts.iter().filter(|(name, _)| !keys.contains(name)) {
            let says = format!("{} is not a field of {of}; {}", quoted(name), hint(name, &keys));
            self.problems.push(Problem::whole(name_of(name), says));
        }
    }

    /// What was made, where nothing is wrong with it.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Problems> {
        match made {
            Some(made) => Problems::or(self.problems, made),
            None => Err(Problems::of(self.problems)),
        }
    }

    /// Everything that is wrong.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_right(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Reads a switch.
///
/// # Errors
/// The rest of a sentence.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.trim() {
        "true" | "on" | "yes" => Ok(true),
        "false" | "off" | "no" => Ok(false),
        other => Err(format!("`{other}` must be true or false")),
    }
}

/// A word as it was typed; anything else may be a secret in the wrong place, and is not shown.
#[must_use]
pub fn quoted(key: &str) -> String {
    match name_of(key) {
        "" => "(not shown)".to_owned(),
        word => format!("`{word}`"),
    }
}

/// The key where it can be one; nothing else is told.
#[must_use]
pub fn name_of(key: &str) -> &str {
    let is_word = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte));
    if is_word { key } else { "" }
}
