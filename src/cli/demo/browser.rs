//! The demo's page, opened in the browser of whoever sits before this machine.

use crate::config::Environment;

/// Whether somebody sits before a screen that a browser can be shown on: not at the other end of a line, and not before a bare console.
pub(super) fn is_at_hand(environment: &Environment) -> bool {
    let is_far = environment.first(&["SSH_CONNECTION", "SSH_TTY"]).is_some();
    !is_far && (cfg!(target_os = "macos") || environment.first(&["DISPLAY", "WAYLAND_DISPLAY"]).is_some())
}

/// Opens it. What is to be said beside the link is given back: nothing, where it went well.
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
        assert!(local.iter().all(is_at_hand));
        assert!(!is_at_hand(&Environment::of([("DISPLAY", "localhost:10.0"), ("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22")])));
        assert_eq!(is_at_hand(&Environment::of([])), cfg!(target_os = "macos"));
    }
}
