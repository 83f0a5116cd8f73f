//! Visitors who mean no good, beside beats: two services with as many projects each, in the same minutes, of which one is visited. Its beats are
//! compared with those of the other, and its memory with the memory of the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use heartbeat::auth::{Authenticator, audit_entry};
use heartbeat::cli::bench::{Lateness, Process, Projects, Sink, Testbed, memory_kib};
use heartbeat::clock::Clock;
use heartbeat::model::{Role, Secret, UserName};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{run, sink, testbed};

/// Connections on which nothing is ever said.
const IDLE: usize = 2_000;
/// Requests that never end.
const HALF_OPEN: usize = 200;
/// Wrong passwords, in all.
const WRONG: usize = 500;
/// A connection that was closed is opened again after so long.
const AGAIN: Duration = Duration::from_millis(200);
/// The page answers within this time.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Counts {
    opened: AtomicUsize,
    wrong: AtomicUsize,
}

/// A service at its work.
struct Side {
    what: &'static str,
    bed: Testbed,
    sink: Sink,
    process: Process,
    page: SocketAddr,
    lateness: Lateness,
    beats: u64,
    peak_kib: u64,
}

impl Side {
    async fn start(what: &'static str, count: u32, clock: &Clock) -> anyhow::Result<Self> {
        let sink = sink().await?;
        let bed = testbed(Projects { count, address: &sink.address, keyed: true, watched: false }, clock.now()).await?;
        let audit_entry = audit_entry("bench", "user ann".to_owned(), "made".to_owned(), clock.now());
        let password = Some(&Secret::new("four words in a row"));
        let authenticator = Authenticator { store: Arc::clone(&bed.store), clock: clock.clone() };
        authenticator.put(&UserName::parse("ann")?, Role::Editor, password, (&audit_entry).into()).await?;
        let page = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
        let process = run(&bed, &page.to_string())?;
        Ok(Self { what, bed, sink, process, page, lateness: Lateness::default(), beats: 0, peak_kib: 0 })
    }

    /// Notes what came in of these minutes.
    async fn note(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.process.ended()?.is_none(), "the service that is {} has ended", self.what);
        for minute in self.sink.take().await?.minutes.into_values() {
            self.beats += minute.beats;
            self.lateness.merge(&minute.lateness);
        }
        self.peak_kib = self.peak_kib.max(memory_kib(&self.process.id(), "VmRSS")?);
        Ok(())
    }

    fn row(&self) {
        let at = |share| self.lateness.percentile_ms(share).unwrap_or(f64::NAN);
        let (half, most, worst) = (at(0.5), at(0.99), self.lateness.longest_ms());
        println!("{:>8} {:>7} {half:>9.2} {most:>9.2} {worst:>9.2} {:>14.1}", self.what, self.beats, self.peak_kib as f64 / 1024.0);
    }
}

/// So many projects on each side, for so many minutes.
pub(crate) async fn visitors(count: u32, minutes: i64) -> anyhow::Result<()> {
    // Each of the visitors needs a descriptor here, too.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let clock = Clock::system();
    let (mut alone, mut visited) = (Side::start("alone", count, &clock).await?, Side::start("visited", count, &clock).await?);
    for side in [&alone, &visited] {
        clock.timeout(PATIENCE, answers(side.page, &clock)).await.context("the page does not answer")??;
    }
    // The first minute is cut by the start, and its beats go at once: it is not counted.
    clock.sleep_until(clock.now().minute().end()).await;
    for side in [&mut alone, &mut visited] {
        side.sink.take().await?;
    }
    let counts = Arc::new(Counts::default());
    let mut crowd = crowd(visited.page, &clock, &counts);
    let began = clock.now().minute();
    for minute in began.until(began.plus(minutes)) {
        while clock.now() < minute.end() {
            clock.sleep(Duration::from_secs(1)).await;
            alone.note().await?;
            visited.note().await?;
        }
    }
    let asked = clock.monotonic();
    clock.timeout(PATIENCE, answers(visited.page, &clock)).await.context("the page that is visited does not answer")??;
    let answered = clock.monotonic().saturating_sub(asked);
    crowd.abort_all();
    println!(
        "{count} projects a side, {minutes} minutes; {IDLE} idle connections, {HALF_OPEN} half-open requests, {WRONG} wrong passwords"
    );
    println!("{:>8} {:>7} {:>9} {:>9} {:>9} {:>14}", "", "beats", "p50 ms", "p99 ms", "worst ms", "most RSS MiB");
    alone.row();
    visited.row();
    println!(
        "connections opened {}, wrong passwords answered {}; the page answered a visitor among them in {:.0} ms; memory {:.2} times (goal: 1.5)",
        counts.opened.load(Ordering::Relaxed),
        counts.wrong.load(Ordering::Relaxed),
        answered.as_secs_f64() * 1e3,
        visited.peak_kib as f64 / alone.peak_kib as f64,
    );
    drop((alone.bed, visited.bed));
    Ok(())
}

/// Everybody who visits. What is closed is opened again.
fn crowd(page: SocketAddr, clock: &Clock, counts: &Arc<Counts>) -> JoinSet<()> {
    let mut crowd = JoinSet::new();
    for text in std::iter::repeat_n("", IDLE).chain(std::iter::repeat_n("GET /login HTTP/1.1\r\nHost: local", HALF_OPEN)) {
        let (clock, counts) = (clock.clone(), Arc::clone(counts));
        crowd.spawn(async move {
            loop {
                // Whatever comes of it: it is opened again.
                let _ = stay(page, text, &counts).await;
                clock.sleep(AGAIN).await;
            }
        });
    }
    for _ in 0..WRONG {
        let (clock, counts) = (clock.clone(), Arc::clone(counts));
        crowd.spawn(async move {
            while guess(page).await.is_err() {
                clock.sleep(AGAIN).await;
            }
            counts.wrong.fetch_add(1, Ordering::Relaxed);
        });
    }
    crowd
}

/// Says this much, and waits until the other side has had enough.
async fn stay(page: SocketAddr, text: &str, counts: &Counts) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(page).await?;
    counts.opened.fetch_add(1, Ordering::Relaxed);
    stream.write_all(text.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}

/// Tries a wrong password once; an answer that says so ends it.
async fn guess(page: SocketAddr) -> anyhow::Result<()> {
    let body = "name=ann&password=four+words+in+a+raw";
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: {page}\r\nOrigin: http://{page}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let said = asked(page, &(head + body)).await?;
    anyhow::ensure!(said.starts_with("HTTP/1.1 401"), "it said {}", said.lines().next().unwrap_or_default());
    Ok(())
}

/// Waits until the page answers.
async fn answers(page: SocketAddr, clock: &Clock) -> anyhow::Result<()> {
    loop {
        let said = asked(page, &format!("GET /healthz HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n")).await;
        if said.is_ok_and(|said| said.starts_with("HTTP/1.1 200")) {
            return Ok(());
        }
        clock.sleep(AGAIN).await;
    }
}

async fn asked(page: SocketAddr, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(page).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}
