//! Where beats go in the benches: as little of a PostHog as an HTTP server can be, in a process of its own, so that what it costs is not
//! counted. It notes when each beat came, and of which slot it is (a beat's uuid says so), and answers Read-backs with what was asked for.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// What came in since the last time that was asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Intake {
    /// When the first request came, in microseconds since 1970.
    pub(crate) first_us: Option<i64>,
    /// Minute by minute, by the beats' slots.
    pub(crate) minutes: BTreeMap<i64, Minute>,
}

/// One minute's beats.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Minute {
    /// Requests, repeated ones as well.
    pub(crate) requests: usize,
    /// Beats: different uuids.
    pub(crate) beats: usize,
    /// How long after its slot each request came, in microseconds, sorted.
    pub(crate) after_slot_us: Vec<i64>,
}

#[derive(Default)]
struct Notes {
    first_us: Option<i64>,
    beats: Vec<(Uuid, i64)>,
}

type Shared = Arc<Mutex<Notes>>;

/// Serves until standard input ends. Says its port on the first line; for each line that it reads, it says what came in since the last.
pub(crate) fn serve() -> std::io::Result<()> {
    let notes = Shared::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    say(&listener.local_addr()?.port().to_string())?;
    std::thread::spawn({
        let notes = Arc::clone(&notes);
        move || {
            for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
                let taken = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
                // Whoever asked is gone when it cannot be told.
                let _ = say(&serde_json::to_string(&taken.sorted()).unwrap_or_default());
            }
            #[expect(clippy::disallowed_methods, reason = "the bench that started this is gone, and nothing is to be cleaned up")]
            std::process::exit(0);
        }
    });
    runtime.block_on(async {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(converse(stream, Arc::clone(&notes)));
        }
    })
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

impl Notes {
    fn sorted(self) -> Intake {
        let mut minutes = BTreeMap::<i64, Minute>::new();
        let mut seen = HashSet::with_capacity(self.beats.len());
        for (uuid, at_us) in self.beats {
            let slot_ms = (uuid.as_u128() >> 80) as i64;
            let minute = minutes.entry(slot_ms / 60_000).or_default();
            minute.requests += 1;
            minute.beats += usize::from(seen.insert(uuid));
            minute.after_slot_us.push(at_us - slot_ms * 1000);
        }
        for minute in minutes.values_mut() {
            minute.after_slot_us.sort_unstable();
        }
        Intake { first_us: self.first_us, minutes }
    }
}

async fn converse(mut stream: TcpStream, notes: Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let whole = loop {
            if let Some(whole) = length(&buffer).filter(|whole| *whole <= buffer.len()) {
                break whole;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let answer = note(&buffer[..whole], &notes);
        buffer.drain(..whole);
        stream.write_all(&answer).await?;
    }
}

/// Head and body of the request at the beginning of `bytes`; none while its head is not whole.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let line =
        bytes[..head].split(|byte| *byte == b'\n').find(|line| line.len() > 15 && line[..15].eq_ignore_ascii_case(b"content-length:"));
    let length = line.and_then(|line| std::str::from_utf8(&line[15..]).ok()?.trim().parse().ok()).unwrap_or(0);
    Some(head + length)
}

fn note(request: &[u8], notes: &Shared) -> Vec<u8> {
    let at_us = now_us();
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.first_us.get_or_insert(at_us);
    if request.starts_with(b"POST /api/") {
        return answer(&results(request));
    }
    let uuid = find(request, b"\"uuid\":\"").and_then(|at| Uuid::try_parse_ascii(request.get(at + 8..at + 44)?).ok());
    notes.beats.extend(uuid.map(|uuid| (uuid, at_us)));
    answer(r#"{"status":"Ok"}"#)
}

/// Every beat that a read-back asks for has arrived. The row of traffic repeats when it was asked.
fn results(request: &[u8]) -> String {
    let mut beats = String::new();
    let at_ms = now_us() / 1000;
    for uuid in request.split(|byte| *byte == b'\'').filter_map(|text| Uuid::try_parse_ascii(text).ok()) {
        let _ = write!(beats, r#"["beat","{uuid}",{at_ms},1,0,0],"#);
    }
    let stamp = find(request, b"'traffic' AS kind, '").map_or(&b""[..], |at| &request[at + 20..]);
    let stamp = String::from_utf8_lossy(stamp.split(|byte| *byte == b'\'').next().unwrap_or_default());
    format!(r#"{{"results":[{beats}["traffic","{stamp}",0,0,{at_ms},1]],"error":null}}"#)
}

fn answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Now, in microseconds since 1970: finer than the clock of the house, whose times are milliseconds.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench measures real time")]
pub(crate) fn now_us() -> i64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64
}
