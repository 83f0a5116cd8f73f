//! Settings as texts by name: the fields of a form, the members of a JSON object, or flags.

use std::fmt;

use crate::model::{Field, Secret};

/// A field without a text keeps its value; an empty text removes the value or restores the default. Any text may be a secret, so none is
/// printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Vec<(String, Secret)>);

/// Former field names, which existing files and scripts may still use.
const ALIASES: [(&str, &str); 1] = [("look_every", "readback_interval")];

/// The current name of a field that may be given by a former one.
#[must_use]
pub fn current_name(name: &str) -> &str {
    ALIASES.iter().find(|(former, _)| *former == name).map_or(name, |(_, current)| current)
}

impl Texts {
    pub fn put(&mut self, name: impl Into<String>, text: &str) {
        self.0.push((current_name(&name.into()).to_owned(), Secret::new(text)));
    }

    #[must_use]
    pub fn with(mut self, name: &str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.put(name, text);
        }
        self
    }

    /// Removes the empty texts of `names`: a form does not show secrets, so an empty field keeps the secret.
    #[must_use]
    pub fn without_blank<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter().collect::<Vec<_>>();
        self.0.retain(|(name, text)| !names.contains(&name.as_str()) || !text.expose().trim().is_empty());
        self
    }

    #[must_use]
    pub fn only(mut self, is_desired: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(name, _)| is_desired(name));
        self
    }

    /// The last text of this name.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.expose())
    }

    /// The last text of this name, trimmed; none if it is empty.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.one(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The comma-separated items of all texts of this name.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.one(name)?;
        let texts = self.iter().filter(|(known, _)| *known == name);
        Some(texts.flat_map(|(_, text)| text.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.expose()))
    }

    /// The texts whose names start with `prefix`, without the prefix.
    #[must_use]
    pub(super) fn below(&self, prefix: &str) -> Self {
        self.iter().filter_map(|(name, text)| Some((name.strip_prefix(prefix)?, text))).collect()
    }

    /// Adds an empty text for each missing field, which restores its default. Secrets are kept.
    #[must_use]
    pub fn as_whole<'f>(mut self, fields: impl IntoIterator<Item = &'f Field>) -> Self {
        for field in fields {
            if !field.secret && self.one(field.key).is_none() {
                self.put(field.key, "");
            }
        }
        self
    }

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

/// Prints only names: texts may be secrets.
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
