//! Finds where a token is valid: at the host, at the PostHog behind it, or in the other Cloud region.

use std::fmt;

use super::Mark;
use crate::model::{Host, ProjectToken, Region};
use crate::posthog::Client;
use crate::posthog::instance::{TokenState, knows_token};

pub(super) const COPY_THE_TOKEN: &str = "copy the project token (phc_...) again, from Settings > Project > General; it is valid for one PostHog instance, on Cloud for one region";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenFound {
    /// Valid at the host; on Cloud, with its region.
    Here(Option<Region>),
    /// Valid only in this other Cloud region.
    Elsewhere(Region),
    Nowhere,
    /// PostHog itself knows the token, but not through the proxy.
    Altered,
    /// The token was removed from the request on the way.
    Lost,
    CannotTell(String),
}

impl TokenFound {
    pub(super) const fn mark(&self) -> Mark {
        match self {
            Self::Here(_) => Mark::Ok,
            Self::Lost | Self::CannotTell(_) => Mark::Note,
            Self::Elsewhere(_) | Self::Nowhere | Self::Altered => Mark::Fail,
        }
    }
}

impl fmt::Display for TokenFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(None) => f.write_str("valid here"),
            Self::Here(Some(region)) => write!(f, "valid in this region ({})", region.name()),
            Self::Elsewhere(other) => {
                write!(f, "not valid here, but in the region {}: events sent here are answered with 200 and dropped", other.name())
            }
            Self::Nowhere => f.write_str("not valid here: events with this token are answered with 200 and dropped"),
            Self::Altered => f.write_str("valid at PostHog itself, but not through the proxy: the proxy changes it"),
            Self::Lost => f.write_str("cannot verify the token here: PostHog answers that the request contains no token"),
            Self::CannotTell(why) => write!(f, "cannot verify the token here: {why}"),
        }
    }
}

/// The Cloud region of this host, if it is PostHog Cloud.
pub(super) fn home(host: &Host, api_host: Option<&Host>) -> Option<Region> {
    host.region().or_else(|| api_host.and_then(Host::region))
}

/// Asks the host, then the PostHog behind it, then the other Cloud region.
pub(super) async fn find_token(client: &Client, host: &Host, api_host: Option<&Host>, token: &ProjectToken) -> TokenFound {
    let home = home(host, api_host);
    let through = knows_token(client, host.capture(), token).await;
    let behind = api_host.map(Host::api).filter(|behind| *behind != host.capture());
    match through {
        TokenState::Known => return TokenFound::Here(home),
        TokenState::NotPostHog(excerpt) => {
            return TokenFound::CannotTell(format!("the answer is not from PostHog: {} “{}”", excerpt.status, excerpt.words));
        }
        TokenState::CannotTell(why) => return TokenFound::CannotTell(why),
        TokenState::Lost => return TokenFound::Lost,
        TokenState::Unknown | TokenState::Contradicted => {}
    }
    if let Some(behind) = behind
        && knows_token(client, behind, token).await == TokenState::Known
    {
        return TokenFound::Altered;
    }
    if through == TokenState::Contradicted {
        return TokenFound::Here(home);
    }
    match home.map(Region::other) {
        Some(other) => match knows_token(client, other.host().capture(), token).await {
            TokenState::Known => TokenFound::Elsewhere(other),
            _ => TokenFound::Nowhere,
        },
        None => TokenFound::Nowhere,
    }
}
