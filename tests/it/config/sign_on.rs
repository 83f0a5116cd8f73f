//! `[web.oidc]`: what is right is read, what is wrong is one sentence that names the field, and the secret comes out nowhere.

use std::fmt::Write as _;

use heartbeat::config::{Environment, Scope, Settings, Sources};
use heartbeat::model::{Allowed, NameClaim, Role, Secret, SignOn};

use super::{File, environment};

const WEB: &str = "[web]\npublic_url = \"https://beat.example.com\"\n";
const WHOLE: &str = r#"[web.oidc]
issuer = "https://id.example.com/realms/main"
client_id = "heartbeat"
client_secret = "hunter2"
allowed = ["@Example.com", "anna@example.org"]
claim = "preferred_username"
role = "editor"
title = "Example SSO"
"#;

fn sign_on(file: &str, environment: &Environment) -> SignOn {
    File::of(file).load(environment).unwrap().web.oidc.unwrap()
}

/// The smallest section that is right, with `line` in its place.
fn with(line: &str) -> String {
    let key = line.split([' ', '=']).next().unwrap();
    let needed = [("issuer", "\"https://id.example.com\""), ("client_id", "\"heartbeat\""), ("allowed", "[\"*\"]")];
    let mut file = format!("{WEB}[web.oidc]\n");
    for (name, value) in needed.iter().filter(|(name, _)| *name != key) {
        let _ = writeln!(file, "{name} = {value}");
    }
    file + line + "\n"
}

#[test]
fn a_whole_section_is_read_field_by_field() {
    let read = sign_on(&format!("{WEB}{WHOLE}"), &environment());
    assert_eq!((read.issuer.as_str(), read.client_id.as_str()), ("https://id.example.com/realms/main", "heartbeat"));
    assert_eq!(read.client_secret.as_ref().map(Secret::expose), Some("hunter2"));
    assert_eq!(read.allowed, ["@example.com", "anna@example.org"].map(|text| Allowed::parse(text).unwrap()));
    assert_eq!((read.claim, read.role, read.title.as_str()), (NameClaim::PreferredUsername, Role::Editor, "Example SSO"));
    assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
}

#[test]
fn what_the_page_about_it_shows_is_right() {
    let page = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/page.md")).unwrap();
    let shown = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).find(|shown| shown.contains("[web.oidc]"));
    let filled = shown.unwrap().replace("your-client-secret", "hunter2");
    assert_eq!(sign_on(&filled, &environment()).title, "Example SSO");
}

#[test]
fn what_may_be_left_out_has_a_default() {
    let read = sign_on(&with(""), &environment());
    assert_eq!((read.client_secret, read.claim, read.role), (None, NameClaim::Email, Role::Viewer));
    assert_eq!((read.title.as_str(), read.allowed), ("id.example.com", vec![Allowed::Everybody]));
}

#[test]
fn the_secret_is_that_of_the_variable_then_wherever_the_file_says() {
    let secret = |line: &str, variables: Environment| {
        let file = File::of(with(line));
        file.beside("secret", "hunter4\n");
        let read = file.load(&variables.with_data_directory("/nowhere")).unwrap().web.oidc.unwrap();
        read.client_secret.map(|secret| secret.expose().to_owned())
    };
    let set = || Environment::of([("HEARTBEAT_OIDC_SECRET", "hunter3"), ("SSO", "hunter5")]);
    assert_eq!(secret("client_secret = \"hunter2\"", set()).as_deref(), Some("hunter3"));
    assert_eq!(secret("", set()).as_deref(), Some("hunter3"));
    assert_eq!(secret("client_secret_file = \"secret\"", Environment::of([])).as_deref(), Some("hunter4"));
    assert_eq!(secret("client_secret_env = \"SSO\"", Environment::of([("SSO", "hunter5")])).as_deref(), Some("hunter5"));
    let alone = Environment::of([("HEARTBEAT_OIDC_SECRET", "hunter3")]).with_data_directory("/nowhere");
    assert_eq!(File::of("[service]\n").load(&alone).unwrap().web.oidc, None, "a secret alone sets up nothing");
    let wrong = Environment::of([("HEARTBEAT_OIDC_SECRET", "hunter\n3")]).with_data_directory("/nowhere");
    insta::assert_snapshot!(File::of(with("")).load(&wrong).unwrap_err().join("\n"), @"environment: HEARTBEAT_OIDC_SECRET is not a client secret: it must be one line of at most 500 bytes");
}

