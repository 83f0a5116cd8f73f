//! What was said, held against what is right.

use std::fmt;

use serde_json::Value;

use super::situations::Situation;

/// Places on PostHog's side: what is wrong there is nothing that a proxy's owner could mend.
const POSTHOGS: [&str; 6] = ["capture", "token", "quota", "pipeline", "filtered", "partition"];
/// Places beyond capture's answer, which nobody between can be blamed for.
const BEHIND_CAPTURE: [&str; 4] = ["partial_loss", "answers_lost", "query", "personal_key"];
/// Places between.
const BETWEEN: [&str; 2] = ["intermediary", "forward_proxy"];

/// A diagnosis as it was said; empty texts where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    place: String,
    did: String,
    answered_by: String,
    pub(super) summary: String,
}

/// How one situation came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// Each reason for which it is not right; none when it is.
    pub(super) wrong: Vec<String>,
    /// Whether PostHog was blamed for what stands between, or the reverse.
    pub(super) blames_the_other_side: bool,
}

impl Said {
    pub(super) fn of(diagnosis: &Value) -> Self {
        let text = |field: &str| diagnosis[field].as_str().unwrap_or_default().to_owned();
        // Who answered is a word, or an object with that word and what shows it.
        let answered_by = &diagnosis["answered_by"];
        let answered_by = answered_by.as_str().or_else(|| answered_by["who"].as_str()).unwrap_or_default().to_owned();
        Self { place: text("place"), did: text("did"), answered_by, summary: text("summary") }
    }

    /// Whether it is this answer: `place`, `place/did`, `place@who,who`.
    fn is(&self, right: &str) -> bool {
        let (right, who) = right.split_once('@').unwrap_or((right, ""));
        let (place, did) = right.split_once('/').unwrap_or((right, ""));
        self.place == place && (did.is_empty() || self.did == did) && (who.is_empty() || who.split(',').any(|who| who == self.answered_by))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place.as_str(), self.did.as_str()) {
            ("", _) => f.write_str("nothing"),
            (place, "") => write!(f, "`{place}`"),
            (place, did) => write!(f, "`{place}` / `{did}`"),
        }
    }
}

/// Holds what was said against what is right.
pub(super) fn judge(situation: &Situation, said: &Said) -> Judged {
    let mut wrong = Vec::new();
    if !situation.right.iter().any(|right| said.is(right)) {
        wrong.push(format!("it says {said}, right is {}", situation.right.join(" or ")));
    }
    let right: Vec<&str> = situation.right.iter().map(|right| place_of(right)).collect();
    let said = said.place.as_str();
    let all_of = |sides: &[&str]| right.iter().all(|place| sides.contains(place));
    let posthog_blamed =
        POSTHOGS.contains(&said) && !right.contains(&said) && !right.iter().any(|place| POSTHOGS.contains(place) || *place == "none");
    let proxy_blamed = BETWEEN.contains(&said) && all_of(&[&POSTHOGS[..], &BEHIND_CAPTURE[..]].concat());
    Judged { wrong, blames_the_other_side: posthog_blamed || proxy_blamed }
}

/// The exit codes of `check` that are right.
pub(super) fn right_exits(situation: &Situation) -> Vec<i32> {
    if let Some(codes) = situation.exits {
        return codes.to_vec();
    }
    let through = situation.asked.api == super::situations::Api::Through;
    let mut codes = Vec::new();
    for right in situation.right {
        codes.extend_from_slice(match place_of(right) {
            // A proxy's clock alone costs nobody an event.
            "none" | "clock" => &[0],
            "dns" | "connect" | "tls" | "no_answer" | "forward_proxy" => &[4],
            // Another token is taken, and the event is nowhere to be found.
            "intermediary" if right.ends_with("alters_token") => &[1, 3, 5],
            "intermediary" if through => &[3, 6],
            "intermediary" | "capture" => &[3],
            "token" => &[3, 5],
            "quota" => &[1, 3],
            "pipeline" | "filtered" | "partition" | "partial_loss" => &[1],
            // Seen all the same, it is a warning.
            "answers_lost" => &[0, 4],
            "query" | "personal_key" => &[6],
            "heartbeat" => &[2, 5],
            other => panic!("{}: no exit code is known for {other}", situation.name),
        });
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn place_of(right: &str) -> &str {
    right.split(['/', '@']).next().unwrap()
}

/// The share that has to be right, in hundredths.
pub(super) const ENOUGH: usize = 95;

/// What there is to complain of: too few right answers, or a part blamed for what another did; with every mismatch.
pub(super) fn complain(what: &str, judged: &[(String, Judged)]) -> Option<String> {
    let wrong: Vec<String> =
        judged.iter().filter(|(_, one)| !one.wrong.is_empty()).map(|(name, one)| format!("  {name}: {}", one.wrong.join("; "))).collect();
    let blamed: Vec<&str> = judged.iter().filter(|(_, one)| one.blames_the_other_side).map(|(name, _)| name.as_str()).collect();
    let right = judged.len() - wrong.len();
    let said = format!("{what}: {right} of {} are right; the other side is blamed in {blamed:?}\n{}", judged.len(), wrong.join("\n"));
    show(&said);
    (!blamed.is_empty() || right * 100 < judged.len() * ENOUGH).then(|| format!("{said}\n{ENOUGH} % have to be right, and nobody blamed"))
}

#[expect(clippy::print_stderr, reason = "what the tests say to whoever runs them with --nocapture")]
pub(super) fn show(words: &str) {
    eprintln!("{words}");
}
