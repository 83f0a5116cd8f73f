//! A status page from texts: what it is called, what stands above it, of which projects it is, and who sees it.

use super::problem::{Problem, Problems};
use super::texts::project_names;
use super::trouble::EditError;
use crate::model::{ProjectName, StatusPage, thousands};
use crate::store::Store;

/// So many projects stand on one page at the most.
const MOST_PROJECTS: usize = 20;

/// So long may its title be.
const LONGEST_TITLE: usize = 120;

/// A status page that is wanted, as texts.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// What to call it in addresses.
    pub name: &'a str,
    /// What stands above it.
    pub title: &'a str,
    /// Names of projects, in their order.
    pub projects: Vec<&'a str>,
    /// Whether strangers see it.
    pub public: bool,
}

impl Wanted<'_> {
    /// The page.
    ///
    /// # Errors
    /// All that is wrong with it; and the store's.
    pub async fn page(&self, store: &dyn Store) -> Result<StatusPage, EditError> {
        let mut problems = Vec::new();
        let name = ProjectName::parse(self.name).map_err(|wrong| problems.push(Problem::of("name", wrong))).ok();
        let title = self.title.trim();
        if title.is_empty() {
            problems.push(Problem::of("title", "is empty; give what stands above the page, such as `Shop events`"));
        } else if title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control) {
            problems.push(Problem::of("title", format!("must be one line of at most {LONGEST_TITLE} characters")));
        }
        let (projects, wrong) = project_names(self.projects.iter().map(|text| text.trim()).filter(|text| !text.is_empty()));
        problems.extend(wrong);
        if projects.len() <= MOST_PROJECTS {
            let known = store.projects_named(&projects).await?;
            let absent = projects.iter().filter(|name| known.iter().all(|project| project.spec.name != **name));
            problems.extend(absent.map(|name| Problem::whole("projects", format!("there is no project `{name}`"))));
        }
        match projects.len() {
            0 if problems.iter().all(|problem| problem.field != "projects") => {
                problems.push(Problem::of("projects", "is empty; name one at least"));
            }
            count if count > MOST_PROJECTS => {
                problems.push(Problem::of("projects", format!("names {}; {MOST_PROJECTS} fit on a page", thousands(count as u64))));
            }
            _ => {}
        }
        match name {
            Some(name) if problems.is_empty() => Ok(StatusPage { name, title: title.to_owned(), projects, public: self.public }),
            _ => Err(Problems::of(problems).into()),
        }
    }
}
