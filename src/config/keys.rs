//! Keys in a settings file: given directly, by the name of an environment variable, or by the path of a file.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use crate::model::{AppKind, ChannelKind};

use super::section::Section;
use super::{Environment, conceal};

/// Bytes.
const LONGEST_FILE: u64 = 4096;

/// The fields for one key: `<plain>`, `<plain>_env` for a variable, `<plain>_file` for a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFields {
    plain: &'static str,
    /// The name that PostHog's documentation uses.
    alias: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Plain(&'static str),
    Variable(String),
    File(String),
}

pub(super) const TOKEN: KeyFields = KeyFields { plain: "token", alias: Some("project_api_key") };

pub(super) const DEAD_MAN_URL: KeyFields = KeyFields::of("dead_man_url");

pub(super) const CLIENT_SECRET: KeyFields = KeyFields::of("client_secret");

#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPlaces<'a> {
    pub(super) environment: &'a Environment,
    /// The directory of the settings file: relative paths are resolved against it.
    pub(super) directory: &'a Path,
}

/// Whether the value of a field with this name must not be quoted.
pub(super) fn is_secret(field: &str) -> bool {
    let plain = field.strip_suffix("_env").or_else(|| field.strip_suffix("_file")).unwrap_or(field);
    let own = [TOKEN, KeyFields::of("personal_api_key"), DEAD_MAN_URL, CLIENT_SECRET];
    let mut of_apps = AppKind::ALL.into_iter().flat_map(AppKind::settings).filter(|setting| setting.secret);
    let mut of_channels = ChannelKind::ALL.into_iter().flat_map(ChannelKind::fields).filter(|field| field.secret);
    own.iter().any(|key| key.plain == plain || key.alias == Some(plain))
        || of_apps.any(|setting| setting.key == plain)
        || of_channels.any(|field| field.key == plain)
}

impl KeyFields {
    pub(super) const fn of(plain: &'static str) -> Self {
        Self { plain, alias: None }
    }

    /// Notes a problem if more than one field gives the key.
    pub(super) fn given(self, section: &Section<'_>) -> Option<Given> {
        let [variable, file] = ["env", "file"].map(|ending| format!("{}_{ending}", self.plain));
        let plain = [Some(self.plain), self.alias].into_iter().flatten().map(Given::Plain);
        let fields = plain.chain([Given::Variable(variable), Given::File(file)]);
        // `has` marks each field as read, so it must be called for all of them.
        let given = fields.filter(|field| section.has(field.name())).collect::<Vec<_>>();
        if let [first, second, ..] = given.as_slice() {
            section.wrong(second.name(), format!("and {} both give the same key; leave one of them out", first.name()));
        }
        given.into_iter().next()
    }
}

impl Given {
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
            Self::Variable(field) => section.read(field, |name| variable(name, places.environment)),
            Self::File(field) => section.read(field, |path| file(&places.directory.join(path))),
        }
    }

    /// The key is never quoted.
    pub(super) fn read<T, E: Display>(
        &self,
        section: &Section<'_>,
        places: KeyPlaces<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let key = self.text(section, places)?;
        parse(&key).map_err(|says| section.unfit(&[self.name()], format!("{} {says}", self.lead()))).ok()
    }
}

/// A name that could be a key in the wrong field is not quoted.
fn variable(name: &str, environment: &Environment) -> Result<String, String> {
    let is_usual = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match environment.value(name) {
        Some(value) => Ok(value.to_owned()),
        None if is_usual => Err(format!("names the variable `{name}`, which is not set")),
        None => Err("names no variable that is set; give the name of a variable, for example `SHOP_KEY`, not the key itself".to_owned()),
    }
}

/// The text of a file that contains only a key.
pub fn file(path: &Path) -> Result<String, String> {
    let shown = conceal(&path.display().to_string());
    match fs::metadata(path) {
        Err(error) => return Err(format!("`{shown}` cannot be read: {error}")),
        Ok(found) if found.is_dir() => return Err(format!("`{shown}` is a directory; give the file that contains the key")),
        Ok(found) if found.len() > LONGEST_FILE => return Err(format!("`{shown}` is too long for a key file")),
        Ok(_) => {}
    }
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err(format!("`{shown}` is empty; it must contain the key")),
        Ok(text) => Ok(text),
        Err(error) => Err(format!("`{shown}` cannot be read: {error}")),
    }
}
