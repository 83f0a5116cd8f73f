//! What was refused, in the words of the command line: with flags for fields, and the command that helps.

use super::error::Misuse;
use crate::config::{Kind, hint};
use crate::config::{Problem, Problems, Texts};
use crate::settings::{ChangeError, Clash};

/// Which flag stands for which field, where that is not called the same.
pub(super) type Flags<'a> = &'a [(&'a str, &'a str)];

/// What was refused, where fields are called as they are.
pub(super) fn plainly(rejected: ChangeError) -> anyhow::Error {
    told(&[])(rejected)
}

/// What was refused, where fields are flags.
pub(super) fn told(flags: Flags<'_>) -> impl Fn(ChangeError) -> anyhow::Error {
    move |rejected| match rejected {
        ChangeError::Wrong(problems) => Misuse(lines(problems.iter(), flags)).into(),
        ChangeError::Absent { what, name, known } => absent(what, &name, &known).into(),
        ChangeError::NoIncident(number) => Misuse(format!("there is no incident {number}; `heartbeat incidents` lists them")).into(),
        ChangeError::Clash(Clash::Busy) => Clash::Busy.into(),
        ChangeError::Clash(clash) => Misuse(format!("{clash}{}", help(&clash))).into(),
        ChangeError::Store(error) => error.into(),
    }
}

/// Each problem on a line of its own.
pub(super) fn lines<'p>(problems: impl IntoIterator<Item = &'p Problem>, flags: Flags<'_>) -> String {
    let flag = |field: &str| flags.iter().find(|(known, _)| *known == field).map(|(_, flag)| (*flag).to_owned());
    let line = |problem: &Problem| problem.named(&flag(&problem.field).unwrap_or_else(|| problem.field.clone()));
    problems.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Settings as a command line gives them, one after the other: those that could be read, and what is wrong with the others.
#[derive(Default)]
pub(super) struct Assigned {
    pub(super) texts: Texts,
    /// Of each the key, or why there is none.
    read: Vec<Result<String, Problem>>,
}

impl Assigned {
    pub(super) fn take(&mut self, read: Result<(&str, &str), String>) {
        self.read.push(match read {
            Ok((key, text)) => {
                self.texts.put(key, text);
                Ok(key.to_owned())
            }
            Err(says) => Err(Problem::whole("", says)),
        });
    }

    /// What is whole of the settings. Everything wrong with them is said at once, in the order of the command line.
    pub(super) fn with<T>(&self, make: impl FnOnce(&Texts) -> Result<T, ChangeError>) -> Result<T, ChangeError> {
        let (whole, wrong) = match make(&self.texts) {
            Ok(whole) => (Some(whole), Vec::new()),
            Err(ChangeError::Wrong(problems)) => (None, problems.into_iter().collect()),
            Err(other) => return Err(other),
        };
        let mut wrong = wrong.into_iter().peekable();
        let mut problems = Vec::new();
        for read in &self.read {
            match read {
                Err(unread) => problems.push(unread.clone()),
                Ok(key) => problems.extend(wrong.next_if(|problem| problem.field == *key || problem.field.is_empty())),
            }
        }
        problems.extend(wrong);
        match whole {
            Some(whole) => Ok(Problems::or(problems, whole)?),
            None => Err(Problems::of(problems).into()),
        }
    }
}

/// That something is not there: with what was probably meant, or what there is.
pub(super) fn absent(what: &str, name: &str, known: &[String]) -> Misuse {
    let hint = match what {
        _ if !known.is_empty() => hint(name, &known.iter().map(String::as_str).collect::<Vec<_>>()),
        "project" => "the store has none yet: `heartbeat projects add`, or `heartbeat apply`".to_owned(),
        "channel" => "there is none yet: `heartbeat channels add`".to_owned(),
        "status page" => "there is none yet: `heartbeat status-pages add`".to_owned(),
        _ => "there is none: `heartbeat maintenance add`".to_owned(),
    };
    Misuse(format!("there is no {what} `{name}`; {hint}"))
}

/// What helps.
fn help(clash: &Clash) -> String {
    match clash {
        Clash::Exists(subject) => match subject.kind {
            Kind::Project => "; `projects set` or `apply` changes it".to_owned(),
            Kind::Channel => "; `channels set` changes it".to_owned(),
            Kind::Maintenance => "; `maintenance remove` takes it away".to_owned(),
            Kind::StatusPage => "; `status-pages set` or `apply` changes it".to_owned(),
        },
        Clash::Installed { .. } => "; `apps configure` changes it".to_owned(),
        Clash::NotInstalled { app, project } => format!("; `apps install {app} --project {project}` does it"),
        Clash::Over(_) | Clash::Changed | Clash::Busy => String::new(),
    }
}
