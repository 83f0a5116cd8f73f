//! A server that speaks HTTP/2 behind TLS, holds each request until it is let go, and counts.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::support::scripted::acceptor;

#[derive(Clone)]
pub(super) struct H2Server {
    address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) requests: Arc<AtomicUsize>,
    /// A request is answered when it gets a permit of these.
    pub(super) let_go: Arc<Semaphore>,
}

impl H2Server {
    pub(super) async fn start() -> (Self, CertificateDer<'static>) {
        let (tls, certificate) = acceptor(&[b"h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let let_go = Arc::new(Semaphore::new(0));
        let server = Self { address, connections: Arc::default(), requests: Arc::default(), let_go };
        let ours = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, ours) = (tls.clone(), ours.clone());
                tokio::spawn(async move {
                    let stream = TokioIo::new(tls.accept(stream).await.unwrap());
                    ours.connections.fetch_add(1, Ordering::SeqCst);
                    let service = service_fn(move |request| ours.clone().answer(request));
                    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
                });
            }
        });
        (server, certificate)
    }

    async fn answer(self, request: Request<hyper::body::Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        assert_eq!(request.uri().path(), "/i/v0/e/");
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.let_go.acquire().await.unwrap().forget();
        Ok(Response::new(Full::new(Bytes::from_static(br#"{"status":"Ok"}"#))))
    }

    pub(super) fn base(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}
