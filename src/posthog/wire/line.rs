//! The connections to one origin: opened cold once a minute, then reused, never opened in a stampede.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use super::decode::decoded;
use super::dial::Opened;
use super::exchange::read;
use super::proxy::Way;
use super::track::microseconds;
use super::{Ask, Cut, Dialer, Heard, Origin, Track};
use crate::model::{Minute, Phase};

/// Idle connections are closed after this time: servers and load balancers close theirs after 60 s or more, and a
/// request on a closing connection is lost.
const KEPT_FOR: Duration = Duration::from_secs(45);
/// Requests in flight on one HTTP/2 connection; servers allow 100 or more.
const SEATS: usize = 100;
/// Parallel connection attempts for HTTP/1.1, which needs one connection per request in flight. Before the protocol is known, and
/// for HTTP/2, only one.
const DIALS_AT_ONCE: usize = 64;
/// HTTP/1.1 connections in use; further requests wait. Most systems allow a process 1024
/// open files, and a beat that fails for lack of one would look like a fault of PostHog.
const SINGLES: usize = 256;

pub(crate) struct Line {
    origin: Origin,
    host: HeaderValue,
    way: Way,
    dialling: Semaphore,
    singles: Semaphore,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    cold: Option<Minute>,
    is_h1: bool,
    /// Idle HTTP/1.1 connections, most recently used last.
    singles: Vec<(http1::SendRequest<Full<Bytes>>, Duration)>,
    /// HTTP/2 connections, newest last.
    shared: Vec<(Shared, Duration)>,
    /// The last failed dial: requests that waited for it share its error.
    failed: Option<(Cut, Duration)>,
    used: Duration,
}

/// An HTTP/2 connection; each request in flight holds a clone of `seats`.
#[derive(Clone)]
struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    seats: Arc<()>,
}

struct Lease<'a> {
    connection: Connection,
    is_new: bool,
    doubt: Doubt<'a>,
}

/// A connection on which a request gets no answer is suspect: unless [`Doubt::clear`]ed, it is not used again. An HTTP/1.1 connection
/// ends with its request anyway; an HTTP/2 connection is shared and is removed here.
struct Doubt<'a> {
    line: &'a Line,
    seats: Option<Arc<()>>,
}

enum Connection {
    Single(http1::SendRequest<Full<Bytes>>),
    Shared(Shared),
}

enum Unanswered {
    /// Not written: another connection can take it.
    NeverSent(Cut),
    Broken(Cut),
}

impl Line {
    pub(crate) fn new(origin: Origin, dialer: &Dialer) -> Self {
        let way = dialer.rules.way(&origin);
        let host = origin.host_header();
        let pool = Pool { used: dialer.clock.monotonic(), ..Pool::default() };
        Self { origin, host, way, dialling: Semaphore::new(1), singles: Semaphore::new(SINGLES), pool: Mutex::new(pool) }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Closes idle connections; returns whether the line itself is still in use.
    pub(crate) fn sweep(&self, now: Duration) -> bool {
        let mut pool = self.lock();
        pool.drop_stale(now);
        now.saturating_sub(pool.used) < 10 * KEPT_FOR
    }

    pub(crate) async fn exchange(&self, dialer: &Dialer, ask: &Ask, track: &Track) -> Result<Heard, Cut> {
        let is_h1 = self.lock().is_h1;
        // Never an error: the semaphore is not closed.
        let _turn = if is_h1 { self.singles.acquire().await.ok() } else { None };
        loop {
            let mut lease = self.lease(dialer, ask.cold, track).await?;
            track.enter(Phase::Answer);
            let begun = dialer.clock.real();
            let response = match lease.put(self.request(ask, &lease.connection)).await {
                Ok(response) => response,
                // The server had closed the idle connection: this says nothing about PostHog.
                Err(Unanswered::NeverSent(_)) if !lease.is_new => continue,
                Err(Unanswered::NeverSent(cut) | Unanswered::Broken(cut)) => return Err(cut),
            };
            let (at, now) = (dialer.clock.now(), dialer.clock.monotonic());
            let took = dialer.clock.real().saturating_sub(begun);
            track.took(|phases| phases.first_byte_us = Some(microseconds(took)));
            let (head, body) = response.into_parts();
            let (body, whole) = read(body, ask.most).await?;
            lease.end(whole, now);
            let (body, encoded) = decoded(&head.headers, body, ask.most);
            return Ok(Heard { status: head.status, headers: head.headers, body, encoded, whole, at });
        }
    }

    fn request(&self, ask: &Ask, connection: &Connection) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.headers_mut() = ask.headers.clone();
        *request.uri_mut() = match (connection, &self.way) {
            (Connection::Single(_), Way::Direct | Way::Tunnel(_)) => Uri::from(ask.path.clone()),
            _ => self.origin.uri(ask.path.clone()),
        };
        if matches!(connection, Connection::Single(_)) {
            request.headers_mut().insert(HOST, self.host.clone());
        }
        if let Way::Forward(proxy) = &self.way
            && let Some(authorization) = &proxy.authorization
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        request
    }

