//! Every help text, as it is printed.

use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use heartbeat::cli::Cli;

use super::Home;

/// Every command that is shown, with its words, the program itself first.
pub(super) fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn below(command: &clap::Command, words: &[String], found: &mut Vec<(Vec<String>, clap::Command)>) {
        found.push((words.to_vec(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            below(inner, &[words, &[inner.get_name().to_owned()]].concat(), found);
        }
    }
    let mut found = Vec::new();
    below(&Cli::command(), &[], &mut found);
    found
}

#[test]
fn every_command_explains_itself() {
    let home = Home::new();
    for (words, _) in commands() {
        let arguments = words.iter().map(String::as_str).chain(["--help"]).collect::<Vec<_>>();
        let ran = home.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
        insta::assert_snapshot!([&["help".to_owned()], words.as_slice()].concat().join(" "), ran.out);
    }
}

#[test]
fn nothing_asked_for_shows_the_help() {
    let home = Home::new();
    let (bare, asked) = (home.run(&[]), home.run(&["-h"]));
    assert_eq!((bare.code, bare.out), (0, asked.out));
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(Home::new().run(&["--version"]).out, format!("heartbeat {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_and_version_are_commands_as_well() {
    let home = Home::new();
    for (command, flag) in
        [(&["version"][..], &["--version"][..]), (&["help"], &["-h"]), (&["help", "channels", "add"], &["channels", "add", "-h"])]
    {
        assert_eq!(home.run(command).out, home.run(flag).out, "{command:?}");
    }
    let wrong = home.run(&["help", "chanels"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("there is no command `chanels`; did you mean `channels`?"), "{wrong:?}");
    let below = home.run(&["man", "channels", "add", "ops"]);
    assert_eq!(below.code, 2, "{below:?}");
    assert!(below.err.contains("`heartbeat channels add` has no command `ops` below it"), "{below:?}");
}

#[test]
fn every_command_has_a_man_page() {
    let home = Home::new();
    assert_eq!(home.run(&["man", "--dir", "share/man1"]).code, 0);
    for (words, _) in commands() {
        let name = [&["heartbeat".to_owned()], words.as_slice()].concat().join("-");
        let page = std::fs::read_to_string(home.path(&format!("share/man1/{name}.1"))).unwrap_or_else(|why| panic!("{name}: {why}"));
        let title = format!(".TH {name} 1 ");
        assert!(page.contains(&title), "{name}: {page}");
        let arguments = ["man"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>();
        assert!(home.run(&arguments).out.contains(&title), "{name}");
    }
    let file = home.path("file");
    std::fs::write(&file, "").unwrap();
    let wrong = home.run(&["man", "--dir", "file/man1"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.err.contains("cannot create the directory file/man1"), "{wrong:?}");
}

#[test]
fn every_shell_gets_its_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("heartbeat") && ran.out.contains("apply"), "{shell}");
    }
}

#[test]
fn a_reader_who_has_read_enough_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_heartbeat"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn colour_comes_when_asked_for_and_not_into_a_pipe() {
    let home = Home::new();
    home.file("two.toml", super::TWO);
    let colored = |arguments: &[&str]| home.run(&[&["apply", "two.toml", "--dry-run"], arguments].concat()).out.contains('\u{1b}');
    assert!(!colored(&[]));
    assert!(!colored(&["--color", "never"]));
    assert!(colored(&["--color", "always"]));
}
