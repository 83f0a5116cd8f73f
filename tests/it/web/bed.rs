//! A site on a port of its own, over a store of its own, on a clock that is moved by hand; and a browser that asks it.

use std::net::SocketAddr;
use std::sync::Arc;

use heartbeat::auth::{Authenticator, draw};
use heartbeat::clock::{Clock, Hand};
use heartbeat::config::WebSettings;
use heartbeat::config::access::TokenSpec;
use heartbeat::liveness::Liveness;
use heartbeat::model::{Digest, ProjectName, Role, Secret, Timestamp, UserName};
use heartbeat::notify::{Sender, SenderSettings};
use heartbeat::posthog;
use heartbeat::store::Store;
use heartbeat::web::{ConnectionLimits, Web};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::store::bed::Bed;

/// The time when a site begins.
pub(crate) const NOW: &str = "2026-11-23T15:10:07Z";
/// Every user's password.
pub(crate) const PASSWORD: &str = "four words in a row";

/// A site that serves until it is dropped.
pub(crate) struct TestSite {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    pub(crate) hand: Hand,
    pub(crate) address: SocketAddr,
    pub(crate) liveness: Liveness,
    /// Opens `/enter/CODE` without a password, as in the demo.
    pub(crate) code: String,
    _stop: oneshot::Sender<()>,
    bed: Bed,
}

impl TestSite {
    /// An empty one.
    pub(crate) async fn start() -> Self {
        Self::with(WebSettings::default()).await
    }

    /// An empty one with these settings.
    pub(crate) async fn with(settings: WebSettings) -> Self {
        Self::limited(settings, ConnectionLimits::for_descriptors(1_024)).await
    }

    /// An empty one with these settings, and these limits for those who visit it.
    pub(crate) async fn limited(settings: WebSettings, limits: ConnectionLimits) -> Self {
        Self::over(Bed::sqlite(), settings, limits).await
    }

    /// One over a database that is there.
    pub(crate) async fn over(bed: Bed, settings: WebSettings, limits: ConnectionLimits) -> Self {
        let store = bed.open().await;
        let (clock, hand) = Clock::hand(Timestamp::parse(NOW).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = posthog::Client::new(clock.clone(), &posthog::Settings::default()).unwrap();
        let sender = Arc::new(Sender::new(clock.clone(), &SenderSettings::default()).unwrap());
        let liveness = Liveness::new(clock.clone());
        let code = draw().unwrap();
        let web = Web {
            store: Arc::clone(&store),
            client,
            sender,
            clock: clock.clone(),
            liveness: liveness.clone(),
            settings,
            limits,
            pass: Some(Digest::of(&code)),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(web.serve(listener, async move { drop(stopped.await) }));
        Self { store, clock, hand, address, liveness, code, _stop: stop, bed }
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.bed.execute(sql).await;
    }

    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator { store: Arc::clone(&self.store), clock: self.clock.clone() }
    }

    /// A visitor who is not logged in.
    pub(crate) fn stranger(&self) -> Browser {
        Browser { base: format!("http://{}", self.address), cookies: Vec::new(), client: client() }
    }

    /// An editor, logged in.
    pub(crate) async fn writer(&self) -> Browser {
        self.user("ann", Role::Editor).await
    }

    /// A viewer, logged in.
    pub(crate) async fn reader(&self) -> Browser {
        self.user("rob", Role::Viewer).await
    }

    /// A user of this name, made and logged in without the cost of hashing a password.
    pub(crate) async fn user(&self, name: &str, role: Role) -> Browser {
        let name = UserName::parse(name).unwrap();
        let audit_entry = heartbeat::auth::audit_entry("test", format!("user {name}"), "made".into(), self.clock.now());
        let user = self.store.put_user(&name, role, None, self.clock.now(), (&audit_entry).into()).await.unwrap();
        let token = self.authenticator().open(user, false).await.unwrap();
        Browser { cookies: vec![("heartbeat_session".into(), token)], ..self.stranger() }
    }

    /// A user with [`PASSWORD`].
    pub(crate) async fn with_password(&self, name: &str, role: Role) {
        let name = UserName::parse(name).unwrap();
        let audit_entry = heartbeat::auth::audit_entry("test", format!("user {name}"), "made".into(), self.clock.now());
        self.authenticator().put(&name, role, Some(&Secret::new(PASSWORD)), (&audit_entry).into()).await.unwrap();
    }

    /// An API token.
    pub(crate) async fn token(&self, role: Role) -> String {
        let spec = TokenSpec { name: ProjectName::parse("test").unwrap(), role, lasts: None };
        self.authenticator().make_token(&spec, ("test", None)).await.unwrap()
    }
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

/// A visitor, with cookies as a browser keeps them.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) base: String,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) client: Client,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("{}{path}", self.base));
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) }
    }

    /// Sends, and keeps the cookies that come back.
    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Shown {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Shown { status, headers, text: answer.text().await.unwrap() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// Loads the page at `on`, and sends a form from it to `path`, with what every form brings along.
    pub(crate) async fn submit(&mut self, on: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let page = self.get(on).await;
        let csrf = page.field("csrf").unwrap_or_default();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        self.post(path, &fields).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded").body(body);
        let request = request.header("origin", &self.base);
        self.send(request).await
    }
}

impl Shown {
    /// What a hidden field holds.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }

    /// Where the browser is sent.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// The text with code between backticks, as programs get it.
    pub(crate) fn in_backticks(&self) -> String {
        self.text.replace("<code>", "`").replace("</code>", "`")
    }

    /// The page, which must be one.
    pub(crate) fn page(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        &self.text
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
