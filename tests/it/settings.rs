//! The settings service over a real store: what several users change at once, and its audit entries.

use std::time::Duration;

use heartbeat::config::{Change, Origin, Plan, Texts, channel, project};
use heartbeat::model::{AppKind, ChannelSpec, Host, ProjectFilter, ProjectSpec, StatusPage, Tag, Timestamp, Window};
use heartbeat::settings::{self, By, ChangeError, Clash, EntityVersion, SettingsService, Stored, StoredEntity as _};
use heartbeat::store::{AuditFilter, Store};

use crate::store::bed::Bed;
use crate::store::samples::{name, spec};

const AT: Timestamp = Timestamp::from_ms(1_800_000_000_000);

fn settings_service<'s>(store: &'s Store, who: &str) -> SettingsService<'s> {
    SettingsService::new(store, By::user(who), AT)
}

fn texts(given: &[(&str, &str)]) -> Texts {
    given.iter().copied().collect()
}

/// Who did what to what, oldest first.
async fn told(store: &Store) -> Vec<String> {
    let audit_entries = store.audit_entries(&AuditFilter::default()).await.unwrap();
    audit_entries.iter().rev().map(|audit_entry| format!("{}: {}: {}", audit_entry.who, audit_entry.subject, audit_entry.words)).collect()
}

/// What was read is changed as it was read, or not at all.
async fn what_was_read_is_changed_as_it_was_read(bed: Bed) {
    let store = bed.open().await;
    let ann = settings_service(&store, "ann");
    ann.add(spec("shop")).await.unwrap();
    let since = Some(store.revision().await.unwrap());
    let as_read = SettingsService { since, ..settings_service(&store, "bob") };
    ann.add(spec("mill")).await.unwrap();
    let host = |known: &ProjectSpec| Ok(ProjectSpec { host: Host::parse("us").unwrap(), ..known.clone() });
    let outrun = [
        as_read.change("shop", host).await.map(drop),
        as_read.add(spec("blog")).await.map(drop),
        as_read.remove::<ProjectSpec>("shop").await.map(drop),
    ];
    assert!(outrun.iter().all(|done| matches!(done, Err(ChangeError::Clash(Clash::Changed)))), "{outrun:?}");
    let as_read = SettingsService { since: Some(store.revision().await.unwrap()), ..as_read };
    as_read.change("shop", host).await.unwrap();
    assert_eq!(told(&store).await, ["ann: project shop: added", "ann: project mill: added", "bob: project shop: host eu -> us"]);
}

/// Four people, each with a connection of their own, change something of one project in the same moment.
async fn four_at_once(bed: Bed) {
    let store = bed.open().await;
    settings_service(&store, "ann").add(spec("shop")).await.unwrap();
    let [ann, bob, cat, dan] = [bed.open().await, bed.open().await, bed.open().await, bed.open().await];
    let [ann, bob, cat, dan] =
        [settings_service(&ann, "ann"), settings_service(&bob, "bob"), settings_service(&cat, "cat"), settings_service(&dan, "dan")];
    let set = |given: &'static [(&str, &str)]| move |known: &ProjectSpec| Ok(project::changed(known, &texts(given))?);
    let done = tokio::join!(
        ann.change("shop", set(&[("host", "us")])),
        bob.change("shop", set(&[("lost_after", "1h")])),
        cat.change("shop", set(&[("project_id", "7")])),
        dan.change("shop", |known| settings::app::switch(known, AppKind::Heartbeat, false)),
    );
    for done in [done.0, done.1, done.2, done.3] {
        assert_eq!(done.unwrap().changes.len(), 1, "each tells its own change, and no other's");
    }
    let now = store.project(&name("shop")).await.unwrap().unwrap().spec;
    let what = (now.host, now.timing.lost_after, now.posthog_id, now.heartbeat.map(|app| app.enabled));
    assert_eq!(what, (Host::parse("us").unwrap(), Duration::from_hours(1), Some(7), Some(false)));
    let mut told = told(&store).await;
    told.sort();
    assert_eq!(
        told,
        [
            "ann: project shop: added",
            "ann: project shop: host eu -> us",
            "bob: project shop: lost_after 15m -> 1h",
            "cat: project shop: project_id none -> 7",
            "dan: app heartbeat: disabled",
        ]
    );
}

