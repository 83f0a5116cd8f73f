//! The form fields of a project.

use crate::config::Texts;
use crate::config::project::{FIELDS, shown};
use crate::model::{Field as Setting, ProjectSpec, Takes};
use crate::web::control::marked;
use crate::web::form::Filled;
use crate::web::setup::CheckedField;

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) setting: &'static Setting,
    /// Empty for a secret.
    pub(super) value: String,
    pub(super) is_set: bool,
    pub(super) found: Option<CheckedField>,
}

impl Field {
    pub(super) fn mark(&self) -> Option<&'static str> {
        self.found.as_ref().map(|found| found.mark)
    }

    /// HTML: text between backticks is code.
    pub(super) fn hint(&self) -> String {
        marked(self.setting.hint)
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.mark() == Some("fail")
    }

    pub(super) fn is_mono(&self) -> bool {
        matches!(self.setting.takes, Takes::Host | Takes::Token)
    }

    pub(super) fn is_short(&self) -> bool {
        matches!(self.setting.takes, Takes::Number | Takes::Duration)
    }
}

/// `typed` gives the value of a key: from the submitted form, or of the project.
pub(super) fn fields(
    keys: impl Iterator<Item = &'static str>,
    stored: Option<&ProjectSpec>,
    typed: impl Fn(&str) -> String,
    found: &[CheckedField],
) -> Vec<Field> {
    let settings = keys.filter_map(|key| FIELDS.iter().find(|field| field.key == key));
    let field = |setting: &'static Setting| Field {
        setting,
        value: if setting.secret { String::new() } else { typed(setting.key) },
        is_set: setting.secret && stored.is_some_and(|stored| shown(stored, setting.key).is_some()),
        found: found.iter().find(|found| found.name == setting.key).cloned(),
    };
    settings.map(field).collect()
}

pub(super) fn texts(form: &Filled, keys: impl IntoIterator<Item = &'static str>) -> Texts {
    keys.into_iter().filter(|key| form.has(key)).map(|key| (key, form.text(key))).collect()
}
