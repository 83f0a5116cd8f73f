//! Where the way is broken, in one sentence for the person who must do something about it.

use std::fmt;
use std::time::Duration;

use crate::model::{Finding, Look, LookFailure, Parts, Phase, Region, Standing, Timestamp, span};

/// The place where the way is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Capture answers, and does not take beats.
    CaptureRefuses {
        /// Its answer: status and words.
        words: String,
    },
    /// Capture does not answer.
    CaptureUnreachable {
        /// Where the way ends.
        at: Phase,
        /// The error.
        words: String,
    },
    /// Accepted, and not to be found by queries.
    NotQueryable {
        /// How long the oldest has been missing.
        waited: Duration,
        /// How other events fare meanwhile.
        others: Others,
        /// Whether PostHog was asked for the token, and knows it.
        token_known: bool,
    },
    /// Accepted, and not to be found by queries, while parts of the PostHog are down by its own word.
    PartsDown {
        /// How long the oldest has been missing.
        waited: Duration,
        /// Those parts.
        down: Parts,
    },
    /// Accepted, and dropped in silence: this PostHog does not know the token.
    TokenUnknown,
    /// Accepted, and dropped in silence: the token belongs to a project in this other region of Cloud.
    TokenElsewhere(Region),
    /// Accepted, and dropped in silence: the project is over its events quota.
    OverQuota,
    /// Of several routes only this is broken.
    OnlyRoute {
        /// Its name.
        route: String,
        /// What is wrong on it.
        cause: Box<Self>,
    },
    /// Beats whose distinct id decides for some partitions are missing, others arrive.
    SomePartitions {
        /// Whether those with a new distinct id each minute are the missing ones.
        fresh_missing: bool,
    },
    /// Queries fail.
    CannotLook(LookFailure),
    /// Nothing was sent lately: Heartbeat is not running.
    NotRunning,
    /// None of the watched events comes in.
    NoEvents {
        /// For how long there has been none at least.
        within: Duration,
        /// The newest, where one is on record.
        newest: Option<Timestamp>,
        /// Whether heartbeats arrive meanwhile; none where there are none beside what is watched.
        heartbeats: Option<bool>,
    },
    /// Heartbeats arrive, and nothing else does: nobody sends.
    Quiet {
        /// For how long at least.
        within: Duration,
        /// The newest other event, where one is on record.
        newest: Option<Timestamp>,
    },
}

/// The project's own traffic, while a beat is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// No look told.
    Untold,
    /// None in the last 30 minutes.
    Absent,
    /// None that is younger than the beat that is missing.
    Stopped {
        /// The newest.
        newest: Timestamp,
    },
    /// There are some that are younger than the beat that is missing.
    Arrive {
        /// The newest.
        newest: Timestamp,
    },
}

impl Others {
    /// What the newest look says of them, for a beat that was missing for as long as `waited` when it was made.
    pub(super) fn in_look(look: Option<&Look>, waited: Duration) -> Self {
        let Some((look, traffic)) = look.and_then(|look| look.result.as_ref().ok().map(|traffic| (look, traffic))) else {
            return Self::Untold;
        };
        match traffic.newest {
            _ if traffic.others == 0 => Self::Absent,
            None => Self::Untold,
            Some(newest) if newest > look.at.minus(waited) => Self::Arrive { newest },
            Some(newest) => Self::Stopped { newest },
        }
    }
}

