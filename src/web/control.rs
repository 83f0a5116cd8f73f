//! A form control, made from the definition of a setting: one template (`control.html`) renders the forms of all apps and channel kinds.
//! Secrets can be set, but are never shown.

use super::form::Filled;
use crate::config::Problem;
use crate::model::{Field, Takes};

/// The choice of a value that is typed next to it. No setting has this value.
const OTHER: &str = "*";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Size {
    #[default]
    Line,
    Short,
    Long,
    /// In a row of fields.
    Cell,
}

/// What a rejected form wanted to do with a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    /// Replace it: the user must type it again.
    Another,
    None,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Control {
    pub(super) key: &'static str,
    pub(super) name: String,
    hint: &'static str,
    pub(super) default: &'static str,
    pub(super) required: bool,
    pub(super) secret: bool,
    pub(super) choices: &'static [&'static str],
    /// Whether values other than the choices are allowed.
    pub(super) others: bool,
    size: Size,
    /// Empty for a secret.
    pub(super) value: String,
    /// The redacted form of a stored secret.
    pub(super) stored: Option<String>,
    asked: Asked,
    pub(super) problem: Option<String>,
}

impl Control {
    /// `holds` is the stored value, for a secret its redacted form.
    pub(super) fn of(field: &Field, holds: Option<String>) -> Self {
        let Field { key, label, hint, default, required, secret, takes } = *field;
        let size = match takes {
            Takes::Number | Takes::Duration | Takes::Limit => Size::Short,
            _ => Size::Line,
        };
        let (choices, others) = (field.choices(), field.takes_others());
        Self { key, name: label.to_owned(), hint, default, required, secret, choices, others, size, ..Self::default() }.holding(holds)
    }

    fn holding(self, holds: Option<String>) -> Self {
        if self.secret {
            return Self { stored: holds, ..self };
        }
        // A required value is never shown empty.
        let usual = if self.required || !self.choices.is_empty() { self.default } else { "" };
        Self { value: holds.unwrap_or_else(|| usual.to_owned()), ..self }
    }

    pub(super) fn long(self) -> Self {
        Self { size: Size::Long, ..self }
    }

    /// In a row of fields, without a hint of its own.
    pub(super) fn cell(self) -> Self {
        Self { size: Size::Cell, hint: "", ..self }
    }

    /// The submitted value. None: the setting is unchanged, for example a secret that was not typed.
    pub(super) fn given<'f>(&self, form: &'f Filled) -> Option<&'f str> {
        if self.secret {
            let typed = form.given(self.key);
            return typed.or_else(|| form.has(&self.clears()).then_some(""));
        }
        if self.is_open() && form.text(self.key) == OTHER {
            return Some(form.raw(&self.other()));
        }
        form.has(self.key).then(|| form.raw(self.key))
    }

    pub(super) fn filled(mut self, form: &Filled, problems: &[Problem]) -> Self {
        if self.secret {
            self.asked = match (form.given(self.key), form.has(&self.clears())) {
                (Some(_), _) => Asked::Another,
                (None, true) => Asked::None,
                (None, false) => Asked::Nothing,
            };
        } else if let Some(text) = self.given(form) {
            text.clone_into(&mut self.value);
        }
        let mine = problems.iter().filter(|problem| problem.field == self.key).map(|problem| problem.says.as_str());
        let says = mine.collect::<Vec<_>>().join("; ");
        self.problem = Some(says).filter(|says| !says.is_empty());
        self
    }

    pub(super) fn is_cell(&self) -> bool {
        self.size == Size::Cell
    }

    pub(super) fn is_long(&self) -> bool {
        self.size == Size::Long
    }

    pub(super) fn is_short(&self) -> bool {
        self.size == Size::Short || self.is_closed()
    }

    /// Whether the user must type the secret again, because the form was rejected.
    pub(super) fn is_forgotten(&self) -> bool {
        self.asked == Asked::Another
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.asked == Asked::None
    }

    /// Name of the checkbox that removes a secret.
    pub(super) fn clears(&self) -> String {
        format!("{}.clear", self.key)
    }

    /// Name of the text field for a value that is not among the choices.
    pub(super) fn other(&self) -> String {
        format!("{}.other", self.key)
    }

    /// Whether there are both choices and a text field.
    pub(super) const fn is_open(&self) -> bool {
        self.others && !self.choices.is_empty()
    }

    pub(super) const fn is_closed(&self) -> bool {
        !self.others && !self.choices.is_empty()
    }

    pub(super) fn options(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.choices.iter().map(|choice| (*choice, *choice == self.value))
    }

    /// A value that is not among the choices.
    pub(super) fn own(&self) -> Option<&str> {
        Some(self.value.as_str()).filter(|value| !value.is_empty() && !self.choices.contains(value))
    }

    /// As HTML.
    pub(super) fn hint(&self) -> String {
        marked(self.hint)
    }

    pub(super) fn described(&self) -> String {
        if self.is_cell() { format!("{}-check", self.key) } else { format!("{0}-hint {0}-check", self.key) }
    }
}

/// Escapes text as HTML; text between backticks becomes `<code>`.
pub(super) fn marked(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

/// All problems of a form: the control's id (empty if there is none) and a sentence.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrong(Vec<(String, String)>);

impl Wrong {
    pub(super) fn of(problems: &[Problem], controls: &[Control]) -> Self {
        let link = |problem: &Problem| {
            let control = controls.iter().find(|control| control.key == problem.field);
            match control {
                Some(control) => (control.key.to_owned(), problem.named(&control.name)),
                None => (String::new(), problem.to_string()),
            }
        };
        Self(problems.iter().map(link).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn count(&self) -> String {
        match self.0.len() {
            1 => "One thing is".to_owned(),
            many => format!("{many} things are"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Filled {
        fields.iter().copied().collect()
    }

    fn field(key: &'static str, takes: Takes) -> Field {
        Field::new(key, "A name", takes, "")
    }

    #[test]
    fn a_secret_stays_unless_another_is_typed_or_it_is_taken_away() {
        let secret = Control::of(&field("key", Takes::Text).secret(), Some("***".into()));
        assert_eq!(secret.given(&form(&[("key", " ")])), None);
        assert_eq!(secret.given(&form(&[("key", "new")])), Some("new"));
        assert_eq!(secret.given(&form(&[("key", ""), ("key.clear", "yes")])), Some(""));
        let again = secret.filled(&form(&[("key", "hunter2")]), &[Problem::of("key", "is too short")]);
        assert!(again.is_forgotten() && !format!("{again:?}").contains("hunter2"), "{again:?}");
        assert_eq!(again.problem.as_deref(), Some("is too short"));
    }

    #[test]
    fn what_is_not_among_the_choices_is_typed_beside_them() {
        let watch = Control::of(&field("watch", Takes::Examples(&["any", "heartbeats"])), Some("signup, purchase".into()));
        assert_eq!(watch.own(), Some("signup, purchase"));
        assert_eq!(watch.given(&form(&[("watch", "any"), ("watch.other", "signup")])), Some("any"));
        assert_eq!(watch.given(&form(&[("watch", "*"), ("watch.other", "signup")])), Some("signup"));
        assert_eq!(watch.given(&form(&[])), None);
        let filled = watch.filled(&form(&[("watch", "heartbeats")]), &[]);
        assert_eq!((filled.own(), filled.options().collect::<Vec<_>>()), (None, vec![("any", false), ("heartbeats", true)]));
    }

    #[test]
    fn what_stands_between_back_quotes_is_code_and_everything_is_escaped() {
        assert_eq!(marked("give `us` or <b>"), "give <code>us</code> or &lt;b&gt;");
    }
}
