//! A section of a settings file as texts by name, with their places: the readers of forms and flags also read files.

use super::key_fields::{KeyFields, TOKEN};
use super::keys::{Given, KeyPlaces};
use super::problem::Problem;
use super::section::Section;
use super::texts::Texts;
use crate::model::{Field, Takes};

#[derive(Default)]
pub(super) struct Written {
    pub(super) texts: Texts,
    places: Vec<Place>,
}

struct Place {
    name: String,
    title: String,
    offset: usize,
    /// The subject of a sentence about the text: `token_file names a file whose text`.
    lead: String,
    /// Whether its problem is already reported.
    is_reported: bool,
}

impl Written {
    /// Reads these fields, with `prefix` before their keys. A missing field is empty and gets its default; a missing secret keeps the
    /// stored one.
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
            match Given::of(fields, section) {
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

    /// Adds a text that is not a field of the section.
    pub(super) fn say(&mut self, section: &Section<'_>, name: impl Into<String>, key: &str, text: &str) {
        self.put(section, name.into(), key, key.to_owned(), Some(text.to_owned()));
    }

    /// Notes the place of a name, for problems with it.
    pub(super) fn stands(&mut self, section: &Section<'_>, name: String, key: &str) {
        self.note_place(section, name, key, key.to_owned(), false);
    }

    fn put(&mut self, section: &Section<'_>, name: String, key: &str, lead: String, text: Option<String>) {
        self.note_place(section, name.clone(), key, lead, text.is_none());
        if let Some(text) = text {
            self.texts.put(name, &text);
        }
    }

    fn note_place(&mut self, section: &Section<'_>, name: String, key: &str, lead: String, is_reported: bool) {
        self.places.push(Place { name, title: section.title().to_owned(), offset: section.place_of(&[key]), lead, is_reported });
    }

    /// Reports each problem at the place of its text, else at `section`.
    pub(super) fn note(&self, section: &Section<'_>, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            match self.places.iter().find(|place| place.name == problem.field) {
                Some(place) if place.is_reported => {}
                Some(place) => section.note_at(place.offset, &place.title, problem.called(&place.lead)),
                None => section.unfit(&[], problem),
            }
        }
    }
}

/// None if the type is wrong, which is noted.
fn texts_of(section: &Section<'_>, field: &Field) -> Option<Vec<String>> {
    if !section.has(field.key) {
        return Some(vec![String::new()]);
    }
    match field.takes {
        Takes::Names => section.texts(field.key),
        _ => section.text_of(field).map(|text| vec![text.into_owned()]),
    }
}
