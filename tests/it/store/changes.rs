//! Changing everything at once, and its audit entries.

use heartbeat::model::{AuditEntry, ChannelSpec, ProjectFilter, ProjectSpec, StatusPage, Tag, When, Window};
use heartbeat::store::{AuditFilter, Change, Store};

use super::bed::Bed;
use super::samples::{START, at, audit_entry, name, set_up, spec, spec_with_routes, webhook};

over_both!(
    everything_changes_in_one_step_and_the_revision_grows_by_one,
    a_stale_revision_writes_nothing_at_all,
    of_two_that_expect_the_same_revision_one_changes,
    what_fails_leaves_nothing_behind,
    audit_entries_come_newest_first_and_page_by_page,
    audit_entries_of_a_removed_project_stay,
    status_pages_come_back_as_they_were_put,
    damaged_status_pages_and_audit_entries_are_named,
);

fn window(text: &str) -> Window {
    Window { name: name(text), projects: [name("one")].into_iter().collect(), when: When::Once(at(START, 0), at(START, 1)) }
}

/// How many projects, channels, windows and audit entries there are.
async fn counted(store: &Store) -> [usize; 4] {
    [
        store.projects().await.unwrap().len(),
        store.channels().await.unwrap().len(),
        store.windows().await.unwrap().len(),
        store.audit_entries(&AuditFilter::default()).await.unwrap().len(),
    ]
}

/// A change of everything.
struct Whole {
    projects: [ProjectSpec; 1],
    channels: [ChannelSpec; 1],
    windows: [Window; 1],
    audit_entries: [AuditEntry; 2],
}

impl Whole {
    fn named(text: &str) -> Self {
        Self {
            projects: [spec(text)],
            channels: [webhook(text)],
            windows: [window(text)],
            audit_entries: [audit_entry(&format!("project {text}")), audit_entry(&format!("channel {text}"))],
        }
    }

    fn change(&self, expected: Option<i64>) -> Change<'_> {
        Change {
            put_projects: &self.projects,
            put_channels: &self.channels,
            put_windows: &self.windows,
            audit_entries: &self.audit_entries,
            at: START.start(),
            expected,
            ..Change::default()
        }
    }
}

async fn everything_changes_in_one_step_and_the_revision_grows_by_one(bed: Bed) {
    let store = bed.open().await;
    assert!(store.change(&Whole::named("one").change(Some(0))).await.unwrap());
    assert_eq!((counted(&store).await, store.revision().await.unwrap()), ([1, 1, 1, 2], 1));
    let project = store.project(&name("one")).await.unwrap().unwrap();
    assert_eq!(project.on_since(), Some(START.start()), "the switch is turned when the change says so");
    let gone = [name("one")];
    let whole = Whole::named("two");
    let change = Change { remove_projects: &gone, remove_channels: &gone, remove_windows: &gone, ..whole.change(Some(1)) };
    assert!(store.change(&change).await.unwrap());
    assert_eq!((counted(&store).await, store.revision().await.unwrap()), ([1, 1, 1, 4], 2));
    assert_eq!(store.project(&name("one")).await.unwrap(), None);
    assert_eq!(store.windows().await.unwrap(), [window("two")]);
    // Without an expectation it is made whatever was before.
    assert!(store.change(&Whole::named("three").change(None)).await.unwrap());
    assert_eq!(counted(&store).await, [2, 2, 2, 6]);
}

async fn a_stale_revision_writes_nothing_at_all(bed: Bed) {
    let store = bed.open().await;
    store.change(&Whole::named("one").change(None)).await.unwrap();
    let gone = [name("one")];
    let whole = Whole::named("two");
    for stale in [0, 2, -1] {
        let change = Change { remove_projects: &gone, remove_channels: &gone, remove_windows: &gone, ..whole.change(Some(stale)) };
        assert!(!store.change(&change).await.unwrap());
        assert_eq!((counted(&store).await, store.revision().await.unwrap()), ([1, 1, 1, 2], 1));
        assert!(store.project(&name("one")).await.unwrap().is_some());
    }
    assert!(store.change(&whole.change(Some(1))).await.unwrap(), "and the lock on the revision is given back");
}

async fn of_two_that_expect_the_same_revision_one_changes(bed: Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    let (first, second) = (Whole::named("first"), Whole::named("second"));
    for expected in 0..10 {
        let (first, second) = (first.change(Some(expected)), second.change(Some(expected)));
        let (first, second) = tokio::join!(one.change(&first), other.change(&second));
        assert_eq!(usize::from(first.unwrap()) + usize::from(second.unwrap()), 1);
        assert_eq!(one.revision().await.unwrap(), expected + 1);
    }
    assert_eq!(one.audit_entries(&AuditFilter::default()).await.unwrap().len(), 20);
}

async fn what_fails_leaves_nothing_behind(bed: Bed) {
    let store = bed.open().await;
    let whole = Whole::named("fine");
    let twice = [spec_with_routes("twice", &["proxy", "proxy"])];
    let error = store.change(&Change { put_projects: &twice, ..whole.change(None) }).await.unwrap_err();
    assert!(error.to_string().contains("two routes have the name `proxy`"), "{error}");
    assert_eq!((counted(&store).await, store.revision().await.unwrap()), ([0; 4], 0));
}

