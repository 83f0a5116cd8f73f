//! The environment: one project without a file, the database, the encryption key.

use std::path::PathBuf;

use heartbeat::config::{Environment, KeySource, Scope, Settings, Sources};
use heartbeat::model::{HeartbeatApp, IngestionAlertApp, ProjectSpec};

use super::File;

fn load(environment: &Environment, scope: Scope) -> Result<Settings, String> {
    Settings::load(Sources { environment, file: None, database: None }, scope).map_err(|problems| problems.to_string())
}

fn settings<const N: usize>(variables: [(&str, &str); N]) -> Result<Settings, String> {
    load(&Environment::of(variables).with_data_directory("/nowhere"), Scope::Everything)
}

#[test]
fn three_variables_are_a_project() {
    let settings = settings([
        ("POSTHOG_HOST", "eu"),
        ("POSTHOG_PROJECT_API_KEY", "phc_a"),
        ("POSTHOG_PERSONAL_API_KEY", "phx_b"),
        ("POSTHOG_PROJECT_ID", "7"),
    ]);
    let desired = settings.unwrap().projects.remove(0);
    assert_eq!((desired.spec.name.as_str(), desired.spec.token.as_str()), ("default", "phc_a"));
    assert_eq!(desired.spec.host.capture(), "https://eu.i.posthog.com");
    assert_eq!(desired.spec.posthog_id, Some(7));
    assert_eq!(desired.spec.heartbeat, Some(HeartbeatApp::default()));
    assert!(desired.leaves("ingestion_alert") && !desired.leaves("personal_api_key"));
    assert_eq!(desired.spec.personal_key.unwrap().expose(), "phx_b");
}

#[test]
fn an_app_that_no_variable_can_name_stays_on_the_project() {
    let desired = settings([("POSTHOG_HOST", "eu"), ("POSTHOG_PROJECT_API_KEY", "phc_a")]).unwrap().projects.remove(0);
    let stored = ProjectSpec { ingestion_alert: Some(IngestionAlertApp::default()), ..desired.spec.clone() };
    assert_eq!(desired.over(std::slice::from_ref(&stored)).unwrap(), stored);
    assert_eq!(desired.over(&[]).unwrap().ingestion_alert, None);
}

#[test]
fn an_empty_variable_is_no_variable() {
    assert!(settings([("POSTHOG_HOST", ""), ("POSTHOG_PROJECT_API_KEY", "")]).unwrap().projects.is_empty());
    let keyless = settings([("POSTHOG_HOST", "us"), ("POSTHOG_PROJECT_API_KEY", "phc_a"), ("POSTHOG_PERSONAL_API_KEY", "")]).unwrap();
    assert!(keyless.projects[0].leaves("personal_api_key") && keyless.projects[0].leaves("ingestion_alert"));
}

