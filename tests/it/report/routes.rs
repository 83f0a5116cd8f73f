//! Each route beside the others.

use heartbeat::judge::Health;
use heartbeat::model::Outcome;
use heartbeat::report::{report, routes};

use super::world::{START, World, after};
use crate::store::samples::{readback, spec_with_routes};

#[tokio::test]
async fn each_route_speaks_for_itself() {
    let world = World::new().await;
    world.store.apply(&[spec_with_routes("shop", &["proxy"])], &[], START.start()).await.unwrap();
    let project = world.project("shop").await;
    for (route, letters) in project.routes.iter().zip(["AAAAAA", "AAAWw.", "ARRRRR"]) {
        world.record(route.id, START, letters).await;
    }
    let now = after(START.plus(5), 50);
    let readback = readback(&project, now);
    let whole = report(&world.store, project.clone(), Some(readback.clone()), now).await.unwrap();
    let told = routes(&world.store, &project, Some(&readback), now).await.unwrap();
    let said: Vec<_> = told.iter().map(|route| (route.route.spec.name.as_str(), route.host.as_str(), route.verdict.health)).collect();
    assert_eq!(
        said,
        [
            ("heartbeat", "eu", Health::Up),
            ("heartbeat_buffer", "eu", Health::Degraded),
            ("heartbeat_api", "eu", Health::Down),
            ("proxy", "https://example.com/ingest/", Health::NotRunning),
        ]
    );
    assert!(whole.verdict.to_string().contains("on the route heartbeat_api"), "{}", whole.verdict);
    assert!(!told[2].verdict.to_string().contains("on the route"), "{}", told[2].verdict);
    let api = &told[2];
    assert_eq!((api.ends.of(Outcome::Arrived), api.ends.of(Outcome::Rejected), api.ends.of(Outcome::NotSent)), (1, 5, 0));
    assert_eq!(api.newest.as_ref().map(|beat| beat.minute), Some(START.plus(5)));
    assert_eq!(api.newest_seen.as_ref().map(|beat| beat.minute), Some(START));
    assert_eq!(api.strip[60 - 6..], [vec![Some(Outcome::Arrived)], vec![Some(Outcome::Rejected); 5]].concat());
    let proxy = &told[3];
    assert_eq!((proxy.newest.as_ref(), proxy.lags.count, proxy.ends.of(Outcome::NotSent)), (None, 0, 5));
    assert_eq!(told[0].lags.count, 6);
    assert_eq!(told.iter().map(|route| route.ends.sent()).sum::<u32>(), whole.ends.sent());
}
