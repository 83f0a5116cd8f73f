//! Beats from letters, for the tests of the rules.

use std::time::Duration;

use crate::model::{Host, Minute, Outcome, ProjectName, ProjectSpec, ProjectToken, Recorded, RouteId};

pub(super) const START: Minute = Minute::from_index(30_000_000);

/// One letter per minute: A arrived, L late, `.` awaiting and not read back yet, w awaiting and missed after 30 s, W awaiting and missed after
/// 5 min, X lost, R rejected, U unreachable, ? unverified, `_` no beat.
pub(super) fn beats(route: i64, letters: &str) -> Vec<Recorded> {
    let minutes = letters.chars().enumerate().filter(|(_, letter)| *letter != '_');
    minutes
        .map(|(at, letter)| {
            let minute = START.plus(at as i64);
            let sent = minute.start();
            let after = |seconds| Some(sent.plus(Duration::from_secs(seconds)));
            let blank = Recorded { sent: Some(sent), ..Recorded::blank(RouteId(route), minute) };
            match letter {
                'A' => Recorded { outcome: Outcome::Arrived, ingested: after(2), seen: after(30), ..blank },
                'L' => Recorded { outcome: Outcome::Late, ingested: after(200), seen: after(240), ..blank },
                '.' => Recorded { outcome: Outcome::Awaiting, ..blank },
                'w' => Recorded { outcome: Outcome::Awaiting, missed: after(30), ..blank },
                'W' => Recorded { outcome: Outcome::Awaiting, missed: after(300), ..blank },
                'X' => Recorded { outcome: Outcome::Lost, missed: after(900), ..blank },
                'R' => Recorded { outcome: Outcome::Rejected, status: Some(503), ..blank },
                'U' => Recorded { outcome: Outcome::Unreachable, ..blank },
                _ => Recorded { outcome: Outcome::Unverified, ..blank },
            }
        })
        .collect()
}

pub(super) fn spec() -> ProjectSpec {
    ProjectSpec::new(
        ProjectName::parse("shop").unwrap(),
        Host::parse("https://posthog.example.com").unwrap(),
        ProjectToken::parse("phc_a").unwrap(),
    )
}
