//! What was given, as texts under names: the fields of a form, the members of an object, flags.

use std::fmt;

use crate::model::{Field, Secret};

/// Texts under names. What is not among them stays as it is; an empty one takes away what a field holds, or brings its default back. Any of
/// them may be a secret, so none is printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Vec<(String, Secret)>);

/// Old names of fields, and the fields that they name now: files and scripts that were written with them are still read.
const ALIASES: [(&str, &str); 1] = [("look_every", "readback_interval")];

impl Texts {
    /// Puts one more in.
    pub fn put(&mut self, name: impl Into<String>, text: &str) {
        let name = name.into();
        let name = ALIASES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| (*new).to_owned());
        self.0.push((name, Secret::new(text)));
    }

    /// Puts one more in, where there is one.
    #[must_use]
    pub fn with(mut self, name: &str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.put(name, text);
        }
        self
    }

    /// Without those of `names` that are empty: in a form that does not show secrets, an empty field means that the secret stays.
    #[must_use]
    pub fn without_blank<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter().collect::<Vec<_>>();
        self.0.retain(|(name, text)| !names.contains(&name.as_str()) || !text.expose().trim().is_empty());
        self
    }

    /// Those alone whose names are wanted.
    #[must_use]
    pub fn only(mut self, is_desired: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(name, _)| is_desired(name));
        self
    }

    /// The last text of this name, as it was given.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.expose())
    }

    /// The last text of this name that is not empty, without space around it.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.one(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Whatever stands in all texts of this name, between commas; none where there is no such text.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.one(name)?;
        let texts = self.iter().filter(|(known, _)| *known == name);
        Some(texts.flat_map(|(_, text)| text.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect())
    }

    /// Each name with its text, as they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.expose()))
    }

    /// Those whose names begin with `prefix`, under the rest of their names.
    #[must_use]
    pub(super) fn below(&self, prefix: &str) -> Self {
        self.iter().filter_map(|(name, text)| Some((name.strip_prefix(prefix)?, text))).collect()
    }

    /// The same as the whole of what these fields hold: those that are not named are empty, so that they have their defaults. Secrets stay.
    #[must_use]
    pub fn as_whole<'f>(mut self, fields: impl IntoIterator<Item = &'f Field>) -> Self {
        for field in fields {
            if !field.secret && self.one(field.key).is_none() {
                self.put(field.key, "");
            }
        }
        self
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, T: AsRef<str>> FromIterator<(N, T)> for Texts {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(given: I) -> Self {
        let mut texts = Self::default();
        given.into_iter().for_each(|(name, text)| texts.put(name, text.as_ref()));
        texts
    }
}

/// The names alone.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_name_and_never_printed() {
        let texts: Texts =
            [("projects", "shop, blog"), ("url", "hunter2"), ("projects", " "), ("url", "hunter3"), ("secret", " ")].into_iter().collect();
        assert_eq!((texts.one("url"), texts.list("projects"), texts.list("kind")), (Some("hunter3"), Some(vec!["shop", "blog"]), None));
        assert_eq!((texts.one("secret"), texts.filled("secret")), (Some(" "), None));
        assert_eq!(texts.clone().without_blank(["secret"]).one("secret"), None);
        assert!(!format!("{texts:?}").contains("hunter"), "{texts:?}");
        let old: Texts = [("look_every", "2m")].into_iter().collect();
        assert_eq!((old.one("readback_interval"), old.one("look_every")), (Some("2m"), None));
    }
}
