//! The fields of a settings file that give keys, and which of them are secret.

use crate::model::{AppKind, ChannelKind};

/// The fields for one key: `<plain>`, `<plain>_env` for a variable, `<plain>_file` for a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFields {
    pub(super) plain: &'static str,
    /// The name that PostHog's documentation uses.
    pub(super) alias: Option<&'static str>,
}

impl KeyFields {
    pub(super) const fn of(plain: &'static str) -> Self {
        Self { plain, alias: None }
    }
}

pub(super) const TOKEN: KeyFields = KeyFields { plain: "token", alias: Some("project_api_key") };

pub(super) const DEAD_MAN_URL: KeyFields = KeyFields::of("dead_man_url");

pub(super) const CLIENT_SECRET: KeyFields = KeyFields::of("client_secret");

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
