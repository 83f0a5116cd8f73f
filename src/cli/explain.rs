//! Turns rejected changes into errors that name flags instead of fields, and the command that helps.

use super::error::Misuse;
use crate::config::{Kind, hint};
use crate::config::{Problem, Problems, Texts};
use crate::settings::{ChangeError, Clash};

/// Pairs of a field and its flag.
pub(super) type Flags<'a> = &'a [(&'a str, &'a str)];

pub(super) fn explain(rejected: ChangeError) -> anyhow::Error {
    explain_with(&[])(rejected)
}

pub(super) fn explain_with(flags: Flags<'_>) -> impl Fn(ChangeError) -> anyhow::Error {
    move |rejected| match rejected {
        ChangeError::Wrong(problems) => Misuse(lines(problems.iter(), flags)).into(),
        ChangeError::Absent { what, name, known } => absent(what, &name, &known).into(),
        ChangeError::NoIncident(number) => Misuse(format!("there is no incident {number}; list them with `heartbeat incidents`")).into(),
        ChangeError::Clash(Clash::Busy) => Clash::Busy.into(),
        ChangeError::Clash(clash) => Misuse(format!("{clash}{}", help(&clash))).into(),
        ChangeError::Store(error) => error.into(),
    }
}

pub(super) fn lines<'p>(problems: impl IntoIterator<Item = &'p Problem>, flags: Flags<'_>) -> String {
    let flag = |field: &str| flags.iter().find(|(name, _)| *name == field).map(|(_, flag)| (*flag).to_owned());
    let line = |problem: &Problem| problem.named(&flag(&problem.field).unwrap_or_else(|| problem.field.clone()));
    problems.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The settings of a command line in their order: those that could be read, and the problems of the others.
#[derive(Default)]
pub(super) struct Assigned {
    pub(super) texts: Texts,
    /// The key of each setting, or its problem.
    read: Vec<Result<String, Problem>>,
}

impl Assigned {
    pub(super) fn add(&mut self, read: Result<(&str, &str), String>) {
        self.read.push(match read {
            Ok((key, text)) => {
                self.texts.put(key, text);
                Ok(key.to_owned())
            }
            Err(problem) => Err(Problem::whole("", problem)),
        });
    }

    /// Makes a value of the settings, or reports all problems in the order of the command line.
    pub(super) fn with<T>(&self, make: impl FnOnce(&Texts) -> Result<T, ChangeError>) -> Result<T, ChangeError> {
        let (value, wrong) = match make(&self.texts) {
            Ok(value) => (Some(value), Vec::new()),
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
        match value {
            Some(value) => Ok(Problems::or(problems, value)?),
            None => Err(Problems::of(problems).into()),
        }
    }
}

/// The hint names the probable name, or all names, or the command that adds one.
pub(super) fn absent(what: &str, name: &str, names: &[String]) -> Misuse {
    let hint = match what {
        _ if !names.is_empty() => hint(name, &names.iter().map(String::as_str).collect::<Vec<_>>()),
        "project" => "add one with `heartbeat projects add` or `heartbeat apply`".to_owned(),
        "channel" => "add one with `heartbeat channels add`".to_owned(),
        "status page" => "add one with `heartbeat status-pages add`".to_owned(),
        _ => "add one with `heartbeat maintenance add`".to_owned(),
    };
    Misuse(format!("there is no {what} `{name}`; {hint}"))
}

fn help(clash: &Clash) -> String {
    match clash {
        Clash::Exists(subject) => match subject.kind {
            Kind::Project => "; change it with `projects set` or `apply`".to_owned(),
            Kind::Channel => "; change it with `channels set`".to_owned(),
            Kind::Maintenance => "; remove it with `maintenance remove`".to_owned(),
            Kind::StatusPage => "; change it with `status-pages set` or `apply`".to_owned(),
        },
        Clash::Installed { .. } => "; change it with `apps configure`".to_owned(),
        Clash::NotInstalled { app, project } => format!("; install it with `apps install {app} --project {project}`"),
        Clash::Over(_) | Clash::Changed | Clash::Busy => String::new(),
    }
}
