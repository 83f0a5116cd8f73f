//! The sink's HTTP: as little of a server as HTTP/1.1 allows, so that most of the machine is left for what is measured.

use std::fmt::Write as _;
use std::io;
use std::str;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::events::{Events, Found};
use super::question::Question;
use crate::model::Timestamp;

pub(super) type Shared = Arc<Mutex<Events>>;

/// Serves until the listener fails.
pub(super) async fn serve(listener: TcpListener, events: Shared) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream, Arc::clone(&events)));
    }
}

async fn converse(mut stream: TcpStream, events: Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let (head, whole) = loop {
            if let Some((head, whole)) = lengths(&buffer).filter(|(_, whole)| *whole <= buffer.len()) {
                break (head, whole);
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let answer = answer(&buffer[..head], &buffer[head..whole], &events);
        buffer.drain(..whole);
        stream.write_all(&answer).await?;
    }
}

/// The length of the head of the first request, and of all of it; none while the head is not complete.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    const LENGTH: &[u8] = b"content-length:";
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut lines = bytes[..head].split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.split_at_checked(LENGTH.len()).filter(|(name, _)| name.eq_ignore_ascii_case(LENGTH)));
    let length: usize = value.and_then(|(_, value)| str::from_utf8(value).ok()?.trim().parse().ok()).unwrap_or(0);
    Some((head, head.checked_add(length)?))
}

fn answer(head: &[u8], body: &[u8], events: &Shared) -> Vec<u8> {
    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
    events.note_request();
    let line = head.split(|byte| *byte == b'\r').next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default();
    let mut words = line.split(' ');
    match (words.next(), words.next().map(|path| path.trim_start_matches('/'))) {
        (Some("POST"), Some(path)) if path.starts_with("api/projects/") => {
            let Some(number) = path.split('/').nth(2).and_then(|number| number.parse().ok()) else { return not_found() };
            ok(&match Question::read(body) {
                Some(question) => rows(&question, &events.find(number, &question)),
                // Another query, such as the one for ingestion warnings: there are none.
                None => r#"{"results":[],"error":null}"#.to_owned(),
            })
        }
        (Some("POST"), Some(_)) => {
            events.capture(body);
            ok(r#"{"status":"Ok"}"#)
        }
        _ => not_found(),
    }
}

fn rows(question: &Question, found: &Found) -> String {
    let mut text = r#"{"results":["#.to_owned();
    for (uuid, ingested, copies) in &found.beats {
        let _ = write!(text, r#"["beat","{uuid}",{},{copies},0,0],"#, ingested.ms());
    }
    let newest_ms = found.watched_newest.map_or(0, Timestamp::ms);
    let _ = write!(text, r#"["traffic","{}",0,0,{newest_ms},{}]],"error":null}}"#, question.stamp, found.watched);
    text
}

fn ok(body: &str) -> Vec<u8> {
    response("200 OK", body)
}

fn not_found() -> Vec<u8> {
    response("404 Not Found", r#"{"type":"invalid_request","code":"not_found","detail":"Endpoint not found.","attr":null}"#)
}

fn response(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
