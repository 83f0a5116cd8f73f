//! Files that are no settings files, and files that read-back odd and are.

use std::fs;

use heartbeat::config::EXAMPLE;
use proptest::prelude::*;

use super::{File, environment, load};
use crate::support::examples::examples;

const RIGHT: &str = "[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken = \"phc_a\"\n";

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let told = |path: &std::path::Path| {
        let problems = load(path, &environment()).expect_err("there is a problem");
        problems.join("\n").replace(&directory.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(told(&directory.path().join("none.toml")), @r"
    DIR/none.toml: there is no such file; `heartbeat config example` prints one to start from
    ");
    insta::assert_snapshot!(told(directory.path()), @"DIR: is a directory; give the file in it");
    fs::write(directory.path().join("file"), "").unwrap();
    insta::assert_snapshot!(told(&directory.path().join("file/heartbeat.toml")), @r"
    DIR/file/heartbeat.toml: cannot be read: Not a directory (os error 20)
    ");
}

#[test]
fn a_file_that_holds_no_settings_says_why() {
    insta::assert_snapshot!(File::of("").problems(), @r"
    heartbeat.toml: is empty; `heartbeat config example` prints settings to start from
    ");
    insta::assert_snapshot!(File::of("\u{feff} \r\n").problems(), @r"
    heartbeat.toml: is empty; `heartbeat config example` prints settings to start from
    ");
    insta::assert_snapshot!(File::of(b"[service]\n# caf\xe9\n").problems(), @r"
    heartbeat.toml: is not UTF-8 text (line 2); save it as UTF-8
    ");
    insta::assert_snapshot!(File::of("{\"projects\": []}").problems(), @r"
    heartbeat.toml:1: is not TOML: invalid key-value pair, expected key
    ");
    insta::assert_snapshot!(File::of([0_u8, 1, 2].repeat(10)).problems(), @r"
    heartbeat.toml:1: is not TOML: key with no value, expected `=`
    heartbeat.toml:1: is not TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
    ");
}

#[test]
fn what_is_not_toml_is_reported_by_line_and_never_quoted() {
    let file = "[[project]]\nname = \"shop\"\npersonal_api_key = \"hunter2\ntoken = hunter2\nname = \"again\"\n";
    let problems = File::of(file).problems();
    assert!(!problems.contains("hunter2"), "{problems}");
    insta::assert_snapshot!(problems, @r#"
    heartbeat.toml:3: is not TOML: invalid basic string, expected `"`
    heartbeat.toml:4: is not TOML: string values must be quoted, expected literal string
    heartbeat.toml:5: is not TOML: duplicate key
    "#);
}

proptest! {
    #![proptest_config(examples(300))]

    #[test]
    fn a_damaged_file_is_reported_and_never_quotes_a_key(at in any::<prop::sample::Index>(), gone in 0..4_usize, put in "[\\PC\n]{0,3}") {
        let mut text = EXAMPLE.replace("#personal_api_key = \"phx_...\"", "personal_api_key = \"phx_hunter2\"").chars().collect::<Vec<_>>();
        let start = at.index(text.len());
        text.splice(start..(start + gone).min(text.len()), put.chars());
        if let Err(problems) = File::of(text.into_iter().collect::<String>()).load(&environment()) {
            prop_assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.contains("hunter2")), "{:?}", problems);
        }
    }
}

#[test]
fn a_mark_at_the_start_and_windows_line_ends_are_taken() {
    let windows = format!("\u{feff}{}", RIGHT.replace('\n', "\r\n"));
    let settings = File::of(&windows).load(&environment()).unwrap();
    assert_eq!(settings.projects[0].spec.name.as_str(), "shop");

    let wrong = windows.replace("\"us\"", "\"nowhere\"");
    assert!(File::of(wrong).problems().starts_with("heartbeat.toml:3: "), "lines are counted right");
}

#[test]
fn keys_are_found_in_variables_and_in_files_beside_the_settings() {
    let file = File::of("[[project]]\nname = \"shop\"\nhost = \"us\"\ntoken_env = \"SHOP_TOKEN\"\npersonal_api_key_file = \"shop.key\"\n");
    file.beside("shop.key", "phx_secret\n");
    let environment = heartbeat::config::Environment::of([("SHOP_TOKEN", "phc_a")]).with_data_directory("/nowhere");
    let settings = file.load(&environment).unwrap();
    assert_eq!(settings.projects[0].spec.token.as_str(), "phc_a");
    assert_eq!(settings.projects[0].spec.personal_key.as_ref().unwrap().expose(), "phx_secret");

    file.beside("shop.key", "phc_wrong\n");
    insta::assert_snapshot!(file.load(&environment).unwrap_err().join("\n"), @r#"
    heartbeat.toml:5: project "shop": personal_api_key_file names a file whose text is a project token (phc_...); give a personal API key (phx_...) with the scope query:read, from Settings > Personal API keys
    "#);
    file.beside("shop.key", "\n");
    insta::assert_snapshot!(file.load(&environment).unwrap_err().join("\n"), @r#"
    heartbeat.toml:5: project "shop": personal_api_key_file `shop.key` is empty; it must contain the key
    "#);
    file.beside("shop.key", "phx_a".repeat(1000));
    insta::assert_snapshot!(file.load(&environment).unwrap_err().join("\n"), @r#"
    heartbeat.toml:5: project "shop": personal_api_key_file `shop.key` is too long for a key file
    "#);
}
