//! The connections to one origin: dialled cold once a minute, kept for the rest, never dialled in a stampede.

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

/// A connection unused for this long is not used again: servers and balancers close theirs after 60 s and more, and a
/// request put into a closing connection is lost.
const KEPT_FOR: Duration = Duration::from_secs(45);
/// Requests in flight on one HTTP/2 connection; servers allow 100 and more.
const SEATS: usize = 100;
/// HTTP/1.1 takes a connection per request in flight: so many may be dialled at once. Before the protocol is known, and on
/// HTTP/2, it is one.
const DIALS_AT_ONCE: usize = 64;
/// So many connections of HTTP/1.1 are in use at once; who comes behind them waits for a turn. Most systems allow a process 1024
/// open files, and a beat that could not be sent for want of one would look like trouble of PostHog's.
const SINGLES: usize = 256;

/// All connections to one origin.
pub(crate) struct Line {
    origin: Origin,
    host: HeaderValue,
    way: Way,
    dialling: Semaphore,
    singles: Semaphore,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The minute of the last cold dial.
    cold: Option<Minute>,
    /// Whether HTTP/1.1 was met.
    is_h1: bool,
    /// Idle connections of HTTP/1.1, the last used at the end.
    singles: Vec<(http1::SendRequest<Full<Bytes>>, Duration)>,
    /// Connections of HTTP/2, the newest at the end.
    shared: Vec<(Shared, Duration)>,
    /// The last dial that failed, and when: those who waited for it share its end.
    failed: Option<(Cut, Duration)>,
    /// When anything was asked last.
    used: Duration,
}

/// A connection of HTTP/2; each request in flight holds a clone of its seats.
#[derive(Clone)]
struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    seats: Arc<()>,
}

/// A connection in use by one request.
struct Lease<'a> {
    connection: Connection,
    is_new: bool,
    doubt: Doubt<'a>,
}

/// A connection on which a request gets no answer is suspect: unless [`Doubt::clear`]ed, it is not used again. One of HTTP/1.1
/// ends with its request anyway; one of HTTP/2 is shared, and is taken out here.
struct Doubt<'a> {
    line: &'a Line,
    seats: Option<Arc<()>>,
}

enum Connection {
    Single(http1::SendRequest<Full<Bytes>>),
    Shared(Shared),
}

/// How putting a request into a connection ended without an answer.
enum Unanswered {
    /// It was never written: another connection will do.
    NeverSent(Cut),
    /// It may have been delivered.
    Broken(Cut),
}

impl Line {
    /// With no connection yet.
    pub(crate) fn new(origin: Origin, dialer: &Dialer) -> Self {
        let way = dialer.rules.way(&origin);
        let host = origin.host_header();
        let kept = Kept { used: dialer.clock.monotonic(), ..Kept::default() };
        Self { origin, host, way, dialling: Semaphore::new(1), singles: Semaphore::new(SINGLES), kept: Mutex::new(kept) }
    }

    /// Where it leads.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Drops what has been idle for too long; says whether the line itself is still in use.
    pub(crate) fn sweep(&self, now: Duration) -> bool {
        let mut kept = self.lock();
        kept.drop_stale(now);
        now.saturating_sub(kept.used) < 10 * KEPT_FOR
    }

    /// Puts the request into a connection and reads the answer.
    pub(crate) async fn exchange(&self, dialer: &Dialer, ask: &Ask, track: &Track) -> Result<Heard, Cut> {
        let is_h1 = self.lock().is_h1;
        // No error: it is never closed.
        let _turn = if is_h1 { self.singles.acquire().await.ok() } else { None };
        loop {
            let mut lease = self.lease(dialer, ask.cold, track).await?;
            track.enter(Phase::Answer);
            let begun = dialer.clock.real();
            let response = match lease.put(self.request(ask, &lease.connection)).await {
                Ok(response) => response,
                // The server had closed the kept connection: that says nothing about PostHog.
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

    /// The right to the cold dial of `minute`, if it has had none. While it is dialled, others use what is kept, or wait for
    /// it: the permit is taken before anybody else can see that the minute has its dial.
    fn claim_cold(&self, minute: Minute) -> Option<Result<SemaphorePermit<'_>, TryAcquireError>> {
        let mut kept = self.lock();
        // At the turn of a minute, one that read the clock before it may come after one that read it behind.
        let has_its_dial = kept.cold.is_some_and(|last| last == minute || last == minute.plus(1));
        if has_its_dial {
            return None;
        }
        kept.cold = Some(minute);
        Some(self.dialling.try_acquire())
    }

    async fn dial(&self, dialer: &Dialer, track: &Track) -> Result<Lease<'_>, Cut> {
        // Boxed: a dial is rare and large, and every request in flight would carry room for one.
        let opened = Box::pin(dialer.open(&self.origin, &self.way, track)).await;
        let now = dialer.clock.monotonic();
        let mut kept = self.lock();
        kept.used = now;
        match opened {
            Err(cut) => {
                kept.failed = Some((cut.clone(), now));
                Err(cut)
            }
            Ok(Opened::Single(sender)) => {
                if !std::mem::replace(&mut kept.is_h1, true) {
                    self.dialling.add_permits(DIALS_AT_ONCE - 1);
                }
                drop(kept);
                Ok(self.leased(Connection::Single(sender), true))
            }
            Ok(Opened::Shared(sender)) => {
                let shared = Shared { sender, seats: Arc::new(()) };
                // One is enough again: those before it end with the requests that they carry.
                kept.shared.retain(|(old, _)| old.in_flight() > 0);
                kept.shared.push((shared.clone(), now));
                drop(kept);
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

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// A connection with room for a request.
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

    /// What became of the dials that a request has waited for since it `came`: a connection, or the same failure that a dial
    /// of its own would meet, later.
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
    /// Requests in flight. Each holds the seats twice, in its connection and in its doubt; one is the line's own.
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

    /// The answer was read, up to its end or not; the connection is good for another request.
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
