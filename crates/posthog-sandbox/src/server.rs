//! Accepts connections, serves their requests, and closes them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;

use axum::Router;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

use super::fault_answer::Cut;
use super::instance::Instance;
use super::router;

#[derive(Debug, thiserror::Error)]
#[error("the faults close this connection")]
struct CutByFaults;

/// Serves until `stop`, then closes every connection, including delayed answers.
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
                // Probably out of file descriptors: wait for a connection to end.
                Err(why) if !is_the_clients(&why) => {
                    connections.join_next().await;
                }
                Err(_) => {}
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// The client closed the connection before it was accepted.
fn is_the_clients(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted)
}

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
            // From the sandbox's clock; hyper would use the machine's.
            if let Some(date) = instance.now().http_date().and_then(|date| HeaderValue::from_str(&date).ok()) {
                response.headers_mut().insert(header::DATE, date);
            }
            Ok(response)
        }
    });
    // An error means that the client closed the connection, or that a fault did.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), answer).await;
}
