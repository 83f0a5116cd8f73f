//! Connections: accepting them, serving requests on them, cutting them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

use super::instance::Instance;
use super::router;

/// In a response's extensions: do not send it, cut the connection.
#[derive(Debug, Clone, Copy)]
struct Cut;

/// The connection was cut on purpose.
#[derive(Debug, thiserror::Error)]
#[error("cut by the faults")]
struct CutByFaults;

/// What a route answers when the connection is to be cut without an answer.
pub(super) fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// Serves until `stop`; every connection is dropped then, whatever it is waiting for.
pub(super) async fn serve(instance: &Instance, listener: TcpListener, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
    let router = router::routes(instance);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, router.clone(), instance.clone()));
                }
                Err(why) if connections.is_empty() && !is_the_clients(&why) => return Err(why),
                // Out of file descriptors, most likely: one comes free when a connection ends.
                Err(why) if !is_the_clients(&why) => {
                    connections.join_next().await;
                }
                Err(_) => {}
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// The client was gone before it was accepted: nothing of ours.
fn is_the_clients(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted)
}

/// Answers the requests of one connection until it ends or is cut.
async fn converse(stream: TcpStream, router: Router, instance: Instance) {
    let answer = service_fn(|request: Request<Incoming>| {
        let mut router = router.clone();
        let instance = &instance;
        async move {
            let answered: Result<_, Infallible> = router.call(request).await;
            let Ok(mut response) = answered;
            if response.extensions().get::<Cut>().is_some() {
                return Err(CutByFaults);
            }
            // The sandbox has a clock of its own; the server library would write the machine's.
            if let Some(date) = instance.now().http_date().and_then(|date| HeaderValue::from_str(&date).ok()) {
                response.headers_mut().insert(header::DATE, date);
            }
            Ok(response)
        }
    });
    // An error here is the client's hanging up, or a cut: there is nobody left to tell.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), answer).await;
}
