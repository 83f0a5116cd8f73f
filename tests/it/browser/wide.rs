//! Names of the greatest length, in the widest letters: every page that shows them fits a phone and a wide screen.

use heartbeat::config::access::TokenSpec;
use heartbeat::model::{
    AuditEntry, ChannelSpec, HeartbeatApp, IncidentKind, IngestionAlertApp, Notification, NotificationState, ProjectFilter, ProjectName,
    ProjectSpec, Role, StatusPage, Tag, When, Window,
};
use heartbeat::store::Change;

use super::{Screen, Visitor};
use crate::store::samples::{
    START, at, audit_entry, awaiting, channel, find, incident, notification_alone, open_incident, route, spec, webhook,
};
use crate::web::bed::{PASSWORD, TestSite};

const PHONE: Screen = Screen { width: 390, ..Screen::NARROW };

/// A project, a route, a tag, a channel, a window, a status page, a user and a token of this name, an open incident, and what is listed of them.
async fn site(text: &str) -> TestSite {
    let site = TestSite::start().await;
    let name = ProjectName::parse(text).unwrap();
    let project = ProjectSpec {
        name: name.clone(),
        tags: vec![Tag::parse(text).unwrap()],
        heartbeat: Some(HeartbeatApp { routes: vec![route(text)], ..HeartbeatApp::default() }),
        ingestion_alert: Some(IngestionAlertApp::default()),
        ..spec("long")
    };
    let projects: ProjectFilter = [name.clone(), ProjectName::parse("shop").unwrap()].into_iter().collect();
    let window = Window { name: name.clone(), projects: projects.clone(), when: When::Once(at(START, 0), at(START, 1)) };
    let page = StatusPage { name: name.clone(), title: text.into(), projects: projects.clone(), public: true };
    let words = format!("projects none -> {text}");
    let of_channel = AuditEntry { words: words.clone(), ..audit_entry(&format!("channel {text}")) };
    let of_project = AuditEntry { words, project: Some(name.clone()), ..audit_entry(&format!("project {text}")) };
    let of_app = AuditEntry { subject: "app heartbeat".into(), ..of_project.clone() };
    let change = Change {
        put_projects: &[project, spec("shop")],
        put_channels: &[ChannelSpec { name: name.clone(), projects, ..webhook("ops") }],
        put_windows: &[window],
        put_status_pages: &[page],
        audit_entries: &[of_channel, of_project, of_app],
        at: site.clock.now(),
        ..Change::default()
    };
    site.store.change(&change).await.unwrap();
    let project = find(&site.store, &name).await;
    let beats: Vec<_> = project.routes.iter().map(|route| awaiting(route.id, site.clock.now().minute().plus(-1))).collect();
    site.store.record(&beats, &[]).await.unwrap();
    open_incident(&site.store, incident(&project, IncidentKind::Ingestion, 0)).await;
    let queued = notification_alone(channel(&site.store, &name).await.id, "down", 7);
    site.store.owe(&[Notification { state: NotificationState::Failed, said: Some(text.into()), ..queued }]).await.unwrap();
    let token = TokenSpec { name, role: Role::Viewer, lasts: None };
    site.authenticator().make_token(&token, (text, None)).await.unwrap();
    site.with_password("ann", Role::Editor).await;
    site.with_password(text, Role::Viewer).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_64_letters_fit_every_page() {
    let name = "W".repeat(64);
    let site = site(&name).await;
    let visitor = Visitor::of(&format!("http://{}", site.address)).await;
    visitor.open("/login").await;
    visitor.fills("Name", "ann").await;
    visitor.fills("Password", PASSWORD).await;
    visitor.follows("Log in").await;
    let of_name = |path: &str| path.replace("NAME", &name);
    for path in [
        "/",
        "/apps",
        "/apps/heartbeat",
        "/apps/ingestion-alert",
        "/audit-log",
        "/audit-log?project=NAME",
        "/channels",
        "/channels/NAME",
        "/channels/NAME/remove",
        "/incidents",
        "/incidents/1",
        "/maintenance",
        "/maintenance/NAME/edit",
        "/maintenance/NAME/remove",
        "/notifications",
        "/projects/NAME",
        "/projects/NAME/apps",
        "/projects/NAME/apps/heartbeat",
        "/projects/NAME/apps/heartbeat/history",
        "/projects/NAME/apps/heartbeat/logs",
        "/projects/NAME/apps/heartbeat/metrics",
        "/projects/NAME/beats",
        "/projects/NAME/remove",
        "/projects/NAME/rules",
        "/projects/NAME/settings",
        "/projects/nowhere-NAME",
        "/settings",
        "/settings/tokens/NAME/remove",
        "/settings/users/NAME/remove",
        "/status-pages",
        "/status-pages/NAME",
        "/status-pages/NAME/remove",
        "/status/NAME",
    ] {
        visitor.open(&of_name(path)).await;
        for screen in [PHONE, Screen::WIDE] {
            visitor.fits(screen).await;
        }
    }
}
