//! Maintenance windows.

use std::time::Duration;

use heartbeat::model::{Cron, Weekly, When, Window};

use super::bed::Bed;
use super::samples::{START, at, name};

over_both!(
    windows_come_back_as_they_were_by_name,
    a_window_is_replaced_by_name_and_the_later_counts,
    what_is_in_both_is_put_and_what_is_not_there_is_no_fault,
    damaged_windows_are_named,
);

fn window(text: &str, when: When, projects: &[&str]) -> Window {
    Window { name: name(text), projects: projects.iter().map(|text| name(text)).collect(), when }
}

fn once() -> When {
    When::Once(at(START, 0), at(START, 1))
}

fn by_cron() -> When {
    When::Cron(Cron::parse("0 2 * * SUN Europe/Berlin").unwrap(), Duration::from_hours(2))
}

fn by_the_wall(zone: Option<&str>) -> When {
    When::Weekly(Weekly::parse("sat 22:00-06:00", zone).unwrap())
}

async fn windows_come_back_as_they_were_by_name(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.windows().await.unwrap(), []);
    let windows = [
        window("B", once(), &[]),
        window("a", by_cron(), &["shop", "2"]),
        window("b", by_the_wall(None), &[]),
        window("c", by_the_wall(Some("Africa/Cairo")), &[]),
    ];
    store.apply_windows(&[windows[2].clone(), windows[0].clone(), windows[3].clone(), windows[1].clone()], &[]).await.unwrap();
    assert_eq!(store.windows().await.unwrap(), windows);
    assert_eq!(store.revision().await.unwrap(), 1, "the loops are to read again");
}

async fn a_window_is_replaced_by_name_and_the_later_counts(bed: Bed) {
    let store = bed.open().await;
    store.apply_windows(&[window("night", once(), &["shop"])], &[]).await.unwrap();
    store.apply_windows(&[window("night", once(), &[]), window("night", by_cron(), &["mill"])], &[]).await.unwrap();
    assert_eq!(store.windows().await.unwrap(), [window("night", by_cron(), &["mill"])]);
    for when in [once(), by_the_wall(Some("Europe/Berlin")), by_the_wall(None), once()] {
        store.apply_windows(&[window("night", when.clone(), &["shop"])], &[]).await.unwrap();
        assert_eq!(store.windows().await.unwrap(), [window("night", when, &["shop"])]);
    }
}

async fn what_is_in_both_is_put_and_what_is_not_there_is_no_fault(bed: Bed) {
    let store = bed.open().await;
    store.apply_windows(&[window("night", once(), &[]), window("day", once(), &[])], &[]).await.unwrap();
    store.apply_windows(&[window("night", by_cron(), &[])], &[name("night"), name("day"), name("nobody")]).await.unwrap();
    assert_eq!(store.windows().await.unwrap(), [window("night", by_cron(), &[])]);
}

async fn damaged_windows_are_named(bed: Bed) {
    let store = bed.open().await;
    store.apply_windows(&[window("night", by_cron(), &[])], &[]).await.unwrap();
    for (damage, says) in [
        ("cron = 'now and then'", "its cron in the database cannot be read"),
        ("cron = NULL", "its times in the database cannot be read"),
        ("cron = NULL, from_ms = 1, to_ms = 2", "neither those of a single window nor of a repeated one"),
        ("cron = '0 2 * * SUN', projects = '[\" \"]'", "neither those of a single window"),
        ("from_ms = NULL, to_ms = NULL", "its list of projects in the database cannot be read: `"),
        ("projects = 'shop'", "its list of projects"),
        ("weekly = 'sun 02:00-04:00'", "its times in the database"),
        ("cron = NULL, lasts_ms = NULL, projects = '[]', weekly = 'sun'", "its weekly in the database cannot be read: `sun` must be days"),
        ("weekly = 'sun 02:00-04:00', timezone = 'Mars'", "its weekly in the database cannot be read: `Mars` is not a time zone"),
    ] {
        bed.execute(&format!("UPDATE windows SET {damage}")).await;
        let said = store.windows().await.unwrap_err().to_string();
        assert!(said.starts_with("maintenance window night: ") && said.contains(says), "{damage}: {said}");
    }
}
