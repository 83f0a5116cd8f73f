//! An issuer of OpenID Connect on loopback, written apart from what it is asked by: it logs everybody in at once, signs for real, and
//! can be made to do it wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;

/// As what Heartbeat is known here.
pub(crate) const CLIENT: &str = "heartbeat";
/// What it shows for that.
pub(crate) const SECRET: &str = "hunter2";

/// Two keys, made once: it takes a while.
static KEYS: LazyLock<[KeyPair; 2]> = LazyLock::new(|| [(); 2].map(|()| KeyPair::generate(KeySize::Rsa2048).unwrap()));

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signs {
    /// With one of the two keys, under its own name.
    With(usize),
    /// With the second key, under the name of the first.
    AsAnother,
    /// With the client's secret.
    Secret,
    /// Not at all.
    Not,
}

/// What it does.
pub(crate) struct Ways {
    /// What it says of the user who logs in; null takes a claim away.
    pub(crate) claims: BTreeMap<&'static str, Value>,
    /// What it says of itself beside the usual.
    pub(crate) about: BTreeMap<&'static str, Value>,
    pub(crate) signs: Signs,
    /// The key that it publishes.
    pub(crate) publishes: usize,
    /// What it sends the browser back with, in place of a code.
    pub(crate) denies: Option<[&'static str; 2]>,
    /// What it answers on this path in place of the right thing.
    pub(crate) answers: Option<(&'static str, StatusCode, String)>,
    /// Where the site really listens, when a browser is to find it there.
    pub(crate) port: Option<u16>,
    /// Whether Heartbeat has no secret here.
    pub(crate) is_public: bool,
    /// The time by which it makes tokens.
    pub(crate) now_s: i64,
}

/// A login that waits for its code to be shown.
struct Waiting {
    nonce: String,
    challenge: String,
    back: String,
}

struct IssuerState {
    base: String,
    ways: Mutex<Ways>,
    waiting: Mutex<BTreeMap<String, Waiting>>,
    asked: Mutex<Vec<String>>,
}

/// An issuer that serves until it is dropped.
pub(crate) struct TestIssuer {
    issuer_state: Arc<IssuerState>,
    _stop: oneshot::Sender<()>,
}

impl TestIssuer {
    pub(crate) async fn start(now_s: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, now_s)
    }

    /// One where nobody listened until now.
    pub(crate) async fn at(address: SocketAddr, now_s: i64) -> Self {
        Self::on(TcpListener::bind(address).await.unwrap(), now_s)
    }

    fn on(listener: TcpListener, now_s: i64) -> Self {
        let claims = [("email", json!("ann@example.com")), ("email_verified", json!(true))].into();
        let (about, answers) = (BTreeMap::new(), None);
        let ways = Ways { claims, about, signs: Signs::With(0), publishes: 0, denies: None, answers, port: None, is_public: false, now_s };
        let base = format!("http://{}", listener.local_addr().unwrap());
        let issuer_state = Arc::new(IssuerState { base, ways: Mutex::new(ways), waiting: Mutex::default(), asked: Mutex::default() });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(about_itself))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&issuer_state));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, routes).with_graceful_shutdown(async move { drop(stopped.await) });
        tokio::spawn(served.into_future());
        Self { issuer_state, _stop: stop }
    }

    pub(crate) fn base(&self) -> &str {
        &self.issuer_state.base
    }

    pub(crate) fn ways(&self) -> MutexGuard<'_, Ways> {
        self.issuer_state.ways.lock().unwrap()
    }

    /// How often it was asked for this path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.issuer_state.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

