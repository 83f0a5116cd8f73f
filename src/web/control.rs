//! A form control, made from the definition of a setting: one template (`control.html`) renders the forms of all entities, apps and channel kinds.
//! Secrets can be set, but are never shown.

use std::borrow::Cow;

use super::code::marked;
use super::form::Filled;
use super::setup::CheckedField;
use super::when::moment;
use crate::config::{Entity, Group, Problem, Texts};
use crate::message::sentence;
use crate::model::{Field, Takes, Timestamp};
use crate::settings::EntityVersion;
use crate::store::Store;

/// The hidden field with the version that the form shows.
const VERSION: &str = "version";

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

/// How a value is entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Entry {
    #[default]
    Text,
    /// Not trimmed.
    Template,
    /// With suggestions.
    Host,
    /// With the browser's picker, in UTC.
    Time,
    /// On or off.
    Switch,
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
    /// Before the ids, if another form of the page has the same keys.
    prefix: &'static str,
    pub(super) name: String,
    hint: &'static str,
    pub(super) default: &'static str,
    pub(super) required: bool,
    pub(super) secret: bool,
    pub(super) choices: &'static [&'static str],
    /// Whether values other than the choices are allowed.
    pub(super) others: bool,
    size: Size,
    entry: Entry,
    /// Empty for a secret.
    pub(super) value: String,
    /// The redacted form of a stored secret.
    pub(super) stored: Option<String>,
    asked: Asked,
    /// What is wrong, or what a check found.
    pub(super) found: Option<CheckedField>,
    /// The stored value, if it was changed after the form had been opened. Empty for a secret.
    pub(super) changed: Option<String>,
}

impl Control {
    /// `holds` is the stored value, for a secret its redacted form.
    pub(super) fn of(field: &Field, holds: Option<String>) -> Self {
        let Field { key, label, hint, default, required, secret, takes } = *field;
        let size = match takes {
            Takes::Number | Takes::Duration | Takes::Limit | Takes::Time => Size::Short,
            Takes::Headers | Takes::Payload => Size::Long,
            _ => Size::Line,
        };
        let entry = match takes {
            Takes::Template | Takes::Payload => Entry::Template,
            Takes::Host => Entry::Host,
            Takes::Time => Entry::Time,
            Takes::Flag => Entry::Switch,
            _ => Entry::Text,
        };
        let (choices, others) = if entry == Entry::Switch { (&[][..], false) } else { (field.choices(), field.takes_others()) };
        let (name, hint) = if entry == Entry::Time { (format!("{label} (UTC)"), "") } else { (label.to_owned(), hint) };
        Self { key, name, hint, default, required, secret, choices, others, size, entry, ..Self::default() }.holding(holds)
    }

    fn holding(self, holds: Option<String>) -> Self {
        if self.secret {
            return Self { stored: holds, ..self };
        }
        // A required value is never shown empty.
        let usual = if self.required || self.is_switch() || !self.choices.is_empty() { self.default } else { "" };
        let value = holds.unwrap_or_else(|| usual.to_owned());
        Self { value: if self.is_time() { for_picker(&value).to_owned() } else { value }, ..self }
    }

    pub(super) fn long(self) -> Self {
        Self { size: Size::Long, ..self }
    }

    /// In a row of fields, without a hint of its own.
    pub(super) fn cell(self) -> Self {
        Self { size: Size::Cell, hint: "", ..self }
    }