impl Cause {
    /// In one of a closed list of words, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CaptureRefuses { .. } => "capture_refuses",
            Self::CaptureUnreachable { .. } => "capture_unreachable",
            Self::NotQueryable { .. } => "not_queryable",
            Self::TokenUnknown => "token_unknown",
            Self::OnlyRoute { .. } => "only_route",
            Self::SomePartitions { .. } => "some_partitions",
            Self::CannotLook(_) => "cannot_look",
            Self::NotRunning => "not_running",
            Self::PartsDown { .. } => "parts_down",
            Self::TokenElsewhere(_) => "wrong_region",
            Self::OverQuota => "over_quota",
            Self::NoEvents { .. } => "no_events",
            Self::Quiet { .. } => "quiet",
        }
    }

    /// As an incident keeps it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding { code: self.code().into(), words: self.to_string() }
    }

    /// For how long the oldest beat has been missing, where that is the cause.
    pub(super) fn waited(&self) -> Option<Duration> {
        match self {
            Self::NotQueryable { waited, .. } | Self::PartsDown { waited, .. } => Some(*waited),
            Self::OnlyRoute { cause, .. } => cause.waited(),
            _ => None,
        }
    }

    /// The oldest beat that is missing has been so for at least so long.
    pub(super) fn has_waited(&mut self, at_least: Duration) {
        match self {
            Self::NotQueryable { waited, .. } => *waited = at_least.max(*waited),
            Self::OnlyRoute { cause, .. } => cause.has_waited(at_least),
            _ => {}
        }
    }

    /// Whether no beat that is missing now can still arrive.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::TokenUnknown | Self::TokenElsewhere(_) | Self::OverQuota => true,
            Self::OnlyRoute { cause, .. } => cause.is_final(),
            _ => false,
        }
    }

    /// The cause of a beat that was accepted and has been missing for so long. `is_overdue` says that it is so late that PostHog was
    /// asked what it does with such beats: what it said then counts.
    pub(super) fn of_missing(look: Option<&Look>, waited: Duration, is_overdue: bool) -> Self {
        let word = look.and_then(|look| look.token).filter(|_| is_overdue);
        let others = Others::in_look(look, waited);
        match word.map(|word| (word.standing, word.down)) {
            Some((Standing::Unknown, _)) => Self::TokenUnknown,
            Some((Standing::Elsewhere(region), _)) => Self::TokenElsewhere(region),
            Some((Standing::OverQuota, _)) => Self::OverQuota,
            // What others get through has not stopped.
            Some((_, down)) if down.carry_events() && !matches!(others, Others::Arrive { .. }) => Self::PartsDown { waited, down },
            other => {
                let token_known = other.is_some_and(|(standing, _)| standing == Standing::Known);
                Self::NotQueryable { waited, others, token_known }
            }
        }
    }
}

/// One sentence without a full stop, beginning in lower case.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaptureRefuses { words } => write!(f, "capture refuses: {words}"),
            Self::CaptureUnreachable { at, words } => write!(f, "capture unreachable at {at}: {words}"),
            Self::NotQueryable { waited, others, token_known } => {
                write!(f, "accepted, but not queryable after {}", span(*waited))?;
                match others {
                    Others::Untold => {}
                    Others::Absent => f.write_str("; no other event in the last 30 minutes either")?,
                    Others::Stopped { newest } => write!(f, "; the newest other event is from {}", newest.time_of_day())?,
                    Others::Arrive { newest } => {
                        write!(f, "; other events arrive, the newest from {}: only ours go missing", newest.time_of_day())?;
                    }
                }
                match (token_known, others) {
                    // From outside these two look the same.
                    (true, Others::Absent | Others::Stopped { .. }) => {
                        f.write_str("; the token is known, so the queue is stuck, or the project is over its events quota")
                    }
                    _ => Ok(()),
                }
            }
            Self::TokenUnknown => {
                f.write_str("accepted, but this PostHog does not know the token: it is the wrong key, or the wrong region")
            }
            Self::TokenElsewhere(region) => {
                write!(f, "accepted, but dropped: the token belongs to a project in {}, another region", region.name().to_ascii_uppercase())
            }
            Self::OverQuota => f.write_str(
                "accepted, but dropped: the project is over its events quota (v0 does not say so; v1 refuses the same beat for it)",
            ),
            Self::PartsDown { waited, down } => {
                write!(f, "accepted, but not queryable after {}; the pipeline is broken: /_preflight says that {down}", span(*waited))
            }
            Self::OnlyRoute { route, cause } => write!(f, "only route {route}: {cause}"),
            Self::SomePartitions { fresh_missing: true } => {
                f.write_str("only some partitions of the queue: events with new distinct ids are missing, those with the fixed one arrive")
            }
            Self::SomePartitions { fresh_missing: false } => {
                f.write_str("only some partitions of the queue: events with the fixed distinct id are missing, those with new ones arrive")
            }
            Self::CannotLook(failure) => write!(f, "cannot look: {failure}"),
            Self::NotRunning => f.write_str("nothing is being sent: Heartbeat is not running"),
            Self::NoEvents { within, newest, heartbeats } => {
                write!(f, "no watched event in the last {}", span(*within))?;
                write_newest(f, *newest)?;
                match heartbeats {
                    Some(true) => f.write_str("; heartbeats arrive: PostHog takes events in, and these do not come"),
                    Some(false) => f.write_str("; heartbeats do not arrive either"),
                    None => Ok(()),
                }
            }
            Self::Quiet { within, newest } => {
                write!(f, "no event but heartbeats in the last {}", span(*within))?;
                write_newest(f, *newest)?;
                f.write_str("; heartbeats arrive: PostHog takes events in, and nobody else sends any")
            }
        }
    }
}

fn write_newest(f: &mut fmt::Formatter<'_>, newest: Option<Timestamp>) -> fmt::Result {
    newest.map_or(Ok(()), |newest| write!(f, "; the newest is from {}", newest.time_of_day()))
}
