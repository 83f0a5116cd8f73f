//! Channels in a settings file: every kind's fields, secrets left to the store, and what cannot go together.

use std::fmt::Write as _;

use heartbeat::config::{Environment, Settings};
use heartbeat::model::{ChannelKind, ChannelSpec, Severity, Takes};

use super::{File, environment};

/// What a field of each kind takes.
fn right(takes: Takes) -> &'static str {
    match takes {
        Takes::Text => "hunter2",
        Takes::Url => "https://example.com/hunter2",
        Takes::SmtpUrl => "smtps://me:hunter2@mail.example.com:465",
        Takes::Addresses => "Ops <ops@example.com>, boss@example.com",
        Takes::OneOf(all) => all[0],
        Takes::SigningSecret => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        Takes::HostName => "monitor.example.com",
        Takes::Number => "7",
        Takes::Thread => "alerts of Heartbeat",
        Takes::Labels => "severity=critical, team=data",
        Takes::Headers => "Authorization: Bearer hunter2",
        Takes::Payload => r#"{"text": "{{ text }}"}"#,
        Takes::CommandLine => "/usr/bin/logger -t heartbeat",
        other => unreachable!("no channel has a field of {other:?}"),
    }
}

/// A file with one channel of this kind, all of whose fields are set.
fn file_of(kind: ChannelKind) -> String {
    let mut file = format!("[[channel]]\nname = \"ops\"\nkind = \"{kind}\"\n");
    for field in kind.fields() {
        let _ = writeln!(file, "{} = '{}'", field.key, right(field.takes));
    }
    file
}

fn read(text: &str) -> Settings {
    File::of(text).load(&environment()).unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"))
}

fn only(text: &str) -> ChannelSpec {
    let mut channels = read(text).channels;
    assert_eq!(channels.len(), 1);
    channels.remove(0).spec
}

