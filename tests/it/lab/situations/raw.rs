//! No proxy at all, or nothing that deserves the name.

use std::time::Duration;

use super::{Before, Change, Raw, Situation};

pub(super) fn all() -> Vec<Situation> {
    vec![
        Situation::new("network/closes", "closes without an answer", &["no_answer"], Before::Raw(Raw::Closes)),
        Situation::new("network/resets", "resets each connection", &["connect", "no_answer"], Before::Raw(Raw::Resets)),
        Situation::new("network/silent", "never answers", &["no_answer"], Before::Raw(Raw::Silent)),
        Situation::new("network/breaks-off", "the answer breaks off", &["no_answer"], Before::Raw(Raw::BreaksOff)),
        Situation::new("network/ssh", "an SSH server", &["no_answer", "intermediary/wrong_upstream"], Before::Raw(Raw::Ssh)),
        Situation::new(
            "network/late",
            "passes on, and answers after 25 s, where the limit is 20 s",
            &["no_answer", "answers_lost", "intermediary/upstream_slow"],
            Before::Relay,
        )
        .behind(Change::Late(Duration::from_secs(25)))
        .exits(&[0, 3, 4]),
        Situation::new("network/refused", "nobody listens", &["connect"], Before::Closed),
        Situation::new("network/no-name", "the name does not resolve", &["dns"], Before::NoName),
        Situation::new("network/no-name-api-too", "the name does not resolve", &["dns"], Before::NoName).api_through(),
    ]
}
