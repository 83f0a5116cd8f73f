//! Maintenance windows.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use crate::model::{Cron, ProjectName, Timestamp, Weekly, When, Window};

use super::database::{Row, Work};
use super::error::damaged;
use super::names;
use super::statement::Statement;
use super::value::Value;
use super::{Change, Store, StoreError};

const ROWS: usize = 500;

impl Store {
    pub async fn windows(&self) -> Result<Vec<Window>, StoreError> {
        let all = Statement::new("SELECT name, projects, from_ms, to_ms, cron, lasts_ms, weekly, timezone FROM windows");
        Ok(names::by_name(self.database.read("reading maintenance windows", all, from_row).await?, |window| &window.name))
    }
}

/// Removes windows, then adds or replaces others. If two have the same name, the later one is used.
pub(super) async fn apply(work: &mut Work, change: &Change<'_>) -> Result<(), StoreError> {
    for some in change.remove_windows.chunks(ROWS) {
        work.run(Statement::new("DELETE FROM windows WHERE name IN ").list(some.iter().map(ProjectName::as_str))).await?;
    }
    let latest: HashMap<&str, &Window> = change.put_windows.iter().map(|window| (window.name.as_str(), window)).collect();
    let latest: Vec<&Window> = latest.into_values().collect();
    for some in latest.chunks(ROWS) {
        let insert = Statement::new("INSERT INTO windows (name, projects, from_ms, to_ms, cron, lasts_ms, weekly, timezone) VALUES ");
        let replace = " ON CONFLICT (name) DO UPDATE SET projects = excluded.projects, from_ms = excluded.from_ms, to_ms = excluded.to_ms, \
                       cron = excluded.cron, lasts_ms = excluded.lasts_ms, weekly = excluded.weekly, timezone = excluded.timezone";
        work.run(insert.rows(some.iter().map(|window| to_row(window))).text(replace)).await?;
    }
    Ok(())
}

fn to_row(window: &Window) -> [Value; 8] {
    let (mut times, mut lasts) = ([None::<i64>; 2], None::<i64>);
    let (mut cron, mut weekly, mut timezone) = (None::<String>, None::<String>, None::<String>);
    match &window.when {
        When::Once(from, to) => times = [Some(from.ms()), Some(to.ms())],
        When::Cron(expression, for_so_long) => (cron, lasts) = (Some(expression.to_string()), Some(for_so_long.as_millis() as i64)),
        When::Weekly(of) => (weekly, timezone) = (Some(of.written().to_owned()), of.timezone().map(str::to_owned)),
    }
    let [from, to] = times;
    [
        window.name.as_str().into(),
        names::write(&window.projects).into(),
        from.into(),
        to.into(),
        cron.into(),
        lasts.into(),
        weekly.into(),
        timezone.into(),
    ]
}

fn from_row(row: &Row) -> Result<Window, StoreError> {
    let name = row.text("name")?;
    let damaged = |field: &str, wrong: &dyn Display| damaged("maintenance window", &name, field, wrong);
    let lasts: Option<Duration> = row.maybe("lasts_ms")?;
    let timezone = row.maybe_text("timezone")?;
    let when = match (row.maybe_int("from_ms")?, row.maybe_int("to_ms")?, row.maybe_text("cron")?, lasts, row.maybe_text("weekly")?) {
        (Some(from), Some(to), None, None, None) => When::Once(Timestamp::from_ms(from), Timestamp::from_ms(to)),
        (None, None, Some(cron), Some(lasts), None) => When::Cron(Cron::parse(&cron).map_err(|wrong| damaged("cron", &wrong))?, lasts),
        (None, None, None, None, Some(weekly)) => {
            When::Weekly(Weekly::parse(&weekly, timezone.as_deref()).map_err(|wrong| damaged("weekly", &wrong))?)
        }
        _ => return Err(damaged("times", &"they are neither those of a single window nor of a repeated one")),
    };
    Ok(Window {
        projects: names::read(&row.text("projects")?).map_err(|wrong| damaged("list of projects", &wrong))?,
        name: ProjectName::parse(&name).map_err(|wrong| damaged("name", &wrong))?,
        when,
    })
}
