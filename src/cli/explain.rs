//! Turns rejected changes into errors that name flags instead of fields, and the command that helps.

use super::error::Misuse;
use crate::config::{Kind, Problem, hint};
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
    let name = |field: &str| flags.iter().find(|(key, _)| *key == field).map_or(field, |(_, flag)| *flag).to_owned();
    problems.into_iter().map(|problem| problem.clone().renamed(name).to_string()).collect::<Vec<_>>().join("\n")
}

/// The hint names the probable name, or all names, or the command that adds one.
pub(super) fn absent(what: &str, name: &str, names: &[String]) -> Misuse {
    let hint = match what {
        _ if !names.is_empty() => hint(name, &names.iter().map(String::as_str).collect::<Vec<_>>()).to_string(),
        "project" => "add one with `heartbeat projects add` or `heartbeat apply`".to_owned(),
        "channel" => "add one with `heartbeat channels add`".to_owned(),
        "status page" => "add one with `heartbeat status-pages add`".to_owned(),
        "maintenance window" => "add one with `heartbeat maintenance add`".to_owned(),
        _ => "there is none yet".to_owned(),
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