#[test]
fn wrong_variables_are_all_reported_by_name() {
    insta::assert_snapshot!(settings([("POSTHOG_HOST", "us")]).unwrap_err(), @r"
    environment: POSTHOG_PROJECT_API_KEY is missing; give the project token (phc_...), from Settings > Project > General
    ");
    insta::assert_snapshot!(settings([("POSTHOG_PROJECT_API_KEY", "phc_a")]).unwrap_err(), @r"
    environment: POSTHOG_HOST is missing; give `us`, `eu`, or the address of a PostHog
    ");
    let all_wrong = settings([
        ("POSTHOG_HOST", "phc_swapped"),
        ("POSTHOG_PROJECT_API_KEY", "phx_hunter2"),
        ("POSTHOG_PERSONAL_API_KEY", "phc_public"),
        ("POSTHOG_PROJECT_ID", "shop"),
        ("DATABASE_URL", "mysql://me:hunter2@db"),
    ]);
    insta::assert_snapshot!(all_wrong.unwrap_err(), @r"
    environment: POSTHOG_HOST is a project token (phc_...); give `us`, `eu`, or the address of a PostHog instance
    environment: POSTHOG_PROJECT_API_KEY is a personal API key (phx_...); give the project token (phc_...), from Settings > Project > General
    environment: POSTHOG_PERSONAL_API_KEY is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    environment: POSTHOG_PROJECT_ID `shop` must be a whole number from 1
    environment: DATABASE_URL `mysql:` is not a supported database; give `sqlite:PATH` or `postgres://...`
    ");
}

#[test]
fn a_command_that_needs_no_project_does_not_fail_over_one() {
    let half = Environment::of([("POSTHOG_HOST", "us")]).with_data_directory("/nowhere");
    assert!(load(&half, Scope::Service).is_ok());

    let file = File::of("[[project]]\nname = \"shop\"\ntoken_env = \"NOT_HERE\"\n");
    let path = file.directory.path().join("heartbeat.toml");
    assert!(Settings::load(Sources { environment: &half, file: Some(&path), database: None }, Scope::Service).is_ok());
}

#[test]
fn a_file_goes_before_the_project_of_the_environment() {
    let file = File::of("[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n");
    let environment = Environment::of([("POSTHOG_HOST", "us"), ("POSTHOG_PROJECT_API_KEY", "phc_b")]).with_data_directory("/nowhere");
    let names = file.load(&environment).unwrap().projects.into_iter().map(|desired| desired.spec.name.to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn the_database_is_that_of_the_flag_then_the_variable_then_the_file() {
    let file = File::of("[service]\ndatabase = \"sqlite:file.db\"\n");
    let path = file.directory.path().join("heartbeat.toml");
    let chosen = |environment: &Environment, database: Option<&str>| {
        let settings = Settings::load(Sources { environment, file: Some(&path), database }, Scope::Service).unwrap();
        settings.database.file().unwrap()
    };
    let (set, unset) = (Environment::of([("DATABASE_URL", "sqlite:/variable.db")]), Environment::of([]));
    assert_eq!(chosen(&set, Some("sqlite:/flag.db")), PathBuf::from("/flag.db"));
    assert_eq!(chosen(&set, None), PathBuf::from("/variable.db"));
    assert_eq!(chosen(&unset, None), file.directory.path().join("file.db"));
    insta::assert_snapshot!(load(&unset, Scope::Service).unwrap_err(), @r"
    environment: there is no home directory for the database; give --database or DATABASE_URL (`sqlite:PATH`)
    ");
}

#[test]
fn the_encryption_key_is_beside_the_database_unless_set() {
    let key = |settings: Result<Settings, String>| match settings.unwrap().key {
        KeySource::File(path) => path.display().to_string(),
        KeySource::Given(_) => "given".to_owned(),
    };
    assert_eq!(key(settings([("DATABASE_URL", "sqlite:/var/lib/beats.db")])), "/var/lib/beats.key");
    assert_eq!(key(settings([("DATABASE_URL", "postgres://db/x")])), "/nowhere/heartbeat.key");
    assert_eq!(key(settings([("HEARTBEAT_KEY_FILE", "/run/key")])), "/run/key");
    assert_eq!(key(settings([("HEARTBEAT_KEY", "hunter2")])), "given");
    assert!(!format!("{:?}", settings([("HEARTBEAT_KEY", "hunter2")])).contains("hunter2"));
    insta::assert_snapshot!(settings([("HEARTBEAT_KEY", "hunter2"), ("HEARTBEAT_KEY_FILE", "/run/key")]).unwrap_err(), @r"
    environment: HEARTBEAT_KEY cannot be combined with HEARTBEAT_KEY_FILE; give one of them
    ");
}

#[test]
fn the_address_that_hears_of_life_is_that_of_the_variable_then_the_file() {
    let file = File::of("[service]\ndead_man_url = \"https://hc-ping.com/hunter2\"\ndead_man_method = \"post\"\n");
    let dead_man = |environment: &Environment| {
        let found = file.load(&environment.clone().with_data_directory("/nowhere")).unwrap().dead_man.unwrap();
        assert!(!format!("{found:?} {}", found.url).contains("hunter"), "{found:?}");
        (found.url.expose().to_owned(), found.post)
    };
    assert_eq!(dead_man(&Environment::of([])), ("https://hc-ping.com/hunter2".to_owned(), true));
    let set = Environment::of([("HEARTBEAT_DEAD_MAN_URL", "https://nosnch.in/hunter3")]);
    assert_eq!(dead_man(&set), ("https://nosnch.in/hunter3".to_owned(), true));
    let alone = settings([("HEARTBEAT_DEAD_MAN_URL", "https://nosnch.in/hunter3")]).unwrap().dead_man.unwrap();
    assert!(!alone.post);
    assert_eq!(settings([]).unwrap().dead_man, None);
    insta::assert_snapshot!(settings([("HEARTBEAT_DEAD_MAN_URL", "nosnch.in/hunter3")]).unwrap_err(), @r"
    environment: HEARTBEAT_DEAD_MAN_URL has no protocol; begin it with `https://`
    ");
}

#[test]
fn a_command_that_needs_no_channel_does_not_fail_over_one() {
    let file =
        File::of("[service]\ndead_man_url_env = \"NOT_HERE\"\n[[channel]]\nname = \"ops\"\nurl_env = \"NOT_HERE\"\n[[maintenance]]\n");
    let environment = Environment::of([("HEARTBEAT_DEAD_MAN_URL", "wrong")]).with_data_directory("/nowhere");
    let path = file.directory.path().join("heartbeat.toml");
    let settings = Settings::load(Sources { environment: &environment, file: Some(&path), database: None }, Scope::Service).unwrap();
    assert_eq!((settings.dead_man, settings.channels.len(), settings.windows.len()), (None, 0, 0));
}
