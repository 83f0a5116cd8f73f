//! The fields of a project, as its forms show them.

use crate::config::Texts;
use crate::config::project::{FIELDS, shown};
use crate::model::{Field as Setting, ProjectSpec, Takes};
use crate::web::control::marked;
use crate::web::form::Filled;
use crate::web::setup::CheckedField;

/// A field in a form.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) setting: &'static Setting,
    /// What it holds; nothing of a secret.
    pub(super) value: String,
    /// Whether it is a secret that is there.
    pub(super) is_set: bool,
    /// What was found out about it.
    pub(super) found: Option<CheckedField>,
}

impl Field {
    /// The mark of what was found out; none where nothing was.
    pub(super) fn mark(&self) -> Option<&'static str> {
        self.found.as_ref().map(|found| found.mark)
    }

    /// What there is to know, as HTML: what stands between backticks is what is typed.
    pub(super) fn hint(&self) -> String {
        marked(self.setting.hint)
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.mark() == Some("fail")
    }

    /// Keys and addresses, in letters of one width.
    pub(super) fn is_mono(&self) -> bool {
        matches!(self.setting.takes, Takes::Host | Takes::Token)
    }

    /// Numbers and waits.
    pub(super) fn is_short(&self) -> bool {
        matches!(self.setting.takes, Takes::Number | Takes::Duration)
    }
}

/// The fields of these keys: with what was typed, or what the project has.
pub(super) fn fields(keys: &[&str], known: Option<&ProjectSpec>, typed: impl Fn(&str) -> String, found: &[CheckedField]) -> Vec<Field> {
    let settings = keys.iter().filter_map(|key| FIELDS.iter().find(|field| field.key == *key));
    let field = |setting: &'static Setting| Field {
        setting,
        value: if setting.secret { String::new() } else { typed(setting.key) },
        is_set: setting.secret && known.is_some_and(|known| shown(known, setting.key).is_some()),
        found: found.iter().find(|found| found.name == setting.key).cloned(),
    };
    settings.map(field).collect()
}

/// What a form says of these fields.
pub(super) fn texts(form: &Filled, keys: impl IntoIterator<Item = &'static str>) -> Texts {
    keys.into_iter().filter(|key| form.has(key)).map(|key| (key, form.text(key))).collect()
}
