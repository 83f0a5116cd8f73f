//! All secrets of a database use one key. Before anything is encrypted, a stored secret is decrypted: with another key nothing is written,
//! so a database never contains secrets of two keys.

use crate::model::{IngestionAlertApp, ProjectName, ProjectSpec};

use super::cipher::{CipherError, Owner, SecretCipher, SecretField};
use super::database::{Row, Work};
use super::statement::sql;
use super::{Change, StoreError};

#[derive(Clone, Copy)]
enum Place {
    Keys,
    Apps,
    Channels,
}

impl Place {
    const ALL: [Self; 3] = [Self::Keys, Self::Apps, Self::Channels];

    /// Name and ciphertext, oldest first. Removed channels that still close their alerts do not count: users do not see them.
    const fn all(self) -> &'static str {
        match self {
            Self::Keys => "SELECT name, personal_key FROM projects WHERE personal_key IS NOT NULL ORDER BY id",
            Self::Apps => {
                "SELECT projects.name, apps.secrets FROM apps JOIN projects ON projects.id = apps.project \
                 WHERE apps.secrets IS NOT NULL ORDER BY apps.project"
            }
            Self::Channels => "SELECT name, field_values FROM channels WHERE of_app IS NULL AND closing < 2 ORDER BY id",
        }
    }

    const fn field(self) -> SecretField {
        match self {
            Self::Keys => SecretField::PersonalKey,
            Self::Apps => SecretField::AppSettings,
            Self::Channels => SecretField::ChannelFields,
        }
    }

    const fn owner(self, name: &ProjectName) -> Owner<'_> {
        match self {
            Self::Keys | Self::Apps => Owner::Project(name),
            Self::Channels => Owner::Channel(name),
        }
    }

    /// The names that `change` removes or replaces: their stored secrets do not matter.
    fn changed<'c>(self, change: &Change<'c>) -> Vec<&'c str> {
        let names: (Vec<&ProjectName>, &[ProjectName]) = match self {
            Self::Keys | Self::Apps => (change.put_projects.iter().map(|spec| &spec.name).collect(), change.remove_projects),
            Self::Channels => (change.put_channels.iter().map(|spec| &spec.name).collect(), change.remove_channels),
        };
        names.0.into_iter().chain(names.1).map(ProjectName::as_str).collect()
    }
}

/// Fails when `change` would encrypt with another key than the stored secrets.
pub(super) async fn check(work: &mut Work, cipher: &SecretCipher, change: &Change<'_>) -> Result<(), StoreError> {
    if change.put_channels.is_empty() && !change.put_projects.iter().any(holds_secrets) {
        return Ok(());
    }
    for place in Place::ALL {
        let changed = place.changed(change);
        // With this many rows at least one is not changed, if there is one.
        let some = sql!(place.all()).then(sql!(" LIMIT ?", changed.len() as i64 + 1));
        let found = work.read(some, |row: &Row| Ok((row.text(0)?, row.bytes(1)?))).await?;
        let Some((name, secret)) = found.into_iter().find(|(name, _)| !changed.contains(&name.as_str())) else { continue };
        // A damaged name is reported by the query that needs it.
        let Ok(name) = ProjectName::parse(&name) else { continue };
        if cipher.open(place.owner(&name), place.field(), &secret).is_err() {
            let owner = place.owner(&name);
            return Err(CipherError::OtherKey { owner: owner.to_string(), field: place.field().label(), remove: owner.removed_by() }.into());
        }
    }
    Ok(())
}

fn holds_secrets(spec: &ProjectSpec) -> bool {
    let is_set = |app: &IngestionAlertApp| IngestionAlertApp::settings().iter().any(|of| of.secret && app.value(of.key).is_some());
    spec.personal_key.is_some() || spec.ingestion_alert.as_ref().is_some_and(is_set)
}