    /// The submitted value. None: the setting is unchanged, for example a secret that was not typed.
    pub(super) fn given<'f>(&self, form: &'f Filled) -> Option<Cow<'f, str>> {
        if self.secret {
            let typed = form.given(self.key);
            return typed.or_else(|| form.has(&self.clears()).then_some("")).map(Cow::Borrowed);
        }
        if self.is_switch() {
            return Some(Cow::Borrowed(if form.has(self.key) { "true" } else { "false" }));
        }
        if self.is_open() && form.text(self.key) == OTHER {
            return Some(Cow::Borrowed(form.raw(&self.other())));
        }
        form.has(self.key).then(|| match (self.entry, form.text(self.key)) {
            (Entry::Template, _) => Cow::Borrowed(form.raw(self.key)),
            // A text that is no time is rejected later.
            (Entry::Time, text) => moment(text).map_or(Cow::Borrowed(text), |at| Cow::Owned(at.to_string())),
            (_, text) => Cow::Borrowed(text),
        })
    }

    /// With the submitted value.
    fn typed(mut self, form: &Filled) -> Self {
        if self.secret {
            self.asked = match (form.given(self.key), form.has(&self.clears())) {
                (Some(_), _) => Asked::Another,
                (None, true) => Asked::None,
                (None, false) => Asked::Nothing,
            };
        } else if self.is_time() && form.has(self.key) {
            form.text(self.key).clone_into(&mut self.value);
        } else if let Some(text) = self.given(form) {
            self.value = text.into_owned();
        }
        self
    }

    pub(super) fn filled(self, form: &Filled, problems: &[Problem]) -> Self {
        let mine = problems.iter().filter(|problem| problem.field == self.key).map(Problem::says);
        let says = mine.collect::<Vec<_>>().join("; ");
        let found = (!says.is_empty()).then_some(CheckedField { name: self.key, mark: "fail", says, advice: None });
        Self { found, ..self.typed(form) }
    }

    /// With the submitted value, beside the stored one if that is another one.
    fn outdated(self, form: &Filled) -> Self {
        let stored = self.value.clone();
        let typed = self.typed(form);
        let changed = (typed.secret || typed.value != stored).then_some(stored);
        Self { changed, ..typed }
    }

    pub(super) fn mark(&self) -> Option<&'static str> {
        self.found.as_ref().map(|found| found.mark).or_else(|| self.changed.as_ref().map(|_| "note"))
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.mark() == Some("fail")
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

    pub(super) fn is_switch(&self) -> bool {
        self.entry == Entry::Switch
    }

    pub(super) fn is_host(&self) -> bool {
        self.entry == Entry::Host
    }

    fn is_time(&self) -> bool {
        self.entry == Entry::Time
    }

    /// A text that the picker cannot hold is shown in a text field, so that it is not lost.
    pub(super) fn fits_picker(&self) -> bool {
        self.is_time() && (self.value.is_empty() || Timestamp::parse(&format!("{}Z", self.value)).is_ok())
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
    pub(super) fn label(&self) -> String {
        marked(&self.name)
    }

    /// As HTML.
    pub(super) fn hint(&self) -> String {
        marked(self.hint)
    }

    /// In the page; the name in the submitted form is the key.
    pub(super) fn id(&self) -> String {
        format!("{}{}", self.prefix, self.key)
    }

    /// The ids of what describes it.
    pub(super) fn described(&self) -> String {
        let parts = [("hint", !self.hint.is_empty()), ("changed", self.changed.is_some()), ("check", true)];
        let ids = parts.iter().filter(|(_, is_there)| *is_there).map(|(part, _)| format!("{}-{part}", self.id()));
        ids.collect::<Vec<_>>().join(" ")
    }
}

/// A stored time as the value of a picker, with seconds only if there are any.
fn for_picker(text: &str) -> &str {
    let without = |zone| text.strip_suffix(zone);
    without(":00.000Z").or_else(|| without(".000Z")).or_else(|| without("Z")).unwrap_or(text)
}

/// The controls of a form, and the problems of its input.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub(super) controls: Vec<Control>,
    pub(super) wrong: Wrong,
    /// The projects to choose from, if a control takes their names.
    pub(super) offered: Vec<String>,
    /// The version of the stored values that it shows; none for something new.
    pub(super) version: Option<EntityVersion>,
    /// Whether it was rejected because of another version.
    pub(super) is_outdated: bool,
}

impl Form {
    /// `held` is the stored value of a field, for a secret its redacted form.
    pub(super) fn of<'f>(fields: impl IntoIterator<Item = &'f Field>, held: impl Fn(&Field) -> Option<String>) -> Self {
        Self { controls: fields.into_iter().map(|field| Control::of(field, held(field))).collect(), ..Self::default() }
    }

    pub(super) fn prefixed(self, prefix: &'static str) -> Self {
        Self { controls: self.controls.into_iter().map(|control| Control { prefix, ..control }).collect(), ..self }
    }

    pub(super) fn offering(self, offered: Vec<String>) -> Self {
        Self { offered, ..self }
    }

    /// A form of the values of `stored` in `group`, so that a save cannot overwrite what is changed meanwhile.
    pub(super) fn versioned<T: Entity>(self, store: &Store, stored: &T, group: &Group) -> Self {
        let below = group.prefix();
        let paths = self.controls.iter().map(|control| format!("{below}{}", control.key)).collect();
        Self { version: Some(EntityVersion::of(store, stored, paths)), ..self }
    }

    /// The version from which the user made the changes; none if the form did not say it, for example a form that a program sends.
    pub(super) fn submitted_version(&self, form: &Filled) -> Option<EntityVersion> {
        Some(self.version.as_ref()?.earlier(form.given(VERSION)?))
    }

    pub(super) fn texts(&self, form: &Filled) -> Texts {
        self.controls.iter().filter_map(|control| Some((control.key, control.given(form)?))).collect()
    }

    pub(super) fn filled(self, form: &Filled, problems: &[Problem]) -> Self {
        let version = self.kept_version(form);
        let controls: Vec<Control> = self.controls.into_iter().map(|control| control.filled(form, problems)).collect();
        Self { wrong: Wrong::of(problems, &controls), controls, version, ..self }
    }

    /// With the input, and the stored values that were changed after the form had been opened. It has the new version, so that saving it again
    /// is a decision.
    pub(super) fn outdated(self, form: &Filled) -> Self {
        let then = self.submitted_version(form);
        let changes: Vec<bool> = then.iter().zip(&self.version).flat_map(|(then, now)| then.changes(now)).collect();
        let with = |(at, control): (usize, Control)| {
            let is_changed = changes.get(at).is_some_and(|is_changed| *is_changed);
            if is_changed { control.outdated(form) } else { control.typed(form) }
        };
        Self { controls: self.controls.into_iter().enumerate().map(with).collect(), is_outdated: true, ..self }
    }

    pub(super) fn changed(&self) -> impl Iterator<Item = &Control> {
        self.controls.iter().filter(|control| control.changed.is_some())
    }

    /// For a form that is shown again: the user still does not know what was changed after it had been opened.
    fn kept_version(&self, form: &Filled) -> Option<EntityVersion> {
        self.submitted_version(form).or_else(|| self.version.clone())
    }

    /// With the result of a check of the input.
    pub(super) fn checked(self, form: &Filled, found: &[CheckedField]) -> Self {
        let with = |control: Control| {
            let found = found.iter().find(|found| found.name == control.key).cloned();
            Control { found, ..control.typed(form) }
        };
        Self { version: self.kept_version(form), controls: self.controls.into_iter().map(with).collect(), ..self }
    }
}

