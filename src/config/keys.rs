//! Keys in a settings file: written there, or named by the variable or the file that holds them.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use crate::model::{AppKind, ChannelKind};

use super::section::Section;
use super::{Environment, conceal};

/// No key file is longer.
const LONGEST_FILE: u64 = 4096;

/// The fields that may hold one key: the key itself, `<plain>_env` for the variable that holds it, `<plain>_file` for the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFields {
    plain: &'static str,
    /// The same under the name that PostHog's documentation gives it.
    alias: Option<&'static str>,
}

/// The field that gives a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// The key stands there.
    Plain(&'static str),
    /// The name of an environment variable stands there.
    Variable(String),
    /// The path of a file stands there.
    File(String),
}

/// The project token.
pub(super) const TOKEN: KeyFields = KeyFields { plain: "token", alias: Some("project_api_key") };

/// The address that is called while all is well.
pub(super) const DEAD_MAN_URL: KeyFields = KeyFields::of("dead_man_url");

/// By what an issuer knows that it is Heartbeat.
pub(super) const CLIENT_SECRET: KeyFields = KeyFields::of("client_secret");

/// Where keys that are only named may be found.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyPlaces<'a> {
    pub(super) environment: &'a Environment,
    /// Paths start from here: the directory of the settings file.
    pub(super) directory: &'a Path,
}

/// Whether what stands in a field of this name must never be quoted.
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
    /// Those of the secret that has this name.
    pub(super) const fn of(plain: &'static str) -> Self {
        Self { plain, alias: None }
    }

    /// The field of this section that gives the key. More than one is a problem of its own.
    pub(super) fn given(self, section: &Section<'_>) -> Option<Given> {
        let [variable, file] = ["env", "file"].map(|ending| format!("{}_{ending}", self.plain));
        let plain = [Some(self.plain), self.alias].into_iter().flatten().map(Given::Plain);
        let fields = plain.chain([Given::Variable(variable), Given::File(file)]);
        // All of them are asked for, so that all of them are known.
        let given = fields.filter(|field| section.has(field.name())).collect::<Vec<_>>();
        if let [first, second, ..] = given.as_slice() {
            section.wrong(second.name(), format!("and {} both give the same key; leave one of them out", first.name()));
        }
        given.into_iter().next()
    }
}

impl Given {
    /// What the field is called.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Plain(field) => field,
            Self::Variable(field) | Self::File(field) => field,
        }
    }

    /// How a sentence about the key begins.
    pub(super) fn lead(&self) -> String {
        match self {
            Self::Plain(field) => (*field).to_owned(),
            Self::Variable(field) => format!("{field} names a variable whose value"),
            Self::File(field) => format!("{field} names a file whose text"),
        }
    }

    /// The key, from wherever the field says. What cannot be read is noted.
    pub(super) fn text(&self, section: &Section<'_>, places: KeyPlaces<'_>) -> Option<String> {
        match self {
            Self::Plain(field) => section.text(field).map(str::to_owned),
            Self::Variable(field) => section.read(field, |name| variable(name, places.environment)),
            Self::File(field) => section.read(field, |path| file(&places.directory.join(path))),
        }
    }

    /// The key as `parse` reads it. The key itself is never quoted.
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
