//! Opens the demo's page in the browser.

use crate::config::Environment;

/// Whether this machine has a screen for a browser: not over SSH, and not on a text console.
pub(super) fn is_available(environment: &Environment) -> bool {
    let is_remote = environment.first(&["SSH_CONNECTION", "SSH_TTY"]).is_some();
    !is_remote && (cfg!(target_os = "macos") || environment.first(&["DISPLAY", "WAYLAND_DISPLAY"]).is_some())
}

/// Returns a note to show beside the link, empty on success.
pub(super) fn open(link: &str) -> &'static str {
    match open::that_detached(link) {
        Ok(()) => "",
        Err(_) => "no browser found",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_opened_only_where_somebody_sees_it() {
        let local = [Environment::of([("DISPLAY", ":0")]), Environment::of([("WAYLAND_DISPLAY", "wayland-0")])];
        assert!(local.iter().all(is_available));
        assert!(!is_available(&Environment::of([("DISPLAY", "localhost:10.0"), ("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22")])));
        assert_eq!(is_available(&Environment::of([])), cfg!(target_os = "macos"));
    }
}
