//! Keys in a settings file: written there, or named by the variable or the file that holds them.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use super::section::Section;
use super::{Environment, conceal};

/// No key file is longer.
const LONGEST_FILE: u64 = 4096;

/// The fields that may hold one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFields {
    /// The key itself.
    pub(super) plain: &'static str,
    /// The same under the name that PostHog's documentation gives it.
    pub(super) alias: Option<&'static str>,
    /// The name of an environment variable.
    pub(super) variable: &'static str,
    /// The path of a file.
    pub(super) file: &'static str,
}

/// The project token.
pub(super) const TOKEN: KeyFields = KeyFields { plain: "token", alias: Some("project_api_key"), variable: "token_env", file: "token_file" };

/// The personal API key.
pub(super) const PERSONAL_KEY: KeyFields =
    KeyFields { plain: "personal_api_key", alias: None, variable: "personal_api_key_env", file: "personal_api_key_file" };

/// Where keys that are only named may be found.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPlaces<'a> {
    pub(super) environment: &'a Environment,
    /// Paths start from here: the directory of the settings file.
    pub(super) directory: &'a Path,
}

impl KeyFields {
    /// The field of this section that gives the key. More than one is a problem of its own.
    pub(super) fn given(self, section: &Section<'_>) -> Option<&'static str> {
        let fields = [Some(self.plain), self.alias, Some(self.variable), Some(self.file)];
        let mut given = fields.into_iter().flatten().filter(|field| section.has(field));
        let first = given.next()?;
        if let Some(second) = given.next() {
            section.wrong(second, format!("and {first} both give the same key; leave one of them out"));
        }
        Some(first)
    }

    /// Reads the key with `parse`, from wherever `field` says. The key itself is never quoted.
    pub(super) fn read<T, E: Display>(
        self,
        section: &Section<'_>,
        field: &'static str,
        places: KeyPlaces<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if field == self.variable {
            let key = section.read(field, |name| variable(name, places.environment))?;
            parse(&key).map_err(|says| section.wrong(field, format!("names a variable whose value {says}"))).ok()
        } else if field == self.file {
            let key = section.read(field, |path| file(&places.directory.join(path)))?;
            parse(&key).map_err(|says| section.wrong(field, format!("names a file whose text {says}"))).ok()
        } else {
            section.read(field, parse)
        }
    }
}

/// The value of the variable of this name. A name that could be a key put in the wrong field is not quoted.
fn variable(name: &str, environment: &Environment) -> Result<String, String> {
    let is_usual = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match environment.value(name) {
        Some(value) => Ok(value.to_owned()),
        None if is_usual => Err(format!("names the variable `{name}`, which is not set")),
        None => Err("names no variable that is set; here belongs a name such as `SHOP_KEY`, not the key itself".to_owned()),
    }
}

/// The text of a file that holds nothing but a key.
///
/// # Errors
/// The rest of a sentence that starts with the setting's name.
pub fn file(path: &Path) -> Result<String, String> {
    let shown = conceal(&path.display().to_string());
    match fs::metadata(path) {
        Err(error) => return Err(format!("`{shown}` cannot be read: {error}")),
        Ok(found) if found.is_dir() => return Err(format!("`{shown}` is a directory; give the file that holds the key")),
        Ok(found) if found.len() > LONGEST_FILE => return Err(format!("`{shown}` is too long to hold nothing but a key")),
        Ok(_) => {}
    }
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err(format!("`{shown}` is empty; it should hold the key")),
        Ok(text) => Ok(text),
        Err(error) => Err(format!("`{shown}` cannot be read: {error}")),
    }
}
