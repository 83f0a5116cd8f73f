//! A status page: its fields, and how texts become one.

use super::channel::names;
use super::problem::{Problem, Problems};
use super::reader::{Reader, flag};
use super::texts::Texts;
use crate::model::{Field, StatusPage, Takes, thousands};

/// Its fields, in the order in which they are asked for.
pub const FIELDS: [Field; 4] = [
    Field::new("name", "Name in addresses", Takes::Name, "It will be at `/status/NAME`; it does not change afterwards.").required(),
    Field::new("title", "Title", Takes::Text, "What stands above the page, such as `Shop events`.").required(),
    Field::new("projects", "Projects", Takes::Projects, "The projects on the page, in their order, between commas; 20 at most.").required(),
    Field::new("public", "Public", Takes::Flag, "Whether everybody sees it who knows its address.").or("false"),
];

/// So many projects stand on one page at the most.
const MOST_PROJECTS: usize = 20;

/// So long may its title be.
const LONGEST_TITLE: usize = 120;

/// A status page that is not there yet.
///
/// # Errors
/// Everything that is wrong or missing.
pub fn added(texts: &Texts) -> Result<StatusPage, Problems> {
    over(texts, None)
}

/// The status page, changed by these texts. What they do not name stays.
///
/// # Errors
/// Everything that is wrong.
pub fn changed(known: &StatusPage, texts: &Texts) -> Result<StatusPage, Problems> {
    over(texts, Some(known))
}

pub(super) fn over(texts: &Texts, known: Option<&StatusPage>) -> Result<StatusPage, Problems> {
    let mut reader = Reader::of(texts);
    let name = reader.name(known.map(|known| &known.name), "shop");
    let title = "give what stands above the page, such as `Shop events`";
    let title = reader.required("title", title, known.map(|known| &known.title), |text| {
        let fits = text.chars().count() <= LONGEST_TITLE && !text.chars().any(char::is_control);
        if fits { Ok(text.to_owned()) } else { Err(format!("must be one line of at most {LONGEST_TITLE} characters")) }
    });
    let projects = reader.projects(known.map_or(&[], |known| &known.projects));
    match projects.len() {
        0 if texts.filled("projects").is_none() => reader.note(Problem::of("projects", "is missing; name one project at least")),
        count if count > MOST_PROJECTS => {
            reader.note(Problem::of("projects", format!("names {}; {MOST_PROJECTS} fit on a page", thousands(count as u64))));
        }
        _ => {}
    }
    let public = reader.or("public", known.map(|known| &known.public), false, flag);
    reader.finish_fields(FIELDS.iter(), "a status page");
    let page = name.zip(title).map(|(name, title)| StatusPage { name, title, projects, public });
    reader.finish(page)
}

/// What a field holds, as it may be shown and given back.
#[must_use]
pub fn value(page: &StatusPage, key: &str) -> Option<String> {
    match key {
        "name" => Some(page.name.to_string()),
        "title" => Some(page.title.clone()),
        "projects" => Some(names(&page.projects)).filter(|names| !names.is_empty()),
        "public" => Some(page.public.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_all_at_once_each_with_its_field() {
        let many = (0..21).map(|at| format!("p{at}")).collect::<Vec<_>>().join(",");
        let long = "x".repeat(121);
        for (given, says) in [
            (&[][..], &["name is missing", "title is missing", "projects is missing"][..]),
            (&[("name", "a b"), ("title", "x"), ("projects", "a b")], &["name `a b` cannot be", "projects `a b` cannot be"]),
            (&[("name", "a"), ("title", long.as_str()), ("projects", many.as_str())], &["title must be one line", "projects names 21"]),
            (
                &[("name", "a"), ("title", "x"), ("projects", "shop"), ("pubic", "on")],
                &["`pubic` is not a field of a status page; did you mean `public`?"],
            ),
        ] {
            let said: Vec<String> = added(&given.iter().copied().collect()).unwrap_err().iter().map(ToString::to_string).collect();
            assert!(said.len() == says.len() && said.iter().zip(says).all(|(said, says)| said.starts_with(says)), "{given:?}: {said:?}");
        }
    }

    #[test]
    fn what_is_not_given_stays() {
        let given = [("name", "shop"), ("title", "Shop events"), ("projects", "shop, blog"), ("public", "on")];
        let page = added(&given.into_iter().collect()).unwrap();
        assert_eq!((page.projects.len(), page.public), (2, true));
        assert_eq!(changed(&page, &[("name", "shop")].into_iter().collect()).unwrap(), page);
        let closed = changed(&page, &[("public", ""), ("projects", "shop")].into_iter().collect()).unwrap();
        assert_eq!((closed.projects.len(), closed.public, closed.title.as_str()), (1, false, "Shop events"));
        let shown: Texts = FIELDS.iter().filter_map(|field| Some((field.key, value(&page, field.key)?))).collect();
        assert_eq!(changed(&closed, &shown).unwrap(), page);
    }
}
