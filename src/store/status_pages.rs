//! Status pages.

use crate::model::{ProjectName, StatusPage};

use super::database::{Row, Work};
use super::statement::Statement;
use super::{Change, Store, StoreError, names};

const WHAT: &str = "reading status pages";

impl Store {
    pub async fn status_pages(&self) -> Result<Vec<StatusPage>, StoreError> {
        let mut pages = self.database.read(WHAT, all(), from_row).await?;
        // Sorted here, because the two databases order text differently.
        pages.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(pages)
    }

    pub async fn status_page(&self, name: &ProjectName) -> Result<Option<StatusPage>, StoreError> {
        Ok(self.database.read(WHAT, all().text(" WHERE name = ").bind(name.as_str()), from_row).await?.pop())
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
    let name = row.text(0)?;
    let damaged =
        |field: &str, wrong: &str| StoreError::Damaged(format!("status page {name}: its {field} in the database cannot be read: {wrong}"));
    Ok(StatusPage {
        title: row.text(1)?,
        projects: names::read(&row.text(2)?).map_err(|wrong| damaged("list of projects", &wrong))?,
        public: row.int(3)? != 0,
        name: ProjectName::parse(&name).map_err(|wrong| damaged("name", &wrong.to_string()))?,
    })
}
