//! Status pages.

use std::fmt::Display;

use crate::model::{Project, ProjectName, StatusPage};

use super::database::{Row, Work};
use super::error::damaged;
use super::statement::Statement;
use super::{Change, Store, StoreError, names};

const WHAT: &str = "reading status pages";

/// An entry of a page can match any number of projects, and the public may ask for the page at any time.
const MOST_SHOWN: usize = 100;

impl Store {
    pub async fn status_pages(&self) -> Result<Vec<StatusPage>, StoreError> {
        Ok(names::by_name(self.database.read(WHAT, all(), from_row).await?, |page| &page.name))
    }

    pub async fn status_page(&self, name: &ProjectName) -> Result<Option<StatusPage>, StoreError> {
        Ok(self.database.read(WHAT, all().text(" WHERE name = ").bind(name.as_str()), from_row).await?.pop())
    }

    /// In the order of the page, at most 100.
    pub async fn projects_on(&self, page: &StatusPage) -> Result<Vec<Project>, StoreError> {
        let mut projects = self.projects_named(&self.names_in(&page.projects).await?).await?;
        projects.retain(|project| page.shows(&project.spec));
        page.projects.order(&mut projects);
        projects.truncate(MOST_SHOWN);
        Ok(projects)
    }
}

pub(super) async fn apply(work: &mut Work, change: &Change<'_>) -> Result<(), StoreError> {
    for name in change.remove_status_pages {
        work.run(Statement::new("DELETE FROM status_pages WHERE name = ").bind(name.as_str())).await?;
    }
    for page in change.put_status_pages {
        let row =
            [page.name.as_str().into(), page.title.as_str().into(), names::write(&page.projects).into(), i64::from(page.public).into()];
        let insert = Statement::new("INSERT INTO status_pages (name, title, projects, is_public) VALUES ").rows([row]);
        let replace =
            " ON CONFLICT (name) DO UPDATE SET title = excluded.title, projects = excluded.projects, is_public = excluded.is_public";
        work.run(insert.text(replace)).await?;
    }
    Ok(())
}

fn all() -> Statement {
    Statement::new("SELECT name, title, projects, is_public FROM status_pages")
}

fn from_row(row: &Row) -> Result<StatusPage, StoreError> {
    let name = row.text("name")?;
    let damaged = |field: &str, wrong: &dyn Display| damaged("status page", &name, field, wrong);
    Ok(StatusPage {
        title: row.text("title")?,
        projects: names::read(&row.text("projects")?).map_err(|wrong| damaged("list of projects", &wrong))?,
        public: row.int("is_public")? != 0,
        name: ProjectName::parse(&name).map_err(|wrong| damaged("name", &wrong))?,
    })
}
