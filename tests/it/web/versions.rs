//! Two tabs that edit the same thing: no save overwrites a change that its user has not seen.

use heartbeat::model::{IngestionAlertApp, ProjectFilter, ProjectSpec, Role, StatusPage, Weekly, When, Window};
use heartbeat::store::AuditFilter;
use reqwest::StatusCode;

use super::bed::{Browser, Shown, TestSite};
use crate::store::samples::{self, name, set_up, set_up_channel, spec_with_routes, webhook};

const OUTDATED: &str = "Not saved: the marked values were changed after you opened this form.";

/// The fields of the form that changes something, as a browser sends them.
#[derive(Debug, Clone, PartialEq)]
struct Tab(Vec<(String, String)>);

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"').unwrap().0)
}

fn unescaped(text: &str) -> String {
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.into_iter().fold(text.to_owned(), |text, (escaped, mark)| text.replace(escaped, mark))
}

impl Tab {
    fn of(page: &Shown) -> Self {
        let (_, form) = page.text.split_once("<form class=\"form").expect("a form");
        let form = form.split_once("</form>").unwrap().0;
        let mut fields = Vec::new();
        let mut select = String::new();
        for part in form.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap();
            let of_name = |name: &str| attribute(tag, name).map(unescaped);
            match tag.split_whitespace().next().unwrap() {
                "input" => {
                    let is_box = matches!(attribute(tag, "type"), Some("checkbox" | "radio"));
                    if let Some(name) = of_name("name").filter(|_| !is_box || tag.contains(" checked")) {
                        fields.push((name, of_name("value").unwrap_or_default()));
                    }
                }
                "select" => select = of_name("name").unwrap(),
                "option" if tag.contains(" selected") => {
                    fields.push((select.clone(), of_name("value").unwrap_or_else(|| unescaped(text))));
                }
                "textarea" => fields.push((of_name("name").unwrap(), unescaped(text.strip_prefix('\n').unwrap_or(text)))),
                _ => {}
            }
        }
        Self(fields)
    }

    async fn open(browser: &mut Browser, path: &str) -> Self {
        let page = browser.get(path).await;
        page.page();
        Self::of(&page)
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.0.retain(|(name, _)| name != key);
        self.0.push((key.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, key: &str) -> Self {
        self.0.retain(|(name, _)| name != key);
        self
    }

    fn value(&self, key: &str) -> &str {
        self.0.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    async fn save(&self, browser: &mut Browser, path: &str) -> Shown {
        let fields: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post(path, &fields).await
    }
}

/// What stands under a field about a change meanwhile.
fn changed<'p>(page: &'p Shown, key: &str) -> Option<&'p str> {
    let (_, rest) = page.text.split_once(&format!("id=\"{key}-changed\">"))?;
    Some(rest.split_once("</p>").unwrap().0)
}

fn assert_saved(answer: &Shown) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

fn assert_outdated(answer: &Shown) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert!(answer.text.contains(OUTDATED), "{}", answer.text);
}

async fn audit_entries(site: &TestSite) -> usize {
    site.store.audit_entries(&AuditFilter::default()).await.unwrap().len()
}

/// A site with one of everything that a form changes.
async fn furnished() -> TestSite {
    let site = TestSite::start().await;
    let shop = ProjectSpec { ingestion_alert: Some(IngestionAlertApp::default()), ..spec_with_routes("shop", &["proxy"]) };
    set_up(&site.store, shop).await;
    set_up_channel(&site.store, webhook("ops")).await;
    let weekly = When::Weekly(Weekly::parse("sun 02:00-04:00", None).unwrap());
    site.store.apply_windows(&[Window { name: name("night"), projects: ProjectFilter::default(), when: weekly }], &[]).await.unwrap();
    let projects = ProjectFilter::parse("shop").unwrap();
    samples::put_status_page(&site.store, StatusPage { name: name("data"), title: "Shop".into(), projects, public: false }).await;
    site
}

/// Address of a form, what one tab changes, what the other one does, and what the page says about that.
type Case = (&'static str, (&'static str, &'static str), (&'static str, &'static str), &'static str);