impl IssuerState {
    /// Remembers that it was asked; what it is to answer instead, if anything.
    fn asked(&self, path: &str) -> Option<Response> {
        self.asked.lock().unwrap().push(path.to_owned());
        let ways = self.ways.lock().unwrap();
        let (_, status, text) = ways.answers.as_ref().filter(|(on, ..)| *on == path)?;
        let kind = if text.starts_with("http") { LOCATION } else { CONTENT_TYPE };
        let value = if text.starts_with("http") { text } else { "application/json" };
        Some((*status, [(kind, value.to_owned())], text.clone()).into_response())
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn reject(status: StatusCode, error: &str, description: &str) -> Response {
    answer(status, &json!({ "error": error, "error_description": description }))
}

async fn about_itself(State(issuer_state): State<Arc<IssuerState>>, uri: Uri) -> Response {
    if let Some(instead) = issuer_state.asked(uri.path()) {
        return instead;
    }
    let at = |path: &str| format!("{}{path}", issuer_state.base);
    let mut about = json!({
        "issuer": issuer_state.base,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    });
    for (name, value) in &issuer_state.ways.lock().unwrap().about {
        about[name] = value.clone();
    }
    answer(StatusCode::OK, &about)
}

/// The two numbers of a public key, out of its DER: a sequence of two integers, of which the first is of 2048 bits and a zero before.
fn numbers(key: &KeyPair) -> (String, String) {
    let der = key.public_key().as_ref();
    assert_eq!(der.len(), 270, "a public RSA key of 2048 bits");
    (URL_SAFE_NO_PAD.encode(&der[9..265]), URL_SAFE_NO_PAD.encode(&der[267..]))
}

async fn keys(State(issuer_state): State<Arc<IssuerState>>, uri: Uri) -> Response {
    if let Some(instead) = issuer_state.asked(uri.path()) {
        return instead;
    }
    let published = issuer_state.ways.lock().unwrap().publishes;
    let (n, e) = numbers(&KEYS[published]);
    answer(
        StatusCode::OK,
        &json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": format!("key-{published}"), "n": n, "e": e }] }),
    )
}

fn fields(text: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Logs in every visitor, at once.
async fn authorize(State(issuer_state): State<Arc<IssuerState>>, uri: Uri) -> Response {
    let asked = fields(uri.query().unwrap_or_default().as_bytes());
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    let scopes: Vec<&str> = field("scope").split(' ').collect();
    assert_eq!([field("response_type"), field("client_id"), field("code_challenge_method")], ["code", CLIENT, "S256"]);
    assert!(scopes.contains(&"openid") && (scopes.contains(&"email") || scopes.contains(&"profile")), "{scopes:?}");
    assert!(field("state").len() >= 43 && field("nonce").len() >= 43 && field("state") != field("nonce"));
    let mut back = Url::parse(field("redirect_uri")).unwrap();
    let denies = issuer_state.ways.lock().unwrap().denies;
    if let Some([error, description]) = denies {
        back.query_pairs_mut().append_pair("error", error).append_pair("error_description", description);
    } else {
        let mut waiting = issuer_state.waiting.lock().unwrap();
        let code = format!("code-{}", waiting.len());
        let [nonce, challenge, to] = ["nonce", "code_challenge", "redirect_uri"].map(|name| field(name).to_owned());
        waiting.insert(code.clone(), Waiting { nonce, challenge, back: to });
        back.query_pairs_mut().append_pair("code", &code);
    }
    back.query_pairs_mut().append_pair("state", field("state"));
    if let Some(port) = issuer_state.ways.lock().unwrap().port {
        back.set_port(Some(port)).unwrap();
    }
    (StatusCode::FOUND, [(LOCATION, back.to_string())]).into_response()
}

async fn token(State(issuer_state): State<Arc<IssuerState>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(instead) = issuer_state.asked(uri.path()) {
        return instead;
    }
    let asked = fields(&body);
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    let ways = issuer_state.ways.lock().unwrap();
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
    let of_header = header.strip_prefix("Basic ").map(|login| String::from_utf8(STANDARD.decode(login).unwrap()).unwrap());
    let in_body = asked.get("client_secret").map(|secret| format!("{}:{secret}", field("client_id")));
    let is_known = if ways.is_public {
        of_header.or(in_body).is_none() && field("client_id") == CLIENT
    } else if ways.about.contains_key("token_endpoint_auth_methods_supported") {
        of_header.is_none() && in_body == Some(format!("{CLIENT}:{SECRET}"))
    } else {
        in_body.is_none() && of_header == Some(format!("{CLIENT}:{SECRET}"))
    };
    if !is_known {
        return reject(StatusCode::UNAUTHORIZED, "invalid_client", "unknown client, or its secret is wrong");
    }
    // A code is good once, for the browser that began, and for where it was begun.
    let waiting = issuer_state.waiting.lock().unwrap().get_mut(field("code")).map(|waiting| std::mem::take(&mut waiting.nonce));
    let fits = issuer_state.waiting.lock().unwrap().get(field("code")).is_some_and(|waiting| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
        waiting.challenge == challenge && waiting.back == field("redirect_uri")
    });
    match waiting.filter(|nonce| !nonce.is_empty() && fits && field("grant_type") == "authorization_code") {
        Some(nonce) => {
            let token = id_token(&issuer_state.base, &ways, &nonce);
            answer(StatusCode::OK, &json!({ "access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token }))
        }
        None => reject(StatusCode::BAD_REQUEST, "invalid_grant", "the code is not good"),
    }
}

fn id_token(base: &str, ways: &Ways, nonce: &str) -> String {
    let mut claims = json!({
        "iss": base, "sub": "4711", "aud": CLIENT, "iat": ways.now_s, "exp": ways.now_s + 300, "nonce": nonce,
    });
    for (name, value) in &ways.claims {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let header = match ways.signs {
        Signs::With(key) => json!({ "alg": "RS256", "typ": "JWT", "kid": format!("key-{key}") }),
        Signs::AsAnother => json!({ "alg": "RS256", "typ": "JWT", "kid": "key-0" }),
        Signs::Secret => json!({ "alg": "HS256", "typ": "JWT" }),
        Signs::Not => json!({ "alg": "none", "typ": "JWT" }),
    };
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let by_key = |key: usize| {
        let mut signature = vec![0; KEYS[key].public_modulus_len()];
        KEYS[key].sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        signature
    };
    let signature = match ways.signs {
        Signs::With(key) => by_key(key),
        Signs::AsAnother => by_key(1),
        Signs::Secret => Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&signed).finalize().into_bytes().to_vec(),
        Signs::Not => Vec::new(),
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