#[tokio::test]
async fn what_four_change_at_once_all_survives() {
    Box::pin(four_at_once(Bed::sqlite())).await;
    what_was_read_is_changed_as_it_was_read(Bed::sqlite()).await;
}

#[tokio::test]
async fn what_four_change_at_once_all_survives_on_postgresql() {
    Box::pin(four_at_once(Bed::postgres().await)).await;
    what_was_read_is_changed_as_it_was_read(Bed::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_compared_again_after_a_change_at_the_same_time() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let ann = settings_service(&store, "ann");
    ann.add(spec("shop")).await.unwrap();
    let paths = ["late_after", "timeout"].map(str::to_owned).to_vec();
    let version = Some(EntityVersion::of(&store, &spec("shop"), paths));
    let bob = SettingsService { version, ..settings_service(&store, "bob") };
    let set = |given: &'static [(&str, &str)]| move |known: &ProjectSpec| Ok(project::changed(known, &texts(given))?);
    for (meanwhile, is_saved) in [(&[("host", "us")][..], true), (&[("timeout", "10s")], false)] {
        let mut tries = 0;
        let desired = |known: &ProjectSpec| {
            tries += 1;
            if tries == 1 {
                let change = ann.change("shop", set(meanwhile));
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(change)).unwrap();
            }
            // As a form does, with all of its fields.
            set(&[("late_after", "3m"), ("timeout", "20s")])(known)
        };
        let done = bob.change("shop", desired).await;
        assert_eq!(tries, 2);
        match done {
            Ok(_) => assert!(is_saved, "{meanwhile:?}"),
            Err(error) => assert!(!is_saved && matches!(error, ChangeError::Clash(Clash::Changed)), "{meanwhile:?}: {error}"),
        }
        ann.change("shop", set(&[("late_after", "2m")])).await.unwrap();
    }
    let now = store.project(&name("shop")).await.unwrap().unwrap().spec.timing;
    assert_eq!((now.late_after, now.timeout), (Duration::from_mins(2), Duration::from_secs(10)));
}

#[tokio::test]
async fn what_was_worked_out_from_what_is_no_more_is_not_written() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let settings_service = settings_service(&store, "ann");
    let before = store.revision().await.unwrap();
    settings_service.add(spec("shop")).await.unwrap();
    let plans = ProjectSpec::alone(Plan::of(&[], vec![spec("blog")], Vec::new()));
    assert_eq!(settings_service.write(plans.clone(), before).await.unwrap(), None);
    assert!(store.project(&name("blog")).await.unwrap().is_none());
    let now = store.revision().await.unwrap();
    assert!(matches!(settings_service.write(plans, now).await.unwrap().as_deref(), Some([Change::Added { .. }])));
}

#[tokio::test]
async fn what_changes_nothing_is_neither_written_nor_reported() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let settings_service = settings_service(&store, "ann");
    settings_service.add(spec("shop")).await.unwrap();
    let (revision, before) = (store.revision().await.unwrap(), told(&store).await);
    let same = settings_service.change("shop", |known: &ProjectSpec| Ok(known.clone())).await.unwrap();
    assert_eq!((same.changes, same.now), (Vec::new(), spec("shop")));
    let dry = SettingsService { dry_run: true, ..settings_service.clone() };
    assert_eq!(dry.remove::<ProjectSpec>("shop").await.unwrap().changes.len(), 1);
    assert_eq!(dry.add(spec("blog")).await.unwrap().changes.len(), 1);
    let rejected = settings_service
        .change("shop", |known: &ProjectSpec| settings::app::install(known, AppKind::Heartbeat, &Texts::default(), true))
        .await;
    assert!(matches!(rejected, Err(ChangeError::Clash(Clash::Installed { .. }))), "{rejected:?}");
    assert_eq!((store.revision().await.unwrap(), told(&store).await), (revision, before));
    assert_eq!(Stored::read(&store).await.unwrap().projects, [spec("shop")]);
}

