//! `[[maintenance]]`: when incidents are recorded and nobody is told that they opened, as a settings file asks for it.

use std::time::Duration;

use crate::model::{Cron, ProjectName, Timestamp, Weekly, When, Window, zone};

use super::rules;
use super::section::Section;

const FIELD: &str = "maintenance";
/// No window that comes again is shorter.
const SHORTEST: Duration = Duration::from_mins(1);

/// Reads all maintenance windows of a file. One that has a problem is left out; the problem is noted.
pub(super) fn read_all(top: &Section<'_>) -> Vec<Window> {
    let mut names = Vec::new();
    let mut windows = Vec::new();
    for (index, section) in top.sections(FIELD, FIELD).into_iter().enumerate() {
        let section = section.numbered("", "maintenance", index);
        let name = section.required("name", "night", |text| rules::name(text, "maintenance window", &names));
        names.extend(name.clone());
        windows.extend(read(section, name));
    }
    windows
}

/// Leaves the windows of a file unread, and known.
pub(super) fn pass_over(top: &Section<'_>) {
    top.pass_over(&[FIELD]);
}

fn read(section: Section<'_>, name: Option<ProjectName>) -> Option<Window> {
    let projects = section.list("projects", ProjectName::parse);
    let ways = ["from", "cron", "weekly"].map(|key| section.has(key));
    let (ends, lasts) = (section.has("to"), section.has("lasts"));
    let when = match ways {
        [false, false, false] if ends => read_once(&section),
        [false, false, false] => {
            section
                .unfit(&[], "when it is open is missing; give `from` and `to`, or `cron` and `lasts`, or `weekly = \"sun 02:00-04:00\"`");
            None
        }
        [true, false, false] => read_once(&section),
        [false, true, false] => read_cron(&section),
        [false, false, true] => read_weekly(&section),
        _ => {
            section.unfit(&["from", "cron", "weekly"], "from, cron and weekly do not go together; give one of them");
            None
        }
    };
    if ends && (ways[1] || ways[2]) {
        section.wrong("to", "goes with from alone");
    }
    if lasts && !ways[1] {
        section.wrong("lasts", "goes with cron alone");
    }
    if section.has("timezone") && ways == [true, false, false] {
        section.wrong("timezone", "goes with cron and weekly; from and to hold their own, such as `Z` or `+02:00`");
    }
    section.finish();
    Some(Window { name: name?, projects, when: when? })
}

fn read_once(section: &Section<'_>) -> Option<When> {
    let [from, to] = ["from", "to"].map(|key| {
        if !section.has(key) {
            section.wrong(key, "is missing; give a time, such as `2026-11-23T02:00:00Z`");
        }
        section.time(key, Timestamp::parse)
    });
    let (from, to) = (from?, to?);
    if from >= to {
        section.wrong("to", format!("`{to}` must be later than from `{from}`"));
        return None;
    }
    Some(When::Once(from, to))
}

fn read_cron(section: &Section<'_>) -> Option<When> {
    let zone = read_zone(section);
    let cron = section.read("cron", |text| Cron::parse_in(text, zone.as_deref()));
    let lasts = section.required("lasts", "2h", |text| rules::within(text, SHORTEST, Window::LONGEST));
    Some(When::Cron(cron?, lasts?))
}

fn read_weekly(section: &Section<'_>) -> Option<When> {
    let zone = read_zone(section);
    section.read("weekly", |text| Weekly::parse(text, zone.as_deref())).map(When::Weekly)
}

fn read_zone(section: &Section<'_>) -> Option<String> {
    section.read("timezone", |text| zone(text).map(|_| text.trim().to_owned()))
}
