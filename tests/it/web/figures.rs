//! What programs read of a project.

use heartbeat::model::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::bed::TestSite;
use super::history::with_history;
use crate::store::samples::{spec, spec_with_routes};

async fn ask(site: &TestSite, path: &str) -> (StatusCode, Value) {
    let token = site.token(Role::Viewer).await;
    let mut program = site.stranger();
    let request = program.request(Method::GET, path).bearer_auth(token);
    let answer = program.send(request).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("no JSON: {}", answer.text)))
}

#[tokio::test]
async fn a_job_that_waits_for_data_hears_how_far_it_is_complete() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), 60, &["AAAAAA.."]).await;
    let (status, told) = ask(&site, "/api/v1/projects/shop/complete-through").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["verdict"].as_str().map(|verdict| verdict.contains('.')), Some(true), "{told}");
    let told =
        json!({ "at": told["complete_through"], "behind": told["minutes_behind"], "health": told["health"], "reached": told["reached"] });
    assert_eq!(told, json!({ "at": "2026-11-23T15:08:00.000Z", "behind": 2, "health": "up", "reached": null }));
    for (at_least, reached) in [("2026-11-23T15:08:59Z", true), ("2026-11-23T16:08:00%2B01:00", true), ("2026-11-23T15:09:00Z", false)] {
        let (status, told) = ask(&site, &format!("/api/v1/projects/shop/complete-through?at_least={at_least}")).await;
        assert_eq!((status, told["reached"].as_bool()), (StatusCode::OK, Some(reached)), "{at_least}");
    }
    // Reached is answered at once; and what is not to be waited for is answered.
    let at_once = "/api/v1/projects/shop/complete-through?at_least=2026-11-23T15:08:00Z&wait=5m";
    assert_eq!(ask(&site, at_once).await.1["reached"].as_bool(), Some(true));
    for wrong in ["6m", "soon"] {
        let (status, problem) =
            ask(&site, &format!("/api/v1/projects/shop/complete-through?at_least=2026-11-23T15:09:00Z&wait={wrong}")).await;
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("wait")));
    }
    with_history(&site, spec("new"), 0, &[]).await;
    let (_, nothing) = ask(&site, "/api/v1/projects/new/complete-through?at_least=2026-11-23T15:00:00Z").await;
    assert_eq!(
        (&nothing["complete_through"], &nothing["minutes_behind"], nothing["reached"].as_bool()),
        (&Value::Null, &Value::Null, Some(false))
    );
    let (status, problem) = ask(&site, "/api/v1/projects/shop/complete-through?at_least=soon").await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("at_least")));
}

#[tokio::test]
async fn programs_read_what_the_page_shows() {
    let site = TestSite::start().await;
    let letters = "A".repeat(90) + "LXRU?A";
    with_history(&site, spec_with_routes("shop", &["proxy"]), 120, &[&letters, "", "", "RR"]).await;
    let (_, report) = ask(&site, "/api/v1/projects/shop/report").await;
    assert_eq!((report["project"].as_str(), report["health"].as_str()), (Some("shop"), Some("down")), "{report}");
    assert_eq!((report["today"]["lost"].as_u64(), report["last_hour"].as_array().map(Vec::len)), (Some(1), Some(60)));
    let (_, routes) = ask(&site, "/api/v1/projects/shop/routes").await;
    let names: Vec<_> = routes["items"].as_array().unwrap().iter().map(|route| (&route["name"], &route["health"])).collect();
    assert_eq!(names.len(), 4);
    assert_eq!((names[3].0.as_str(), names[3].1.as_str()), (Some("proxy"), Some("down")));
    assert_eq!(routes["items"][3]["watches_all_partitions"].as_bool(), Some(true));
    let (_, lags) = ask(&site, "/api/v1/projects/shop/lags?range=1h&route=heartbeat").await;
    assert_eq!((lags["points"].as_array().map(Vec::len), lags["range"].as_str()), (Some(60), Some("1h")));
    let (_, days) = ask(&site, "/api/v1/projects/shop/days").await;
    let (all, today) = (days["days"].as_array().unwrap(), &days["days"][89]);
    assert_eq!((all.len(), today["day"].as_str(), today["ends"]["rejected"].as_u64()), (90, Some("2026-11-23"), Some(3)));
    assert_eq!(days["uptime"]["last_24_hours"], today["share"]);
    assert_eq!(days["days"][88]["share"], Value::Null);
}

#[tokio::test]
async fn what_there_is_not_is_a_problem_and_nobody_reads_without_a_login() {
    let site = TestSite::start().await;
    with_history(&site, spec("shop"), 60, &["A"]).await;
    for resource in ["report", "complete-through", "lags", "days", "routes", "beats", "beats/heartbeat/2026-11-23T15:10Z"] {
        let (status, problem) = ask(&site, &format!("/api/v1/projects/none/{resource}")).await;
        assert_eq!((status, problem["detail"].as_str()), (StatusCode::NOT_FOUND, Some("there is no project `none`")), "{resource}");
        assert_eq!(ask(&site, &format!("/api/v1/projects/shop/{resource}")).await.0, StatusCode::OK, "{resource}");
        let stranger = site.stranger().get(&format!("/api/v1/projects/shop/{resource}")).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{resource}");
    }
    let (status, problem) = ask(&site, "/api/v1/projects/shop/lags?range=1y").await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("range")));
}
