//! The program as it is built without any feature: what it says of what it cannot do. A test by itself, and small, because it needs a program of its
//! own. With single sign-on built in there is nothing here to say.

#[cfg(not(feature = "oidc"))]
mod without_single_sign_on {
    use std::path::Path;
    use std::process::{Command, Output};

    const SETTINGS: &str = include_str!("single_sign_on.toml");

    fn run(folder: &Path, arguments: &[&str]) -> (Output, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heartbeat"));
        command.env_clear().env("HOME", folder).env("HEARTBEAT_LISTEN", "127.0.0.1:0").current_dir(folder).args(arguments);
        let ended = command.output().expect("the program runs");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        (ended, said)
    }

    #[test]
    fn it_reads_the_settings_and_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("heartbeat.toml"), text).unwrap();
        write(SETTINGS);
        let (ended, said) = run(folder.path(), &["run", "--config", "heartbeat.toml"]);
        assert!(!ended.status.success(), "{ended:?}");
        let says = "this program was built without it; build it with `cargo build --release --features oidc`";
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
        let (checked, said) = run(folder.path(), &["config", "check", "heartbeat.toml"]);
        assert!(checked.status.code() == Some(2) && said.contains(says), "{checked:?}");
        write(&SETTINGS.replace("https://id.invalid", "http://id.invalid"));
        let (ended, said) = run(folder.path(), &["run", "--config", "heartbeat.toml"]);
        assert!(said.contains("web.oidc: issuer") && ended.status.code() == Some(2), "{ended:?}");
    }
}
