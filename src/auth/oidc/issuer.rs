//! The OpenID Connect issuer: its configuration, its login page, and its answer for a code.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, TokenResponse as _,
};
use reqwest::Client;
use tokio::sync::Mutex;
use url::Url;

use super::rejection::{RejectionReason, error_text, quoted};
use super::wire::{NoAnswer, Wire};
use super::{NotBuiltIn, Pending};
use crate::clock::Clock;
use crate::model::{NameClaim, Said, Secret, SignOn, UserName};

/// How long the issuer's configuration is cached.
const HOLDS: Duration = Duration::from_hours(1);
/// How long a failure is cached.
const LEFT_ALONE: Duration = Duration::from_secs(10);
/// Signatures that only the issuer can create, so not those with a shared secret (HS256).
const SIGNED_BY: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

type Ours = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Asked only when a user logs in: Heartbeat starts without it.
pub struct Issuer {
    settings: SignOn,
    back: RedirectUrl,
    clock: Clock,
    cache: Mutex<Option<Cached>>,
}

/// The cached configuration, or the failure to read it.
struct Cached {
    at: Duration,
    said: Result<Arc<CoreProviderMetadata>, RejectionReason>,
}

impl Issuer {
    /// `back`: the redirect URL. Cannot fail here; see the variant without single sign-on.
    pub fn new(settings: &SignOn, back: String, clock: Clock) -> Result<Self, NotBuiltIn> {
        let back = RedirectUrl::new(back).map_err(|_| NotBuiltIn)?;
        Ok(Self { settings: settings.clone(), back, clock, cache: Mutex::default() })
    }