async fn audit_entries_come_newest_first_and_page_by_page(bed: Bed) {
    let store = bed.open().await;
    let of_project =
        |text: &str, at_ms: i64| AuditEntry { project: Some(name(text)), at: at(START, at_ms), ..audit_entry(&format!("project {text}")) };
    let told: Vec<AuditEntry> = (0..9).map(|number| of_project(if number % 3 == 0 { "one" } else { "two" }, number)).collect();
    store.change(&Change { audit_entries: &told[..4], ..Change::default() }).await.unwrap();
    store.change(&Change { audit_entries: &told[4..], ..Change::default() }).await.unwrap();
    store.change(&Change { audit_entries: &[audit_entry("channel ops")], ..Change::default() }).await.unwrap();
    let all = store.audit_entries(&AuditFilter::default()).await.unwrap();
    assert!(all.is_sorted_by(|one, other| one.place > other.place), "places fall: {all:?}");
    assert_eq!(AuditEntry { place: 0, ..all[0].clone() }, audit_entry("channel ops"));
    let expected: Vec<AuditEntry> = told.iter().rev().cloned().collect();
    assert_eq!(all[1..].iter().map(|audit_entry| AuditEntry { place: 0, ..audit_entry.clone() }).collect::<Vec<_>>(), expected);

    let of_one = AuditFilter { named: [name("one")].into_iter().collect(), at_most: 2, ..AuditFilter::default() };
    let first = store.audit_entries(&of_one).await.unwrap();
    let rest = store.audit_entries(&AuditFilter { before: Some(first[1].place), ..of_one.clone() }).await.unwrap();
    let times = |audit_entries: &[AuditEntry]| audit_entries.iter().map(|audit_entry| audit_entry.at).collect::<Vec<_>>();
    assert_eq!((times(&first), times(&rest)), (vec![at(START, 6), at(START, 3)], vec![at(START, 0)]));
    let of_ops = AuditFilter { subject: Some("channel ops".into()), ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&of_ops).await.unwrap(), all[..1]);
    let of_both = AuditFilter { named: [name("two"), name("one")].into_iter().collect(), at_most: 4, ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&of_both).await.unwrap(), all[1..5]);
    let both = AuditFilter { named: [name("two")].into_iter().collect(), subject: Some("project one".into()), ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&both).await.unwrap(), []);
}

async fn audit_entries_of_a_removed_project_stay(bed: Bed) {
    let store = bed.open().await;
    set_up(&store, spec("one")).await;
    let removed = AuditEntry { project: Some(name("one")), ..audit_entry("project one") };
    store.change(&Change { remove_projects: &[name("one")], audit_entries: &[removed], ..Change::default() }).await.unwrap();
    let of = |filter: &str| AuditFilter { named: ProjectFilter::parse(filter).unwrap(), ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&of("one")).await.unwrap().len(), 1);
    // A tag chooses projects that exist.
    let tagged = ProjectSpec { tags: vec![Tag::parse("eu").unwrap()], ..spec("two") };
    let of_two = AuditEntry { project: Some(name("two")), ..audit_entry("project two") };
    store.change(&Change { put_projects: &[tagged], audit_entries: &[of_two], ..Change::default() }).await.unwrap();
    let subjects = async |filter: &str| {
        let entries = store.audit_entries(&of(filter)).await.unwrap();
        entries.into_iter().map(|entry| entry.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects("tag:eu").await, ["project two"]);
    assert_eq!(subjects("one, tag:eu").await, ["project two", "project one"]);
    assert_eq!(subjects("tag:us").await, [""; 0]);
    let names = [name("one"), name("two")];
    assert_eq!(store.existing_names(&names).await.unwrap(), [name("two")].into());
}

async fn status_pages_come_back_as_they_were_put(bed: Bed) {
    let store = bed.open().await;
    assert_eq!((store.status_pages().await.unwrap(), store.status_page(&name("shop")).await.unwrap()), (vec![], None));
    let page = |text: &str, public| StatusPage {
        name: name(text),
        title: format!("Status of {text} ü"),
        projects: [name("two"), name("one")].into_iter().collect(),
        public,
    };
    for page in [page("shop", true), page("Mill", false), page("shop", false)] {
        let audit_entries = [audit_entry(&format!("status page {}", page.name))];
        store.change(&Change { put_status_pages: &[page], audit_entries: &audit_entries, ..Change::default() }).await.unwrap();
    }
    assert_eq!(store.status_pages().await.unwrap(), [page("Mill", false), page("shop", false)]);
    assert_eq!(store.status_page(&name("shop")).await.unwrap(), Some(page("shop", false)));
    let gone = Change { remove_status_pages: &[name("shop")], audit_entries: &[audit_entry("status page shop")], ..Change::default() };
    let outrun = Change { expected: Some(store.revision().await.unwrap() - 1), ..gone };
    assert!(!store.change(&outrun).await.unwrap(), "somebody else was faster");
    assert!(store.change(&gone).await.unwrap());
    assert_eq!(store.status_pages().await.unwrap(), [page("Mill", false)]);
    assert_eq!(store.audit_entries(&AuditFilter::default()).await.unwrap().len(), 4);
}

async fn damaged_status_pages_and_audit_entries_are_named(bed: Bed) {
    let store = bed.open().await;
    let page = StatusPage { name: name("shop"), title: String::new(), projects: ProjectFilter::default(), public: true };
    let audit_entries = [AuditEntry { project: Some(name("one")), ..audit_entry("status page shop") }];
    store.change(&Change { put_status_pages: &[page], audit_entries: &audit_entries, ..Change::default() }).await.unwrap();
    bed.execute("UPDATE status_pages SET projects = 'one'").await;
    bed.execute("UPDATE audit_entries SET project = 'o n e'").await;
    let said = store.status_pages().await.unwrap_err().to_string();
    assert!(said.starts_with("status page shop: its list of projects in the database cannot be read"), "{said}");
    let said = store.audit_entries(&AuditFilter::default()).await.unwrap_err().to_string();
    assert_eq!(said, "audit entry 1: its project in the database cannot be read");
}