#[test]
fn a_required_field_that_is_not_secret_must_be_there() {
    let problems = File::of("[[channel]]\nname = \"mail\"\nkind = \"email\"\nfrom = \"nobody\"\n").problems();
    insta::assert_snapshot!(problems, @r#"
    heartbeat.toml:1: channel "mail": to is missing: The recipients' addresses, separated by commas
    heartbeat.toml:4: channel "mail": from contains `nobody`, which is not an e-mail address
    "#);
}

#[test]
fn what_is_wrong_in_a_field_is_reported_without_the_secret() {
    for kind in ChannelKind::ALL {
        for field in kind.fields().iter().filter(|field| !matches!(field.takes, Takes::Text)) {
            let line = format!("{} = '{}'", field.key, right(field.takes));
            // As a name of a thread it would do, were it shorter.
            let wrong = if field.takes == Takes::Thread { "hunter2 ".repeat(20) } else { "hunter2 hunter2".to_owned() };
            let problems = File::of(file_of(kind).replace(&line, &format!("{} = '{wrong}'", field.key))).problems();
            assert_eq!(problems.lines().count(), 1, "{problems}");
            assert!(problems.contains(&format!("channel \"ops\": {} ", field.key)), "{problems}");
            assert!(!field.secret || !problems.contains("hunter2"), "{problems}");
        }
    }
}

#[test]
fn channels_need_names_of_their_own_and_a_kind() {
    let file = "[[channel]]\nname = \"ops\"\nkind = \"get-pair\"\n[[channel]]\nname = \"ops\"\nkind = \"ntfy\"\n\n[[channel]]\nurl = \"x\"\nchat = 1\nurll = \"x\"\n";
    insta::assert_snapshot!(File::of(file).problems(), @r#"
    heartbeat.toml:5: channel "ops": name `ops` is used twice; each channel needs its own name
    heartbeat.toml:8: channel number 3: name is missing; give it a name, such as `ops`
    heartbeat.toml:8: channel number 3: kind is missing; there are webhook, http, get-pair, slack, discord, teams, pagerduty, opsgenie, alertmanager, email, ntfy, telegram, google-chat, mattermost, pushover, command
    heartbeat.toml:11: channel number 3: `urll` is not a setting here; did you mean `url`?
    "#);
}

#[test]
fn a_pair_that_calls_nobody_is_none() {
    insta::assert_snapshot!(File::of("[[channel]]\nname = \"pair\"\nkind = \"get-pair\"\ntriggered = \"\"\nresolved = \"\"\n").problems(), @r#"
    heartbeat.toml:4: channel "pair": the address is missing; give triggered or resolved
    "#);
}

#[test]
fn every_field_of_every_kind_is_heard() {
    for kind in ChannelKind::ALL {
        let spec = only(&file_of(kind));
        assert_eq!(spec.problems(), [], "{kind}");
        for field in kind.fields() {
            assert_eq!(spec.values.get(field.key), Some(right(field.takes)), "{kind} {}", field.key);
        }
    }
}

#[test]
fn every_secret_may_stand_in_a_variable_or_in_a_file() {
    for kind in ChannelKind::ALL {
        for field in kind.fields().iter().filter(|field| field.secret) {
            let line = format!("{} = '{}'", field.key, right(field.takes));
            for (ending, value) in [("env", "SECRET"), ("file", "secret")] {
                let file = File::of(file_of(kind).replace(&line, &format!("{}_{ending} = '{value}'", field.key)));
                file.beside("secret", format!("{}\n", right(field.takes)));
                let environment = Environment::of([("SECRET", right(field.takes))]).with_data_directory("/nowhere");
                let settings = file.load(&environment).unwrap_or_else(|problems| panic!("{kind} {}: {problems:?}", field.key));
                assert_eq!(settings.channels[0].spec, only(&file_of(kind)), "{kind} {}", field.key);
            }
        }
    }
}

#[test]
fn what_all_channels_have_is_heard() {
    let usual = only(&file_of(ChannelKind::Slack));
    assert_eq!((usual.enabled, usual.least, usual.at_once), (true, Severity::Info, ChannelSpec::AT_ONCE));
    assert_eq!((usual.projects.is_all(), usual.title, usual.body), (true, None, None));

    let more = "enabled = false\nprojects = [\"shop\", \"blog\"]\nseverity = \"critical\"\nat_once = 1\ntitle = \"{{ title }}!\"\nbody = \"\"\"\nOne\nTwo\"\"\"\n";
    let spec = only(&format!("{}{more}", file_of(ChannelKind::Slack)));
    assert_eq!((spec.enabled, spec.least, spec.at_once), (false, Severity::Critical, 1));
    assert_eq!(spec.projects.to_texts(), ["shop", "blog"]);
    assert_eq!((spec.title.as_deref(), spec.body.as_deref()), (Some("{{ title }}!"), Some("One\nTwo")));
    let chat = only("[[channel]]\nname = \"chat\"\nkind = \"telegram\"\ntoken = \"hunter2\"\nchat = -100123\n");
    assert_eq!(chat.value("chat"), "-100123");
}

#[test]
fn a_secret_is_left_alone_set_or_removed() {
    let desired = |lines: &str| read(&format!("[[channel]]\nname = \"ops\"\nkind = \"webhook\"\n{lines}\n")).channels.remove(0);
    let stored = [desired("url = \"https://example.com/old\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"").spec];

    let left = desired("");
    assert!(left.leaves("url") && left.leaves("secret"));
    assert_eq!(left.over(&stored).unwrap(), stored[0]);
    insta::assert_snapshot!(left.over(&[]).unwrap_err().to_string(), @r"
    url is missing: The address that receives the JSON by POST
    ");
    let removed = desired("secret = \"\"").over(&stored).unwrap();
    assert_eq!((removed.value("url"), removed.value("secret")), ("https://example.com/old", ""));
    assert_eq!(desired("url = \"https://example.com/new\"").over(&stored).unwrap().value("url"), "https://example.com/new");

    let other = read("[[channel]]\nname = \"ops\"\nkind = \"slack\"\n").channels.remove(0);
    let missing = other.over(&stored).unwrap_err().to_string();
    assert!(missing.starts_with("url is missing"), "the secret of another kind is none of its: {missing}");
}

#[test]
fn a_channel_never_prints_its_secrets() {
    for kind in ChannelKind::ALL {
        let channels = read(&file_of(kind)).channels;
        assert!(!format!("{channels:?}").contains("hunter2"), "{channels:?}");
    }
}

#[test]
fn labels_are_a_table_or_a_text() {
    let file = |labels: &str| {
        format!("[[channel]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"https://am.example.com\"\nlabels = {labels}\n")
    };
    for labels in ["{ severity = \"critical\", team = \"data\", level = 3 }", "\"severity=critical, team=data, level=3\""] {
        let spec = only(&file(labels));
        let mut read = heartbeat::model::labels(spec.value("labels")).unwrap();
        read.sort_unstable();
        assert_eq!(read, [("level", "3"), ("severity", "critical"), ("team", "data")], "{labels}");
    }
    for (labels, says) in [
        ("{ team = \"a,b\" }", "labels must be a table of texts without commas"),
        ("{ team = [] }", "labels must be a table of texts without commas"),
        ("{ project = \"x\" }", "labels contains `project=x`, which is Heartbeat's own label"),
        ("\"team\"", "labels contains `team`, and must be written like `severity=critical, team=data`"),
    ] {
        let problems = File::of(file(labels)).problems();
        assert!(problems.contains(says), "{labels}: {problems}");
    }
}
