//! A status page: its fields, and the conversion from texts.

use super::entity::{Entity, Kind, Origin};
use super::problem::{Problem, Problems};
use super::reader::{Reader, flag};
use super::rules;
use super::texts::Texts;
use super::value::{self, Value};
use crate::model::{Field, Invalid, ProjectFilter, ProjectName, StatusPage, Takes};

/// In the order in which users are asked for them.
pub const FIELDS: [Field; 4] = [
    Field::new("name", "Name", Takes::Name, "The page is at `/status/NAME`. The name cannot be changed later.").required(),
    Field::new("title", "Title", Takes::Text, "Heading of the page, for example `Shop events`.").required(),
    Field::new("projects", "Projects", Takes::Names, "Projects on the page in display order, separated by commas; at most 20.").required(),
    Field::new("public", "Public", Takes::Flag, "Whether the public can see the page without login.").or("false"),
];

const MOST_PROJECTS: usize = 20;

const LONGEST_TITLE: usize = 120;

impl Entity for StatusPage {
    const KIND: Kind = Kind::StatusPage;

    fn name(&self) -> &ProjectName {
        &self.name
    }

    fn values(&self) -> Vec<Value> {
        value::of(&FIELDS, |key| value(self, key)).collect()
    }

    fn over(texts: &Texts, stored: Option<&Self>, _origin: Origin) -> Result<Self, Problems> {
        over(texts, stored)
    }

    fn projects(&self) -> Option<&ProjectFilter> {
        Some(&self.projects)
    }
}

pub fn added(texts: &Texts) -> Result<StatusPage, Problems> {
    over(texts, None)
}

/// A field that is not in `texts` keeps its value.
pub fn changed(stored: &StatusPage, texts: &Texts) -> Result<StatusPage, Problems> {
    over(texts, Some(stored))
}

fn over(texts: &Texts, stored: Option<&StatusPage>) -> Result<StatusPage, Problems> {
    let mut reader = Reader::of(texts);
    let name = reader.name(stored.map(|stored| &stored.name), "give it a name, such as `shop`");
    let title = "give a heading, for example `Shop events`";
    let title = reader.required("title", title, stored.map(|stored| &stored.title), |text| rules::one_line(text, LONGEST_TITLE));
    let projects = reader.projects(stored.map(|stored| &stored.projects));
    match projects.entries().len() {
        0 if texts.filled("projects").is_none() => reader.note(Problem::of("projects", Invalid::missing("name at least one project"))),
        count if count > MOST_PROJECTS => {
            reader.note(Problem::of("projects", Invalid::TooMany { count, most: MOST_PROJECTS }));
        }
        _ => {}
    }
    let public = reader.or("public", stored.map(|stored| &stored.public), false, flag);
    reader.finish_fields(&FIELDS, "a status page", |_| false);
    let page = name.zip(title).map(|(name, title)| StatusPage { name, title, projects, public });
    reader.finish(page)
}

#[must_use]
pub fn value(page: &StatusPage, key: &str) -> Option<String> {
    match key {
        "name" => Some(page.name.to_string()),
        "title" => Some(page.title.clone()),
        "projects" => value::of_names(page.projects.entries()),
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
            (&[("name", "a b"), ("title", "x"), ("projects", "a b")], &["name `a b` may only", "projects `a b` may only"]),
            (
                &[("name", "a"), ("title", long.as_str()), ("projects", many.as_str())],
                &["title must be 1 to 120 characters", "projects names 21"],
            ),
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
        assert_eq!((page.projects.entries().len(), page.public), (2, true));
        assert_eq!(changed(&page, &[("name", "shop")].into_iter().collect()).unwrap(), page);
        let closed = changed(&page, &[("public", ""), ("projects", "shop")].into_iter().collect()).unwrap();
        assert_eq!((closed.projects.entries().len(), closed.public, closed.title.as_str()), (1, false, "Shop events"));
        let shown: Texts = FIELDS.iter().filter_map(|field| Some((field.key, value(&page, field.key)?))).collect();
        assert_eq!(changed(&closed, &shown).unwrap(), page);
    }
}