const CASES: [Case; 8] = [
    ("/projects/shop/settings", ("late_after", "3m"), ("timeout", "10s"), "Changed meanwhile to <code>10s</code>."),
    ("/channels/ops", ("at_once", "9"), ("severity", "critical"), "Changed meanwhile to <code>critical</code>."),
    ("/maintenance/night/edit", ("projects", "shop"), ("timezone", "Europe/Berlin"), "Changed meanwhile to <code>Europe/Berlin</code>."),
    ("/status-pages/data", ("title", "Shop <data>"), ("public", "true"), "Switched on meanwhile."),
    ("/projects/shop/apps/heartbeat", ("events", "heartbeat"), ("host", "us"), "Changed meanwhile to <code>us</code>."),
    ("/projects/shop/apps/ingestion-alert", ("watch", "heartbeats"), ("timeRange", "45"), "Changed meanwhile to <code>45</code>."),
    ("/projects/shop/rules", ("lag_above", "2m"), ("lost_open_after", "2 of 4"), "Changed meanwhile to <code>2 of 4</code>."),
    ("/projects/shop/apps/heartbeat/routes/proxy", ("event", "other beat"), ("host", ""), "Removed meanwhile."),
];

#[tokio::test]
async fn the_second_tab_is_shown_what_the_first_one_changed_and_saves_it_again_if_it_is_meant() {
    let site = furnished().await;
    let (mut ann, mut bob) = (site.writer().await, site.user("bob", Role::Editor).await);
    for (path, (mine, typed), (other, theirs), says) in CASES {
        let (first, second) = (Tab::open(&mut ann, path).await, Tab::open(&mut bob, path).await);
        assert!(!first.value("version").is_empty(), "{path}: {first:?}");
        assert_saved(&second.with(other, theirs).save(&mut bob, path).await);
        let before = audit_entries(&site).await;

        let first = first.with(mine, typed);
        let rejected = first.save(&mut ann, path).await;
        assert_outdated(&rejected);
        assert_eq!(audit_entries(&site).await, before, "{path}: nothing is written");
        assert_eq!((changed(&rejected, other), changed(&rejected, mine)), (Some(says), None), "{path}: {}", rejected.text);
        assert!(rejected.text.contains(&format!("<a href=\"#{other}\">")), "{path}: {}", rejected.text);

        // What was typed is still there, and so is what the other tab overwrote: saving it again is a decision.
        let again = Tab::of(&rejected);
        assert_ne!(again.value("version"), first.value("version"), "{path}");
        let typed_there = |tab: &Tab| tab.clone().without("version").without("csrf");
        let (mut there, mut sent) = (typed_there(&again), typed_there(&first));
        there.0.sort();
        sent.0.sort();
        assert_eq!(there, sent, "{path}");
        assert_saved(&again.save(&mut ann, path).await);
        assert_eq!(audit_entries(&site).await, before + 1, "{path}");
        let now = Tab::open(&mut ann, path).await;
        assert_eq!((now.value(mine), now.value(other)), (typed, first.value(other)), "{path}");
    }
}

#[tokio::test]
async fn what_is_stored_already_is_saved_from_any_tab_without_a_change() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    for (path, (mine, typed), _, _) in CASES {
        let (first, second) = (Tab::open(&mut ann, path).await, Tab::open(&mut ann, path).await);
        let third = second.clone();
        assert_saved(&first.with(mine, typed).save(&mut ann, path).await);
        let before = audit_entries(&site).await;
        let same = second.with(mine, typed).save(&mut ann, path).await;
        assert_saved(&same);
        assert!(ann.get(same.location()).await.page().contains("Nothing was changed."), "{path}");
        assert_eq!(audit_entries(&site).await, before, "{path}");
        assert_outdated(&third.save(&mut ann, path).await);
    }
}

#[tokio::test]
async fn a_tab_that_knows_the_change_of_the_other_one_saves_its_own() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    for (path, (mine, typed), (other, theirs), _) in CASES {
        // For example after the browser's Back button.
        let tab = Tab::open(&mut ann, path).await.with(other, theirs);
        assert_saved(&tab.save(&mut ann, path).await);
        assert_saved(&tab.with(mine, typed).save(&mut ann, path).await);
    }
}

