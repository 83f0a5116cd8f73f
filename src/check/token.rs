//! Where a token is known: at the host, behind it, in the other region of Cloud, or nowhere that we can ask.

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
    /// PostHog itself knows it; behind the proxy where it was asked it is not known.
    Altered,
    /// It does not come with the question: what capture says to the event shows what is lost on the way.
    Lost,
    /// Nobody said, and why.
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
            Self::Altered => f.write_str("known to PostHog itself, and not behind the proxy: it does not get through as it was sent"),
            Self::Lost => f.write_str("cannot tell whether it is known here: PostHog answers that no token came with the question"),
            Self::CannotTell(why) => write!(f, "cannot tell whether it is known here: {why}"),
        }
    }
}

/// The region that events for this host end up in, where that is PostHog Cloud.
pub(super) fn home(host: &Host, api_host: Option<&Host>) -> Option<Region> {
    host.region().or_else(|| api_host.and_then(Host::region))
}

/// Asks the host; where it does not know the token, PostHog's own address behind it, and where that is Cloud, the other region.
pub(super) async fn find_token(client: &Client, host: &Host, api_host: Option<&Host>, token: &ProjectToken) -> TokenFound {
    let home = home(host, api_host);
    let through = knows_token(client, host.capture(), token).await;
    let behind = api_host.map(Host::api).filter(|behind| *behind != host.capture());
    match through {
        TokenState::Known => return TokenFound::Here(home),
        TokenState::NotPostHog(excerpt) => {
            return TokenFound::CannotTell(format!("something that is not PostHog answers {} “{}”", excerpt.status, excerpt.words));
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