#[test]
fn a_command_that_needs_no_secret_does_not_fail_over_one() {
    let file = File::of(with("client_secret_env = \"NOT_HERE\""));
    let path = file.directory.path().join("heartbeat.toml");
    let sources = Sources { environment: &environment(), file: Some(&path), database: None };
    assert!(Settings::load(sources, Scope::Service).unwrap().web.oidc.is_some());
    assert!(Settings::load(sources, Scope::Everything).is_err());
}

#[test]
fn without_a_public_address_nobody_can_be_sent_back() {
    let section = with("").replace("public_url = \"https://beat.example.com\"\n", "");
    insta::assert_snapshot!(File::of(&section).problems(), @"heartbeat.toml:2: web: oidc needs public_url in [web] (or HEARTBEAT_PUBLIC_URL): the address to which the issuer redirects users");
    let public = Environment::of([("HEARTBEAT_PUBLIC_URL", "https://beat.example.com")]).with_data_directory("/nowhere");
    File::of(&section).load(&public).unwrap();
}

#[test]
fn what_must_be_there_is_missed() {
    insta::assert_snapshot!(File::of(format!("{WEB}[web.oidc]\n")).problems(), @r#"
    heartbeat.toml:3: web.oidc: issuer is missing; give `issuer = "https://id.example.com"`
    heartbeat.toml:3: web.oidc: client_id is missing; give `client_id = "heartbeat"`
    heartbeat.toml:3: web.oidc: allowed is missing; give the allowed users, for example ["@example.com"], or ["*"] for every user of the issuer
    "#);
}

#[test]
fn each_wrong_setting_is_one_sentence() {
    let long = format!("client_id = \"{}\"", "x".repeat(501));
    let mut told = String::new();
    for line in [
        r#"issuer = "id.example.com""#,
        r#"issuer = "http://id.example.com""#,
        r#"issuer = "https://me:hunter2@id.example.com""#,
        r#"issuer = "https://id.example.com/.well-known/openid-configuration""#,
        r#"issuer = "https://id.example.com?realm=main""#,
        "issuer = 1",
        r#"client_id = """#,
        r#"client_id = "heart beat""#,
        long.as_str(),
        r#"client_secret = """#,
        r#"client_secret = "hunter2\nhunter2""#,
        r#"client_secret = ["hunter2"]"#,
        r#"client_secret_env = "hunter2""#,
        r#"client_secret_file = "no-such-file""#,
        "allowed = []",
        r#"allowed = "*""#,
        "allowed = [1]",
        r#"allowed = ["@"]"#,
        r#"allowed = ["*@example.com"]"#,
        r#"allowed = ["ann@example.com", "Ann@example.com"]"#,
        r#"claim = "sub""#,
        r#"role = "admin""#,
        r#"title = """#,
        r#"title = "a\nb""#,
        r#"client_secrett = "hunter2""#,
    ] {
        let problems = File::of(with(line)).problems();
        let field = line.split([' ', '=']).next().unwrap();
        assert_eq!(problems.lines().count(), 1, "{line}: {problems}");
        assert!(problems.contains(field), "{line}: {problems}");
        assert!(!problems.contains("hunter2"), "{line}: {problems}");
        let _ = writeln!(told, "{line}\n    {problems}");
    }
    insta::assert_snapshot!("wrong settings of single sign-on", told);
}