#[tokio::test]
async fn a_form_without_a_version_is_saved() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    for (path, (mine, typed), (other, theirs), _) in CASES {
        let tab = Tab::open(&mut ann, path).await.without("version");
        assert_saved(&tab.clone().with(other, theirs).save(&mut ann, path).await);
        assert_saved(&tab.with(mine, typed).save(&mut ann, path).await);
        assert_eq!(Tab::open(&mut ann, path).await.value(mine), typed, "{path}");
    }
}

#[tokio::test]
async fn a_change_of_something_else_rejects_no_form() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    let tabs = {
        let mut tabs = Vec::new();
        for (path, ..) in CASES {
            tabs.push(Tab::open(&mut ann, path).await);
        }
        tabs
    };
    for ((path, _, change, _), tab) in CASES.into_iter().zip(tabs) {
        // The page of the rules shows `timeRange` as well.
        let (key, text) = if change.0 == "timeRange" { ("webHookUrlTriggered", "https://hooks.example.com/a") } else { change };
        assert_saved(&tab.with(key, text).save(&mut ann, path).await);
        ann.submit("/channels/ops", "/channels/ops/disable", &[]).await;
        ann.submit("/channels/ops", "/channels/ops/enable", &[]).await;
        ann.submit("/projects/shop/apps/heartbeat", "/projects/shop/apps/heartbeat/disable", &[]).await;
    }
}

#[tokio::test]
async fn a_secret_that_was_replaced_is_reported_and_never_shown() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    let cases = [
        ("/projects/shop/settings", "personal_api_key", ["phx_hunter2", "phx_hunter3"], ("late_after", "3m")),
        ("/channels/ops", "url", ["https://hooks.example.com/hunter2", "https://hooks.example.com/hunter3"], ("at_once", "9")),
        ("/projects/shop/apps/ingestion-alert", "posthogApiKey", ["phx_hunter2", "phx_hunter3"], ("timeRange", "45")),
    ];
    for (path, secret, [second_typed, third_typed], (mine, typed)) in cases {
        let first = Tab::open(&mut ann, path).await;
        // Without a question to PostHog.
        let [second, third] = [second_typed, third_typed].map(|text| first.clone().with(secret, text).with("unchecked", "on"));
        assert_saved(&second.save(&mut ann, path).await);
        // The form keeps the secret either way.
        let rejected = first.with(mine, typed).save(&mut ann, path).await;
        assert_outdated(&rejected);
        assert_eq!(changed(&rejected, secret), Some("Replaced meanwhile."), "{}", rejected.text);
        assert!(!rejected.text.contains("hunter"), "{}", rejected.text);
        assert_saved(&Tab::of(&rejected).save(&mut ann, path).await);
        let rejected = third.save(&mut ann, path).await;
        assert_outdated(&rejected);
        assert!(rejected.text.contains("Type it again") && !rejected.text.contains("hunter"), "{}", rejected.text);
    }
    let removed = "/projects/shop/apps/ingestion-alert";
    let (first, second) = (Tab::open(&mut ann, removed).await, Tab::open(&mut ann, removed).await);
    assert_saved(&second.with("posthogApiKey.clear", "yes").save(&mut ann, removed).await);
    let rejected = first.with("timeRange", "50").save(&mut ann, removed).await;
    assert_outdated(&rejected);
    assert_eq!(changed(&rejected, "posthogApiKey"), Some("Removed meanwhile."), "{}", rejected.text);
}

