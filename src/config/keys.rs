//! Keys in a settings file: given directly, by the name of an environment variable, or by the path of a file.

use std::path::Path;
use std::{fs, io};

use super::Environment;
use super::key_fields::KeyFields;
use super::problem::Problem;
use super::section::Section;
use crate::model::Invalid;

/// Bytes.
const LONGEST_FILE: u64 = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Plain(&'static str),
    Variable(String),
    File(String),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPlaces<'a> {
    pub(super) environment: &'a Environment,
    /// The directory of the settings file: relative paths are resolved against it.
    pub(super) directory: &'a Path,
}

impl Given {
    /// Notes a problem if more than one field gives the key.
    pub(super) fn of(fields: KeyFields, section: &Section<'_>) -> Option<Self> {
        let [variable, file] = ["env", "file"].map(|ending| format!("{}_{ending}", fields.plain));
        let plain = [Some(fields.plain), fields.alias].into_iter().flatten().map(Self::Plain);
        let all = plain.chain([Self::Variable(variable), Self::File(file)]);
        // `has` marks each field as read, so it must be called for all of them.
        let given = all.filter(|field| section.has(field.name())).collect::<Vec<_>>();
        if let [first, second, ..] = given.as_slice() {
            section.wrong(second.name(), Invalid::CombinedWith(first.name().to_owned().into()));
        }
        given.into_iter().next()
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Plain(field) => field,
            Self::Variable(field) | Self::File(field) => field,
        }
    }

    /// The subject of a sentence about the key.
    pub(super) fn lead(&self) -> String {
        match self {
            Self::Plain(field) => (*field).to_owned(),
            Self::Variable(field) => format!("{field} names a variable whose value"),
            Self::File(field) => format!("{field} names a file whose text"),
        }
    }

    /// Notes a problem if the key cannot be read.
    pub(super) fn text(&self, section: &Section<'_>, places: KeyPlaces<'_>) -> Option<String> {
        match self {
            Self::Plain(field) => section.text(field).map(str::to_owned),
            Self::Variable(field) => section.read(field, |name| places.environment.named(name)),
            Self::File(field) => section.read(field, |path| file(&places.directory.join(path))),
        }
    }

    /// The key is never quoted.
    pub(super) fn read<T, E: Into<Invalid>>(
        &self,
        section: &Section<'_>,
        places: KeyPlaces<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let key = self.text(section, places)?;
        parse(&key).map_err(|wrong| section.unfit(&[self.name()], Problem::of(self.name(), wrong).called(self.lead()))).ok()
    }
}

/// The text of a file that contains only a key.
pub fn file(path: &Path) -> Result<String, Invalid> {
    let wrong = |because: &'static str| Invalid::unusable(&path.display().to_string(), because);
    let unreadable = |error: io::Error| Invalid::unusable(&path.display().to_string(), format!("cannot be read: {error}"));
    let found = fs::metadata(path).map_err(unreadable)?;
    if found.is_dir() {
        return Err(wrong("is a directory; give the file that contains the key"));
    }
    if found.len() > LONGEST_FILE {
        return Err(wrong("is too long for a key file"));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    if text.trim().is_empty() { Err(wrong("is empty; it must contain the key")) } else { Ok(text) }
}
