//! What was refused, in the words of the command line: with flags for fields, and the command that helps.

use super::trouble::Misuse;
use crate::config::{Kind, nearest};
use crate::edit::{Clash, EditError, Problem};

/// Which flag stands for which field, where that is not called the same.
pub(super) type Flags<'a> = &'a [(&'a str, &'a str)];

/// What was refused, where fields are called as they are.
pub(super) fn plainly(refused: EditError) -> anyhow::Error {
    told(&[])(refused)
}

/// What was refused, where fields are flags.
pub(super) fn told(flags: Flags<'_>) -> impl Fn(EditError) -> anyhow::Error {
    move |refused| match refused {
        EditError::Wrong(problems) => Misuse(lines(problems.iter(), flags)).into(),
        EditError::Absent { what, name, known } => absent(what, &name, &known).into(),
        EditError::NoIncident(number) => Misuse(format!("there is no incident {number}; `heartbeat incidents` lists them")).into(),
        EditError::Clash(Clash::Busy) => Clash::Busy.into(),
        EditError::Clash(clash) => Misuse(format!("{clash}{}", help(&clash))).into(),
        EditError::Store(error) => error.into(),
    }
}

/// Each problem on a line of its own.
pub(super) fn lines<'p>(problems: impl IntoIterator<Item = &'p Problem>, flags: Flags<'_>) -> String {
    let flag = |field: &str| flags.iter().find(|(known, _)| *known == field).map(|(_, flag)| (*flag).to_owned());
    let line = |problem: &Problem| problem.named(&flag(&problem.field).unwrap_or_else(|| problem.field.clone()));
    problems.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// That something is not there: with what was probably meant, or what there is.
pub(super) fn absent(what: &str, name: &str, known: &[String]) -> Misuse {
    let names = || known.iter().map(String::as_str);
    let hint = match nearest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => match what {
            "project" => "the store has none yet: `heartbeat projects add`, or `heartbeat apply`".to_owned(),
            "channel" => "there is none yet: `heartbeat channels add`".to_owned(),
            _ => "there is none: `heartbeat maintenance add`".to_owned(),
        },
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Misuse(format!("there is no {what} `{name}`; {hint}"))
}

/// What helps.
fn help(clash: &Clash) -> String {
    match clash {
        Clash::Taken(subject) => match subject.kind {
            Kind::Project => "; `projects set-key` or `apply` changes it".to_owned(),
            Kind::Channel => "; `channels set` changes it".to_owned(),
            Kind::Maintenance => "; `maintenance remove` takes it away".to_owned(),
        },
        Clash::Installed { .. } => "; `apps configure` changes it".to_owned(),
        Clash::NotInstalled { app, project } => format!("; `apps install {app} --project {project}` does it"),
        Clash::Over(_) | Clash::Busy => String::new(),
    }
}