#[tokio::test]
async fn what_is_wrong_is_reported_first_and_the_change_before_anything_is_saved() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    for (path, wrong, right, buttons) in [
        ("/projects/shop/settings", ("late_after", "soon"), ("late_after", "3m"), &[][..]),
        ("/channels/ops", ("at_once", "0"), ("at_once", "9"), &["try"]),
        ("/maintenance/night/edit", ("weekly", "sunday"), ("weekly", "sat 02:00-04:00"), &[]),
        ("/projects/shop/rules", ("lag_above", "soon"), ("lag_above", "90s"), &["try"]),
    ] {
        let (_, _, (other, theirs), _) = CASES.into_iter().find(|(of, ..)| *of == path).unwrap();
        let mut tab = Tab::open(&mut ann, path).await;
        assert_saved(&tab.clone().with(other, theirs).save(&mut ann, path).await);
        for button in buttons {
            let shown = tab.clone().with(button, "yes").save(&mut ann, path).await;
            shown.page();
            tab = Tab::of(&shown);
        }
        let rejected = tab.with(wrong.0, wrong.1).save(&mut ann, path).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", rejected.text);
        assert_outdated(&Tab::of(&rejected).with(right.0, right.1).save(&mut ann, path).await);
    }
}

#[tokio::test]
async fn what_was_removed_meanwhile_is_not_there() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    let tabs = {
        let mut tabs = Vec::new();
        for (path, ..) in CASES {
            tabs.push(Tab::open(&mut ann, path).await);
        }
        tabs
    };
    let gone = [
        ("/maintenance/night/remove", "/maintenance/night/edit", StatusCode::NOT_FOUND),
        ("/status-pages/data/remove", "/status-pages/data", StatusCode::NOT_FOUND),
        ("/channels/ops/remove", "/channels/ops", StatusCode::NOT_FOUND),
        ("/projects/shop/apps/ingestion-alert/uninstall", "/projects/shop/apps/ingestion-alert", StatusCode::CONFLICT),
        ("/projects/shop/apps/ingestion-alert/uninstall", "/projects/shop/rules", StatusCode::CONFLICT),
        ("/projects/shop/apps/heartbeat/uninstall", "/projects/shop/apps/heartbeat/routes/proxy", StatusCode::NOT_FOUND),
        ("/projects/shop/remove", "/projects/shop/settings", StatusCode::NOT_FOUND),
    ];
    for (removes, path, status) in gone {
        ann.submit(removes, removes, &[]).await;
        let at = CASES.iter().position(|(of, ..)| *of == path).unwrap();
        let (_, (mine, typed), ..) = CASES[at];
        let answer = tabs[at].clone().with(mine, typed).save(&mut ann, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(!answer.text.contains(OUTDATED), "{path}: {}", answer.text);
    }
    assert!(site.store.windows().await.unwrap().is_empty() && site.store.channels().await.unwrap().is_empty());
}

/// A live region is replaced as a whole while the page is open, so a version in it would be renewed under what the user types.
#[tokio::test]
async fn no_form_with_a_version_is_in_a_live_region() {
    let site = furnished().await;
    let mut ann = site.writer().await;
    for (path, ..) in CASES {
        let page = ann.get(path).await;
        let version = page.page().find("name=\"version\"").unwrap();
        for (at, _) in page.text.match_indices(" data-live-id=\"").filter(|(at, _)| *at < version) {
            let tag = page.text[..at].rsplit_once('<').unwrap().1.split_whitespace().next().unwrap();
            let within = &page.text[at..version];
            let (opened, closed) = (within.matches(&format!("<{tag}")).count(), within.matches(&format!("</{tag}>")).count());
            assert!(closed > opened, "{path}: {within}");
        }
    }
}

#[test]
fn a_form_is_read_as_a_browser_sends_it() {
    let text = "<form class=\"form\"><input type=\"hidden\" name=\"a\" value=\"&#60;1&#62;\"><input type=\"checkbox\" name=\"b\" value=\"on\">\
                <input type=\"checkbox\" name=\"c\" value=\"on\" checked><select name=\"d\"><option>x</option><option selected>y</option></select>\
                <textarea name=\"e\">\nz\n</textarea></form>";
    let page = Shown { status: StatusCode::OK, headers: reqwest::header::HeaderMap::default(), text: text.to_owned() };
    let fields = [("a", "<1>"), ("c", "on"), ("d", "y"), ("e", "z\n")];
    assert_eq!(Tab::of(&page), Tab(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()));
}
