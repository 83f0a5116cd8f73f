//! A section of a settings file as texts under names, with the places where they stand: what reads forms and flags reads files too.

use toml::de::DeValue;

use super::keys::{KeyFields, KeyPlaces, TOKEN};
use super::problem::Problem;
use super::section::Section;
use super::texts::Texts;
use crate::model::{Field, Takes};

/// What sections of a file say of one thing.
#[derive(Default)]
pub(super) struct Written {
    pub(super) texts: Texts,
    places: Vec<Place>,
}

/// Where a text stands.
struct Place {
    name: String,
    /// What the section is called.
    title: String,
    offset: usize,
    /// How a sentence about it begins: `token_file names a file whose text`.
    lead: String,
    /// Whether it is known to be wrong, and no text.
    is_told: bool,
}

impl Written {
    /// Takes what the section says of these fields, each under its key behind `prefix`. What it does not name is empty, so that it has its default;
    /// but secrets, which stay as they are stored.
    pub(super) fn take<'f>(
        &mut self,
        section: &Section<'_>,
        prefix: &str,
        fields: impl IntoIterator<Item = &'f Field>,
        keys: KeyPlaces<'_>,
    ) {
        for field in fields {
            self.take_one(section, prefix, field, keys);
        }
    }

    fn take_one(&mut self, section: &Section<'_>, prefix: &str, field: &Field, keys: KeyPlaces<'_>) {
        let name = format!("{prefix}{}", field.key);
        let is_token = field.takes == Takes::Token && prefix.is_empty();
        if field.secret || is_token {
            let fields = if is_token { TOKEN } else { KeyFields::of(field.key) };
            match fields.given(section) {
                Some(given) => {
                    let read = given.text(section, keys);
                    self.put(section, name, given.name(), given.lead(), read);
                }
                None if field.secret => self.note_place(section, name, field.key, field.key.to_owned(), false),
                None => self.put(section, name, field.key, field.key.to_owned(), Some(String::new())),
            }
            return;
        }
        let texts = texts_of(section, field);
        self.note_place(section, name.clone(), field.key, field.key.to_owned(), texts.is_none());
        for text in texts.into_iter().flatten() {
            self.texts.put(name.clone(), &text);
        }
    }

    /// A text that the section says in another way than by a field.
    pub(super) fn say(&mut self, section: &Section<'_>, name: impl Into<String>, key: &str, text: &str) {
        self.put(section, name.into(), key, key.to_owned(), Some(text.to_owned()));
    }

    /// A text of this name stands there, where something is wrong with it.
    pub(super) fn stands(&mut self, section: &Section<'_>, name: String, key: &str) {
        self.note_place(section, name, key, key.to_owned(), false);
    }

    fn put(&mut self, section: &Section<'_>, name: String, key: &str, lead: String, text: Option<String>) {
        self.note_place(section, name.clone(), key, lead, text.is_none());
        if let Some(text) = text {
            self.texts.put(name, &text);
        }
    }

    fn note_place(&mut self, section: &Section<'_>, name: String, key: &str, lead: String, is_told: bool) {
        self.places.push(Place { name, title: section.title().to_owned(), offset: section.place_of(&[key]), lead, is_told });
    }

    /// Notes what is wrong with these texts where they stand; in `section`, where they stand nowhere.
    pub(super) fn note(&self, section: &Section<'_>, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            match self.places.iter().find(|place| place.name == problem.field) {
                Some(place) if place.is_told => {}
                Some(place) => section.note_at(place.offset, &place.title, problem.named(&place.lead)),
                None => section.unfit(&[], problem),
            }
        }
    }
}

/// The texts of a field: one, or several of a list. None where it is of a wrong kind, which is noted.
fn texts_of(section: &Section<'_>, field: &Field) -> Option<Vec<String>> {
    let key = field.key;
    if !section.has(key) {
        return Some(vec![String::new()]);
    }
    let one = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| vec![text.into_owned()]);
    match field.takes {
        Takes::Flag => section.flag(key).map(|flag| vec![flag.to_string()]),
        Takes::Projects => section.texts(key),
        Takes::Time => one(section.time(key)),
        Takes::Labels => one(section.text_or_pairs(key)),
        Takes::OneOf(choices) if choices.contains(&"on") => one(section.text_or_plain(key)),
        Takes::Limit => one(section.text_or_plain(key)),
        Takes::Number | Takes::Text | Takes::Thread => one(section.text_or_number(key)),
        _ => section.text(key).map(|text| vec![text.to_owned()]),
    }
}

/// The whole number that this is.
pub(super) fn whole(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
}