    async fn lease(&self, dialer: &Dialer, cold: bool, track: &Track) -> Result<Lease<'_>, Cut> {
        let came = dialer.clock.monotonic();
        if cold && let Some(_permit) = self.claim_cold(dialer.clock.now().minute()) {
            return self.dial(dialer, track).await;
        }
        if let Some(connection) = self.lock().take(came) {
            return Ok(self.leased(connection, false));
        }
        let _permit = self.dialling.acquire().await;
        match self.lock().after_waiting(came, dialer.clock.monotonic()) {
            Some(Ok(connection)) => return Ok(self.leased(connection, false)),
            Some(Err(cut)) => return Err(cut),
            None => {}
        }
        self.dial(dialer, track).await
    }

    /// Permission for the cold dial of `minute`, once. Meanwhile others use a pooled connection or wait for
    /// it: the permit is taken before any other request can see that the minute has its dial.
    fn claim_cold(&self, minute: Minute) -> Option<Result<SemaphorePermit<'_>, TryAcquireError>> {
        let mut pool = self.lock();
        // At the turn of a minute, a request that read the clock earlier may arrive later.
        let has_its_dial = pool.cold.is_some_and(|last| last == minute || last == minute.plus(1));
        if has_its_dial {
            return None;
        }
        pool.cold = Some(minute);
        Some(self.dialling.try_acquire())
    }

    async fn dial(&self, dialer: &Dialer, track: &Track) -> Result<Lease<'_>, Cut> {
        // Boxed: a dial is rare and large, and every request in flight would hold space for it.
        let opened = Box::pin(dialer.open(&self.origin, &self.way, track)).await;
        let now = dialer.clock.monotonic();
        let mut pool = self.lock();
        pool.used = now;
        match opened {
            Err(cut) => {
                pool.failed = Some((cut.clone(), now));
                Err(cut)
            }
            Ok(Opened::Single(sender)) => {
                if !std::mem::replace(&mut pool.is_h1, true) {
                    self.dialling.add_permits(DIALS_AT_ONCE - 1);
                }
                drop(pool);
                Ok(self.leased(Connection::Single(sender), true))
            }
            Ok(Opened::Shared(sender)) => {
                let shared = Shared { sender, seats: Arc::new(()) };
                // One is enough: older ones end with their requests.
                pool.shared.retain(|(old, _)| old.in_flight() > 0);
                pool.shared.push((shared.clone(), now));
                drop(pool);
                Ok(self.leased(Connection::Shared(shared), true))
            }
        }
    }

    fn leased(&self, connection: Connection, is_new: bool) -> Lease<'_> {
        let seats = match &connection {
            Connection::Single(_) => None,
            Connection::Shared(shared) => Some(Arc::clone(&shared.seats)),
        };
        Lease { connection, is_new, doubt: Doubt { line: self, seats } }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn take(&mut self, now: Duration) -> Option<Connection> {
        self.used = now;
        while let Some((sender, since)) = self.singles.pop() {
            if !sender.is_closed() && now.saturating_sub(since) < KEPT_FOR {
                return Some(Connection::Single(sender));
            }
        }
        let free = |(shared, used): &&mut (Shared, Duration)| {
            let in_flight = shared.in_flight();
            let fresh = in_flight > 0 || now.saturating_sub(*used) < KEPT_FOR;
            fresh && in_flight < SEATS && !shared.sender.is_closed()
        };
        let (shared, used) = self.shared.iter_mut().rev().find(free)?;
        *used = now;
        Some(Connection::Shared(shared.clone()))
    }

    /// The result of the dials that a request waited for since it `came`: a connection, or the error that its own dial
    /// would get later.
    fn after_waiting(&mut self, came: Duration, now: Duration) -> Option<Result<Connection, Cut>> {
        if let Some(connection) = self.take(now) {
            return Some(Ok(connection));
        }
        self.failed.as_ref().filter(|(_, at)| *at > came).map(|(cut, _)| Err(cut.clone()))
    }

    fn drop_stale(&mut self, now: Duration) {
        let fresh = |since: Duration| now.saturating_sub(since) < KEPT_FOR;
        self.singles.retain(|(sender, since)| fresh(*since) && !sender.is_closed());
        self.shared.retain(|(shared, used)| !shared.sender.is_closed() && (shared.in_flight() > 0 || fresh(*used)));
    }
}

impl Shared {
    /// Requests in flight. Each counts twice, in its connection and in its doubt; one count is the line's own.
    fn in_flight(&self) -> usize {
        Arc::strong_count(&self.seats) / 2
    }
}

impl Lease<'_> {
    async fn put(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unanswered> {
        let unready = |wrong: hyper::Error| Unanswered::NeverSent(Cut { at: Phase::Send, ..Cut::midway(&wrong) });
        let answered = match &mut self.connection {
            Connection::Single(sender) => {
                sender.ready().await.map_err(unready)?;
                sender.try_send_request(request).await
            }
            Connection::Shared(shared) => {
                shared.sender.ready().await.map_err(unready)?;
                shared.sender.try_send_request(request).await
            }
        };
        answered.map_err(|mut wrong| match (wrong.take_message(), wrong.into_error()) {
            (Some(_), wrong) => unready(wrong),
            (None, wrong) => Unanswered::Broken(Cut::midway(&wrong)),
        })
    }

    /// The answer was read, completely or not; the connection can be used again.
    fn end(self, whole: bool, now: Duration) {
        let line = self.doubt.line;
        self.doubt.clear();
        if let (true, Connection::Single(sender)) = (whole, self.connection) {
            line.lock().singles.push((sender, now));
        }
    }
}

impl Doubt<'_> {
    fn clear(mut self) {
        self.seats = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(seats) = &self.seats {
            self.line.lock().shared.retain(|(kept, _)| !Arc::ptr_eq(&kept.seats, seats));
        }
    }
}
