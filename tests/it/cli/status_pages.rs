//! `heartbeat status-pages`, `heartbeat projects set`, and routes by `apps configure`: what the page can change, the command line can.

use super::Home;

fn home() -> Home {
    let home = Home::new();
    let add = ["projects", "add", "shop", "--host", "us", "--token", "phc_a", "--no-personal-api-key", "--no-check"];
    assert_eq!(home.run(&add).code, 0);
    home
}

#[test]
fn a_status_page_comes_changes_and_goes() {
    let home = home();
    let wrong = home.run(&["status-pages", "add", "a b", "--project", "shop", "--public", "perhaps"]);
    assert_eq!(wrong.code, 2);
    for says in ["NAME `a b` may only contain letters", "--title is missing", "--public `perhaps` must be true or false"] {
        assert!(wrong.err.contains(says), "{says}: {}", wrong.err);
    }
    let absent = home.run(&["status-pages", "add", "data", "--title", "Data", "--project", "shpo"]);
    assert!(absent.code == 2 && absent.err.contains("did you mean `shop`?"), "{}", absent.err);
    let added = home.run(&["status-pages", "add", "data", "--title", "Shop data", "--project", "shop"]);
    assert_eq!((added.code, added.out.trim()), (0, "+ status_page data"));
    let changed = home.run(&["status-pages", "set", "data", "--public"]);
    assert_eq!((changed.code, changed.out.trim()), (0, "~ status_page data: public false -> true"));
    assert!(home.run(&["status-pages"]).out.contains("the public"));
    let exported = home.run(&["export"]).out;
    assert!(
        exported.contains("[[status_page]]\nname = \"data\"\ntitle = \"Shop data\"\nprojects = [\"shop\"]\npublic = true"),
        "{exported}"
    );
    assert_eq!(home.run_with_input(&["apply", "-", "--prune"], &exported).err, "Nothing to change.\n");
    let removed = home.run(&["status-pages", "remove", "data", "--json"]);
    assert!(removed.code == 0 && removed.out.contains("\"status_page\""), "{}", removed.out);
    assert!(home.run(&["status-pages", "remove", "data"]).err.contains("there is no status page `data`"));
}

#[test]
fn a_project_is_changed_field_by_field() {
    let home = home();
    let set = |given: &[&str]| home.run(&[&["projects", "set", "shop", "--no-check"], given].concat());
    assert!(set(&[]).err.contains("nothing to change"));
    let wrong = set(&["--set", "lat_after=2m", "--set", "host=nowhere"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean `late_after`?"), "{}", wrong.err);
    let wrong = set(&["--set", "host=nowhere", "--set", "late_after=soon"]);
    assert!(
        wrong.err.contains("host `nowhere` has no protocol") && wrong.err.contains("late_after `soon` is not a duration"),
        "{}",
        wrong.err
    );
    let changed = set(&["--set", "host=eu", "--set", "late_after=3m"]);
    assert_eq!((changed.code, changed.out.trim()), (0, "~ project shop: host us -> eu\n~ project shop: late_after 2m -> 3m"));
    assert_eq!(set(&["--set", "late_after="]).out.trim(), "~ project shop: late_after 3m -> 2m");
}

#[test]
fn routes_of_ones_own_are_settings_of_heartbeat() {
    let home = home();
    let app = |given: &[&str]| home.run(&[&["apps", given[0], "heartbeat", "--project", "shop"], &given[1..]].concat());
    assert_eq!(app(&["install"]).code, 0);
    let wrong = app(&["configure", "--set", "route.proxy.host=https://t.example.com"]);
    assert!(wrong.code == 2 && wrong.err.contains("route.proxy.event is missing"), "{}", wrong.err);
    let given = ["configure", "--set", "route.proxy.event=heartbeat_proxy", "--set", "route.proxy.host=https://t.example.com"];
    let added = app(&given);
    assert!(added.code == 0 && added.out.contains("heartbeat.route.proxy.event none -> heartbeat_proxy"), "{}{}", added.out, added.err);
    assert_eq!(app(&given).err.lines().next(), Some("Nothing to change."));
    let removed = app(&["configure", "--set", "route.proxy="]);
    assert!(removed.out.contains("heartbeat.route.proxy.event heartbeat_proxy -> none"), "{}", removed.out);
}
