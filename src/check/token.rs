//! Where a token is known: here, in the other region of Cloud, or nowhere that we can ask.

use std::fmt;

use super::Mark;
use crate::model::{Host, ProjectToken, Region};
use crate::posthog::Client;
use crate::posthog::instance::{TokenState, knows_token};

/// What to do about a token that nobody knows.
pub(super) const COPY_THE_TOKEN: &str =
    "copy the project token (phc_...) again, from Settings > Project > General; it belongs to one PostHog, on Cloud to one region";

/// Where a token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenFound {
    /// Where it was asked; on Cloud, in this region.
    Here(Option<Region>),
    /// In this region of Cloud, and not where it was asked.
    Elsewhere(Region),
    /// Not where it was asked.
    Nowhere,
    /// Nobody said, and why.
    CannotTell(String),
}

impl TokenFound {
    pub(super) const fn mark(&self) -> Mark {
        match self {
            Self::Here(_) => Mark::Ok,
            Self::CannotTell(_) => Mark::Note,
            Self::Elsewhere(_) | Self::Nowhere => Mark::Fail,
        }
    }
}

/// The rest of a sentence about the token.
impl fmt::Display for TokenFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(None) => f.write_str("known here"),
            Self::Here(Some(region)) => write!(f, "known in this region ({})", region.name()),
            Self::Elsewhere(other) => {
                write!(f, "not known here, but in the region {}: events sent here are answered 200 and dropped", other.name())
            }
            Self::Nowhere => f.write_str("not known here: events with it are answered 200 and dropped"),
            Self::CannotTell(why) => write!(f, "cannot tell whether it is known here: {why}"),
        }
    }
}

/// The region that events for this host end up in, where that is PostHog Cloud.
pub(super) fn home(host: &Host, api_host: Option<&Host>) -> Option<Region> {
    host.region().or_else(|| api_host.and_then(Host::region))
}

/// Asks the host, and where it is Cloud and does not know the token, the other region.
pub(super) async fn find_token(client: &Client, host: &Host, home: Option<Region>, token: &ProjectToken) -> TokenFound {
    match knows_token(client, host.capture(), token).await {
        TokenState::Known => TokenFound::Here(home),
        TokenState::CannotTell(why) => TokenFound::CannotTell(why),
        TokenState::Unknown => match home.map(Region::other) {
            Some(other) => match knows_token(client, other.host().capture(), token).await {
                TokenState::Known => TokenFound::Elsewhere(other),
                TokenState::Unknown | TokenState::CannotTell(_) => TokenFound::Nowhere,
            },
            None => TokenFound::Nowhere,
        },
    }
}