#[tokio::test]
async fn what_is_there_is_not_added_and_what_is_not_there_is_reported_with_what_is() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let settings_service = settings_service(&store, "ann");
    let nobody = settings_service.remove::<ChannelSpec>("ops").await.unwrap_err();
    assert_eq!(nobody.to_string(), "there is no channel `ops`; there is none yet");
    settings_service.add(spec("shop")).await.unwrap();
    assert_eq!(settings_service.add(spec("shop")).await.unwrap_err().to_string(), "the project `shop` already exists");
    let slip = settings_service.change("shpo", |known: &ProjectSpec| Ok(known.clone())).await.unwrap_err();
    assert_eq!(slip.to_string(), "there is no project `shpo`; did you mean `shop`?");
    let no_name = settings_service.find::<Window>("no name").await.unwrap_err();
    assert_eq!(no_name.to_string(), "there is no maintenance window `no name`; there is none yet");
    for number in 0..13 {
        settings_service.add(spec(&format!("project-{number}"))).await.unwrap();
    }
    let other = settings_service.find::<ProjectSpec>("x").await.unwrap_err().to_string();
    assert!(other.ends_with("project-6, project-7, project-8 and 2 more"), "{other}");
}

#[tokio::test]
async fn a_filter_comes_to_name_no_tag_that_no_project_has() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let settings_service = settings_service(&store, "ann");
    let tagged = |tags: &[&str]| ProjectSpec { tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(), ..spec("shop") };
    settings_service.add(tagged(&["checkout", "eu"])).await.unwrap();
    let page = |projects| StatusPage {
        name: name("data"),
        title: "Data".to_owned(),
        projects: ProjectFilter::parse(projects).unwrap(),
        public: false,
    };
    let wrong = settings_service.add(page("tag:eu, tag:checkuot, tag:shop")).await.unwrap_err().to_string();
    assert_eq!(wrong, "there is no tag `checkuot`; did you mean `checkout`?\nthere is no tag `shop`; there are checkout, eu");
    settings_service.add(page("tag:eu, tag:checkout")).await.unwrap();
    // A tag that goes leaves the filters that name it as they are.
    settings_service.change("shop", |_: &ProjectSpec| Ok(tagged(&["us"]))).await.unwrap();
    let titled = |stored: &StatusPage| Ok(StatusPage { title: "Shop".to_owned(), ..stored.clone() });
    assert_eq!(settings_service.change("data", titled).await.unwrap().now.projects.to_texts(), ["tag:eu", "tag:checkout"]);
    assert!(told(&store).await.join("\n").contains("tags checkout, eu -> us"));
}

#[tokio::test]
async fn a_channel_comes_to_name_no_project_that_is_not_there() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let settings_service = settings_service(&store, "ann");
    settings_service.add(spec("shop")).await.unwrap();
    settings_service.add(spec("blog")).await.unwrap();
    let ops = |projects| {
        let given = [("name", "ops"), ("kind", "slack"), ("url", "https://hooks.example.com/hunter2"), ("projects", projects)];
        channel::added(&texts(&given), Origin::Page(AT)).unwrap()
    };
    let Err(ChangeError::Wrong(wrong)) = settings_service.add(ops("shpo, news, blog")).await else {
        panic!("it names two that are not there")
    };
    let wrong = wrong.iter().map(|problem| (problem.field.as_str(), problem.to_string())).collect::<Vec<_>>();
    assert_eq!(
        wrong,
        [
            ("projects", "there is no project `shpo`; did you mean `shop`?".to_owned()),
            ("projects", "there is no project `news`; there are blog, shop".to_owned())
        ]
    );
    settings_service.add(ops("shop")).await.unwrap();
    settings_service.remove::<ProjectSpec>("shop").await.unwrap();
    let lighter = |given: &'static [(&str, &str)]| move |known: &ChannelSpec| Ok(channel::changed(known, &texts(given), Origin::Page(AT))?);
    let kept = settings_service.change("ops", lighter(&[("severity", "critical")])).await.unwrap();
    assert_eq!(kept.now.projects.to_texts(), ["shop"], "that it was named before the project went is nobody's slip");
    assert!(settings_service.change("ops", lighter(&[("projects", "shop, news")])).await.is_err());
    assert!(!told(&store).await.join("\n").contains("hunter2"));
}