    /// Starts a login: the URL for the browser, and the values that it keeps.
    pub async fn begin(&self, client: &Client) -> Result<(Url, Pending), RejectionReason> {
        let known = self.configuration(client).await?;
        let pending = Pending::draw().map_err(|wrong| RejectionReason::Odd(wrong.to_string()))?;
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let scope = match self.settings.claim {
            NameClaim::Email => "email",
            NameClaim::PreferredUsername => "profile",
        };
        let (state, nonce) = (CsrfToken::new(pending.state.clone()), Nonce::new(pending.nonce.clone()));
        let ours = self.ours(&known);
        let asked = ours.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce);
        let asked =
            asked.add_scope(Scope::new(scope.to_owned())).set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok((asked.url().0, pending))
    }

    /// Finishes a login with the code that the browser returned.
    pub async fn end(&self, client: &Client, code: &str, pending: Pending) -> Result<UserName, RejectionReason> {
        let known = self.configuration(client).await?;
        let ours = self.ours(&known);
        let asked = ours.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|_| odd("it has no token endpoint"))?;
        let asked = asked.set_pkce_verifier(PkceCodeVerifier::new(pending.verifier));
        let wire = self.wire(client);
        let answer = asked.request_async(&wire).await.map_err(|wrong| self.no_token(wrong))?;
        let token = answer.id_token().ok_or_else(|| RejectionReason::Unproven("the answer has no ID token".to_owned()))?;
        let nonce = Nonce::new(pending.nonce);
        let said = match self.verified(&ours, token, &nonce) {
            // The issuer changed its keys since they were cached.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let known = self.with_new_keys(client, &known).await?;
                self.verified(&self.ours(&known), token, &nonce)
            }
            first => first,
        };
        let said = said.map_err(|wrong| RejectionReason::Unproven(self.unproven(&wrong)))?;
        Ok(self.settings.admit(&said)?)
    }

    /// The claims, if the token is from this issuer, for this client and login, and recent.
    fn verified(&self, ours: &Ours, token: &CoreIdToken, nonce: &Nonce) -> Result<Said, ClaimsVerificationError> {
        let now = DateTime::<Utc>::from_timestamp_millis(self.clock.now().ms()).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let verifier = ours.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(move || now);
        let claims: &CoreIdTokenClaims = token.claims(&verifier, nonce)?;
        Ok(Said {
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified(),
            preferred_username: claims.preferred_username().map(|name| name.to_string()),
        })
    }

    async fn configuration(&self, client: &Client) -> Result<Arc<CoreProviderMetadata>, RejectionReason> {
        let mut known = self.cache.lock().await;
        let now = self.clock.monotonic();
        if let Some(Cached { at, said }) = &*known {
            let holds = if said.is_ok() { HOLDS } else { LEFT_ALONE };
            if now.saturating_sub(*at) < holds {
                return said.clone();
            }
        }
        let said = self.ask(client).await.map(Arc::new);
        *known = Some(Cached { at: now, said: said.clone() });
        said
    }

    async fn ask(&self, client: &Client) -> Result<CoreProviderMetadata, RejectionReason> {
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned()).map_err(|wrong| self.silent(wrong.to_string()))?;
        let wire = self.wire(client);
        let said = CoreProviderMetadata::discover_async(issuer, &wire).await;
        let said = said.map_err(|wrong| self.no_word(wrong))?;
        let goes_to = said.authorization_endpoint().url();
        if self.settings.issuer.may_name(goes_to) {
            Ok(said)
        } else {
            Err(self.silent("its authorization endpoint does not begin with https://".to_owned()))
        }
    }

    async fn with_new_keys(&self, client: &Client, known: &CoreProviderMetadata) -> Result<Arc<CoreProviderMetadata>, RejectionReason> {
        let wire = self.wire(client);
        let keys = CoreJsonWebKeySet::fetch_async(known.jwks_uri(), &wire).await;
        let renewed = Arc::new(known.clone().set_jwks(keys.map_err(|wrong| self.no_word(wrong))?));
        if let Some(known) = &mut *self.cache.lock().await {
            known.said = Ok(Arc::clone(&renewed));
        }
        Ok(renewed)
    }

    fn ours(&self, known: &CoreProviderMetadata) -> Ours {
        let secret = self.secret().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let ours = CoreClient::from_provider_metadata(known.clone(), ClientId::new(self.settings.client_id.clone()), secret);
        let takes = known.token_endpoint_auth_methods_supported();
        let takes = |method| takes.is_none_or(|methods| methods.contains(&method));
        // The default is the header.
        let in_header = takes(CoreClientAuthMethod::ClientSecretBasic) || !takes(CoreClientAuthMethod::ClientSecretPost);
        ours.set_redirect_uri(self.back.clone()).set_auth_type(if in_header { AuthType::BasicAuth } else { AuthType::RequestBody })
    }

    fn wire(&self, client: &Client) -> Wire {
        Wire { client: client.clone(), clock: self.clock.clone(), issuer: self.settings.issuer.clone() }
    }

    const fn secret(&self) -> Option<&Secret> {
        self.settings.client_secret.as_ref()
    }

    fn silent(&self, words: String) -> RejectionReason {
        RejectionReason::Silent { issuer: self.settings.issuer.to_string(), words }
    }

    fn no_word(&self, wrong: DiscoveryError<NoAnswer>) -> RejectionReason {
        self.silent(match wrong {
            DiscoveryError::Request(no_answer) => no_answer.to_string(),
            DiscoveryError::Response(status, _, _) if !status.is_success() => format!("it answered {}", status.as_u16()),
            DiscoveryError::Validation(wrong) => format!("it names a different issuer: {}", quoted(&wrong, self.secret())),
            // Other answers are not quoted: they may contain anything.
            _ => "the answer is not an OpenID configuration; check issuer in [web.oidc]".to_owned(),
        })
    }

    fn no_token(&self, wrong: RequestTokenError<NoAnswer, StandardErrorResponse<CoreErrorResponseType>>) -> RejectionReason {
        match wrong {
            RequestTokenError::ServerResponse(said) => {
                let words = error_text(said.error().as_ref(), said.error_description().map(String::as_str), self.secret());
                match said.error() {
                    CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => RejectionReason::Unknown(words),
                    CoreErrorResponseType::InvalidGrant => RejectionReason::Spent(words),
                    _ => RejectionReason::Odd(format!("it answered {words}")),
                }
            }
            RequestTokenError::Request(no_answer) => RejectionReason::Odd(no_answer.to_string()),
            // The answer may contain tokens: it is not quoted.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => odd("its answer is not valid"),
        }
    }

    fn unproven(&self, wrong: &ClaimsVerificationError) -> String {
        match wrong {
            ClaimsVerificationError::Expired(_) => "it has expired (is this machine's clock right?)".to_owned(),
            ClaimsVerificationError::InvalidAudience(_) => format!("it is not for the client `{}`", self.settings.client_id),
            ClaimsVerificationError::InvalidIssuer(_) => "it is from another issuer".to_owned(),
            ClaimsVerificationError::InvalidNonce(_) => "it is for another login".to_owned(),
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                "it is signed with a key that is not the issuer's".to_owned()
            }
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_),
            ) => "its signature algorithm is not accepted; let the issuer sign with RS256".to_owned(),
            ClaimsVerificationError::SignatureVerification(_) => "its signature is wrong".to_owned(),
            other => quoted(&other.to_string(), self.secret()),
        }
    }
}

fn odd(words: &str) -> RejectionReason {
    RejectionReason::Odd(words.to_owned())
}