/// All problems of a form: the control's id (empty if there is none) and a sentence.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrong(Vec<(String, String)>);

impl Wrong {
    pub(super) fn of(problems: &[Problem], controls: &[Control]) -> Self {
        let link = |problem: &Problem| {
            let control = controls.iter().find(|control| control.key == problem.field);
            match control {
                Some(control) => (control.id(), sentence(&problem.named(&control.name))),
                None => (String::new(), sentence(&problem.to_string())),
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
    use crate::model::Invalid;

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
        assert_eq!(secret.given(&form(&[("key", "new")])).as_deref(), Some("new"));
        assert_eq!(secret.given(&form(&[("key", ""), ("key.clear", "yes")])).as_deref(), Some(""));
        let again = secret.filled(&form(&[("key", "hunter2")]), &[Problem::of("key", Invalid::unquoted("is too short"))]);
        assert!(again.is_forgotten() && !format!("{again:?}").contains("hunter2"), "{again:?}");
        assert_eq!(again.found.map(|found| found.says).as_deref(), Some("is too short"));
    }

    #[test]
    fn server_words_in_a_label_are_code_and_the_rest_is_escaped() {
        let control = Control::of(&Field::new("host", "Host (only for `a_b`) <x>", Takes::Text, ""), None);
        assert_eq!(control.label(), "Host (only for <code>a_b</code>) &#60;x&#62;");
    }

    #[test]
    fn what_is_not_among_the_choices_is_typed_beside_them() {
        let watch = Control::of(&field("watch", Takes::Examples(&["any", "heartbeats"])), Some("signup, purchase".into()));
        assert_eq!(watch.own(), Some("signup, purchase"));
        assert_eq!(watch.given(&form(&[("watch", "any"), ("watch.other", "signup")])).as_deref(), Some("any"));
        assert_eq!(watch.given(&form(&[("watch", "*"), ("watch.other", "signup")])).as_deref(), Some("signup"));
        assert_eq!(watch.given(&form(&[])), None);
        let filled = watch.filled(&form(&[("watch", "heartbeats")]), &[]);
        assert_eq!((filled.own(), filled.options().collect::<Vec<_>>()), (None, vec![("any", false), ("heartbeats", true)]));
    }

    #[test]
    fn a_time_is_shown_in_a_picker_and_read_as_utc() {
        let from = Control::of(&field("from", Takes::Time), Some("2026-11-23T15:10:00.000Z".into()));
        assert_eq!((from.value.as_str(), from.name.as_str(), from.fits_picker()), ("2026-11-23T15:10", "A name (UTC)", true));
        let given = from.given(&form(&[("from", "2026-11-23 15:11")])).map(Cow::into_owned);
        assert_eq!(given.as_deref(), Some("2026-11-23T15:11:00.000Z"));
        let odd = from.filled(&form(&[("from", "tomorrow")]), &[Problem::of("from", Invalid::unquoted("is no time"))]);
        assert!(odd.value == "tomorrow" && !odd.fits_picker() && odd.is_wrong(), "{odd:?}");
        assert_eq!(for_picker("2026-11-23T15:10:07.000Z"), "2026-11-23T15:10:07");
    }

    #[test]
    fn a_switch_that_is_not_sent_is_off() {
        let switch = Control::of(&field("on", Takes::Flag).or("true"), None);
        assert_eq!((switch.value.as_str(), switch.given(&form(&[])).as_deref()), ("true", Some("false")));
        assert_eq!(switch.filled(&form(&[("on", "yes")]), &[]).value, "true");
    }
}
