//! Maintenance windows in a settings file: once, by crontab, weekly.

use std::fmt::Write as _;

use heartbeat::model::{Host, ProjectName, ProjectSpec, ProjectToken, Timestamp, Window};

use super::{File, environment};

fn file(lines: &str) -> String {
    format!("[[maintenance]]\nname = \"night\"\n{lines}\n")
}

fn window(lines: &str) -> Window {
    let mut windows = File::of(file(lines)).load(&environment()).unwrap_or_else(|problems| panic!("{lines}: {problems:?}")).windows;
    assert_eq!(windows.len(), 1);
    windows.remove(0).spec
}

fn is_open(window: &Window, project: &str, at: &str) -> bool {
    let (name, host) = (ProjectName::parse(project).unwrap(), Host::parse("us").unwrap());
    let project = ProjectSpec::new(name, host, ProjectToken::parse("phc_a").unwrap());
    window.open_until(&project, Timestamp::parse(at).unwrap()).is_some()
}

#[test]
fn what_does_not_go_together_is_reported() {
    let mut told = String::new();
    for lines in [
        "",
        "to = 2026-12-01T04:00:00Z",
        "from = 2026-12-01T04:00:00Z",
        "from = 2026-12-01T04:00:00Z\nto = 2026-12-01T04:00:00Z",
        "cron = \"0 2 * * SUN\"",
        "cron = \"0 2 * *\"\nlasts = \"2h\"",
        "cron = \"0 2 * * SUN\"\nlasts = \"8d\"",
        "cron = \"0 2 * * SUN\"\nlasts = \"1s\"",
        "cron = \"0 2 * * SUN UTC\"\nlasts = \"2h\"\ntimezone = \"Europe/Berlin\"",
        "cron = \"0 2 * * SUN\"\nlasts = \"2h\"\ntimezone = \"Mars/Olympus\"",
        "cron = \"0 2 * * SUN\"\nlasts = \"2h\"\nto = 2026-12-01T04:00:00Z",
        "weekly = \"sunday 02:00-04:00\"",
        "weekly = \"sun 02:00-02:00\"",
        "weekly = \"sun 02:00-04:00\"\nlasts = \"2h\"",
        "weekly = \"sun 02:00-04:00\"\ncron = \"0 2 * * SUN\"\nlasts = \"2h\"",
        "from = 2026-12-01T02:00:00Z\nto = 2026-12-01T04:00:00Z\ntimezone = \"Europe/Berlin\"",
    ] {
        let problems = File::of(file(lines)).problems();
        let _ = writeln!(told, "{}\n    {}", lines.replace('\n', "; "), problems.replace('\n', "\n    "));
    }
    insta::assert_snapshot!("windows that do not fit", told);
}

#[test]
fn windows_need_names_of_their_own() {
    let twice = file("weekly = \"sun 02:00-04:00\"").repeat(2);
    insta::assert_snapshot!(File::of(twice).problems(), @r#"
    heartbeat.toml:5: maintenance "night": name `night` is used twice; each maintenance window needs its own name
    "#);
}

#[test]
fn a_time_may_stand_in_quotes_or_without() {
    let bare = window("from = 2026-12-01T02:00:00Z\nto = 2026-12-01T05:00:00+01:00");
    let quoted = window("from = \"2026-12-01T02:00:00Z\"\nto = \"2026-12-01T04:00:00Z\"");
    assert_eq!(bare, quoted);
    assert!(is_open(&bare, "shop", "2026-12-01T03:59:59Z") && !is_open(&bare, "shop", "2026-12-01T04:00:00Z"));
}

#[test]
fn a_weekly_window_passes_midnight_and_knows_its_time_zone() {
    let night = window("weekly = \"sun 23:00-01:00\"\nprojects = [\"shop\"]");
    assert!(is_open(&night, "shop", "2026-11-22T23:00:00Z") && is_open(&night, "shop", "2026-11-23T00:59:59Z"));
    assert!(!is_open(&night, "shop", "2026-11-23T01:00:00Z") && !is_open(&night, "shop", "2026-11-23T23:30:00Z"));
    assert!(!is_open(&night, "blog", "2026-11-22T23:30:00Z"));

    let berlin = window("weekly = \"sun 23:00-01:00\"\ntimezone = \"Europe/Berlin\"");
    assert!(is_open(&berlin, "shop", "2026-11-22T22:00:00Z") && !is_open(&berlin, "shop", "2026-11-23T00:00:00Z"));
    let cron = window("cron = \"0 23 * * SUN\"\ntimezone = \"Europe/Berlin\"\nlasts = \"2h\"");
    assert!(is_open(&cron, "shop", "2026-11-22T22:00:00Z") && !is_open(&cron, "shop", "2026-11-23T00:00:00Z"));
}
