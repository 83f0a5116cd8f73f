//! `[[channel]]`: where notices go, as a settings file asks for it.

use crate::message::Template;
use crate::model::{ChannelKind, ChannelSpec, Field, ProjectName, Severity, Takes, Values};

use super::keys::{KeyFields, KeyPlaces};
use super::section::Section;
use super::{WantedChannel, rules, suggest};

const FIELD: &str = "channel";

/// Reads all channels of a file. One that has a problem is left out; the problem is noted.
pub(super) fn read_all(top: &Section<'_>, places: KeyPlaces<'_>) -> Vec<WantedChannel> {
    let mut names = Vec::new();
    let mut channels = Vec::new();
    for (index, section) in top.sections(FIELD, FIELD).into_iter().enumerate() {
        let section = section.numbered("", "channel", index);
        let name = section.required("name", "ops", |text| rules::name(text, "channel", &names));
        names.extend(name.clone());
        channels.extend(read(section, name, places));
    }
    channels
}

/// Leaves the channels of a file unread, and known.
pub(super) fn pass_over(top: &Section<'_>) {
    top.pass_over(&[FIELD]);
}

/// Everything is read before anything is given up, so that all problems are found.
fn read(section: Section<'_>, name: Option<ProjectName>, places: KeyPlaces<'_>) -> Option<WantedChannel> {
    let kind = section.required("kind", "slack", kind_named);
    let enabled = section.flag("enabled").unwrap_or(true);
    let projects = section.list("projects", ProjectName::parse);
    let least = section.read("severity", Severity::parse).unwrap_or(Severity::Info);
    let at_once = section.positive("at_once").and_then(|number| {
        let fits = u16::try_from(number).ok();
        fits.or_else(|| {
            section.wrong("at_once", format!("`{number}` must lie from 1 to {}", u16::MAX));
            None
        })
    });
    let [title, body] = ["title", "body"].map(|key| section.text(key).filter(|text| !text.trim().is_empty()).map(str::to_owned));
    for says in wrong_words(title.as_deref(), body.as_deref()) {
        section.unfit(&["title", "body"], says);
    }
    let Some(kind) = kind else {
        // Which fields belong here nobody knows: none of them is called wrong.
        section.finish_knowing(ChannelKind::ALL.into_iter().flat_map(ChannelKind::fields).map(|field| field.key));
        return None;
    };
    let values = read_values(&section, kind, enabled, places);
    let at_once = at_once.unwrap_or(ChannelSpec::AT_ONCE);
    let wanted = name.zip(values).map(|(name, (values, as_stored))| {
        let spec = ChannelSpec { name, kind, enabled, projects, least, at_once, title, body, values };
        WantedChannel { spec, as_stored }
    });
    // What is left to the store is not known here; whoever puts it all together looks again.
    if let Some(whole) = wanted.as_ref().filter(|wanted| wanted.as_stored.is_empty()) {
        for says in whole.spec.problems() {
            section.unfit(&[], says);
        }
    }
    section.finish();
    wanted
}

/// What is wrong with the templates that stand in place of a title and a text: whole sentences.
fn wrong_words(title: Option<&str>, body: Option<&str>) -> Vec<String> {
    let wrong = |(key, text): (&str, Option<&str>)| Some(format!("{key} {}", Template::parse(text?).err()?));
    [("title", title), ("body", body)].into_iter().filter_map(wrong).collect()
}

fn kind_named(text: &str) -> Result<ChannelKind, String> {
    ChannelKind::named(text.trim()).ok_or_else(|| {
        let names = ChannelKind::ALL.map(ChannelKind::name);
        match suggest::nearest(text, names) {
            Some(meant) => format!("`{text}` is no kind of channel; did you mean `{meant}`?"),
            None => format!("`{text}` is no kind of channel; there are {}", names.join(", ")),
        }
    })
}

/// What the kind's own fields hold, and which secrets are left as they are stored. Nothing, when one of them is wrong.
fn read_values(section: &Section<'_>, kind: ChannelKind, enabled: bool, places: KeyPlaces<'_>) -> Option<(Values, Vec<&'static str>)> {
    let mut values = Values::default();
    let mut as_stored = Vec::new();
    let mut all_right = true;
    for field in kind.fields() {
        let read = if field.secret {
            let Some(given) = KeyFields::of(field.key).given(section) else {
                as_stored.push(field.key);
                continue;
            };
            given.read(section, places, |text| checked(field, enabled, text))
        } else if section.has(field.key) {
            let text = if field.takes == Takes::Labels { section.text_or_pairs(field.key) } else { section.text_or_number(field.key) };
            text.and_then(|text| checked(field, enabled, &text).map_err(|says| section.wrong(field.key, says)).ok())
        } else if field.required {
            section.wrong(field.key, format!("is missing: {}", field.hint));
            None
        } else {
            continue;
        };
        all_right &= read.is_some();
        values.set(field.key, &read.unwrap_or_default());
    }
    all_right.then_some((values, as_stored))
}

/// What the field takes; an empty text takes away what need not be there. A channel that is not enabled may wait with its placeholders.
fn checked(field: &Field, enabled: bool, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() && !field.required {
        return Ok(String::new());
    }
    if enabled {
        rules::not_a_placeholder(text)?;
    }
    let quoted = if field.secret || matches!(field.takes, Takes::Addresses | Takes::Labels) { String::new() } else { format!("`{text}` ") };
    field.takes.check(text).map(|()| text.to_owned()).map_err(|says| format!("{quoted}{says}"))
}
