//! A project as settings ask for it, which is not yet the whole of it: a file may leave the personal API key to the store.

use crate::model::ProjectSpec;

/// What settings say of a project's personal API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWish {
    /// Nothing: the one that is stored stays. An export without secrets says so.
    AsStored,
    /// What the spec holds: this key, or (`personal_api_key = ""`) none.
    AsGiven,
}

/// A project as settings ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it should be, all but perhaps the personal API key.
    pub spec: ProjectSpec,
    /// Whether the personal API key is in the spec, or stays what it is.
    pub key: KeyWish,
}

impl Wanted {
    /// The whole project: with the key of the stored project of this name, where the settings leave it to that.
    #[must_use]
    pub fn over(&self, stored: &[ProjectSpec]) -> ProjectSpec {
        let mut spec = self.spec.clone();
        if self.key == KeyWish::AsStored {
            let known = stored.iter().find(|known| known.name == spec.name);
            spec.personal_key = known.and_then(|known| known.personal_key.clone());
        }
        spec
    }
}
