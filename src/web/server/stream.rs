//! Timeouts for bytes to and from a client: a connection whose client reads nothing, and a request body that does not end, are given up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::registry::InProgress;
use crate::clock::Clock;

/// Fails when nothing can be written for `limit`.
pub(super) struct Stream {
    tcp: TcpStream,
    clock: Clock,
    limit: Duration,
    waits: Option<BoxFuture<'static, ()>>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, clock: Clock, limit: Duration) -> Self {
        Self { tcp, clock, limit, waits: None }
    }

    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let waits = self.waits.get_or_insert_with(|| sleep(&self.clock, self.limit));
        ready!(waits.poll_unpin(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

fn sleep(clock: &Clock, limit: Duration) -> BoxFuture<'static, ()> {
    let clock = clock.clone();
    async move { clock.sleep(limit).await }.boxed()
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, bytes);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the request body did not arrive within {0:?}")]
struct TooSlow(Duration);

pub(super) struct RequestBody {
    body: Incoming,
    limit: Duration,
    until: BoxFuture<'static, ()>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, clock: &Clock, limit: Duration) -> Self {
        Self { body, limit, until: sleep(clock, limit) }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = self.body.frame().poll_unpin(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.until.poll_unpin(context));
        // Not polled again after an error.
        Poll::Ready(Some(Err(TooSlow(self.limit).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// While it is sent, its request is in progress.
pub(super) struct ResponseBody {
    body: axum::body::Body,
    _request: InProgress,
}

impl ResponseBody {
    pub(super) fn new(body: axum::body::Body, request: InProgress) -> Self {
        Self { body, _request: request }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// More than the socket buffers hold.
    const MUCH: usize = 64 << 20;

    async fn pair(limit: Duration) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let visitor = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Stream::new(listener.accept().await.unwrap().0, Clock::system(), limit), visitor)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_given_up() {
        let (mut stream, _visitor) = pair(Duration::from_millis(20)).await;
        let failed = stream.write_all(&vec![0; MUCH]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_gets_all_however_much_it_is() {
        let (mut stream, mut visitor) = pair(Duration::from_mins(1)).await;
        let read = tokio::spawn(async move {
            let mut all = Vec::new();
            visitor.read_to_end(&mut all).await.unwrap();
            all.len()
        });
        stream.write_all(&vec![0; MUCH]).await.unwrap();
        drop(stream);
        assert_eq!(read.await.unwrap(), MUCH);
    }
}
