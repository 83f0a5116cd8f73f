//! The version of an entity that a form shows: a digest of each value. A revision of all settings would reject a form because of a change
//! elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::{Entity, Value};
use crate::store::Store;

/// Length of a digest, in bytes: it only has to differ when a value changes.
const DIGEST: usize = 6;
const SEPARATOR: char = '.';

/// Can be shown: the digests of secrets are keyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityVersion {
    /// The paths of the values: [`Value::path`].
    paths: Vec<String>,
    /// In the order of the paths.
    digests: String,
}

impl EntityVersion {
    #[must_use]
    pub fn of<T: Entity>(store: &Store, entity: &T, paths: Vec<String>) -> Self {
        let values = entity.values();
        let digest = |path: &String| {
            let value = (T::KIND.name(), entity.name().as_str(), path, found(&values, path).and_then(Value::held));
            URL_SAFE_NO_PAD.encode(&store.digest(&format!("{value:?}"))[..DIGEST])
        };
        let digests = paths.iter().map(digest).collect::<Vec<_>>().join(&SEPARATOR.to_string());
        Self { paths, digests }
    }

    /// The version of the same values that was shown earlier, as it was displayed.
    #[must_use]
    pub fn earlier(&self, displayed: &str) -> Self {
        Self { paths: self.paths.clone(), digests: displayed.to_owned() }
    }

    /// For each value, whether it is another one in the version `now`.
    pub fn changes(&self, now: &Self) -> impl Iterator<Item = bool> {
        // A digest belongs to its path, so the order does not matter: the form of a former release may have another one.
        now.digests.split(SEPARATOR).map(|digest| self.digests.split(SEPARATOR).all(|known| known != digest))
    }

    /// Whether `desired` was made without the knowledge of a change: a value of `stored` is another one than in this version. It does not
    /// count if `desired` has the same value, unless it is a secret, which a form keeps without showing it.
    ///
    /// A change of a value that the form did not touch counts as well. A merge would lose no change either, but values belong together, such as
    /// a host and its key: the user would save a combination that nobody has seen.
    pub(super) fn is_outdated<T: Entity>(&self, store: &Store, stored: &T, desired: &T) -> bool {
        if stored == desired {
            return false;
        }
        let (before, after) = (stored.values(), desired.values());
        let is_known = |path: &String| {
            let (before, after) = (found(&before, path), found(&after, path));
            let is_secret = before.or(after).is_some_and(Value::is_secret);
            !is_secret && before.and_then(Value::held) == after.and_then(Value::held)
        };
        let now = Self::of(store, stored, self.paths.clone());
        self.changes(&now).zip(&self.paths).any(|(is_changed, path)| is_changed && !is_known(path))
    }
}

fn found<'v>(values: &'v [Value], path: &str) -> Option<&'v Value> {
    values.iter().find(|value| value.path() == path)
}

impl fmt::Display for EntityVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digests)
    }
}
