//! Accepts connections within bounds and ends them gracefully.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service as _;

use crate::tls::Reloading;

/// Most connections at a time; an API server keeps a few.
const MAX_CONNECTIONS: usize = 1024;
/// Longest time for a TLS handshake, and for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that open requests get when the server is told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves until `stop` ends; `tls` of `None` serves plain HTTP.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Reloading>>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file handles, or the peer went away: neither ends the server.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        drop(tokio::spawn(async move {
            let _permit = permit;
            serve_one(stream, tls, router, watcher).await;
        }));
    }
    let _timed_out = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

async fn serve_one(
    stream: TcpStream,
    tls: Option<Arc<Reloading>>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let _no_delay = stream.set_nodelay(true);
    match tls {
        None => speak(stream, router, watcher).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HEAD_TIMEOUT, tls.acceptor().accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                speak(stream, router, watcher).await;
            }
        }
    }
}

async fn speak<S>(stream: S, router: Router, watcher: hyper_util::server::graceful::Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service =
        hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut router = router.clone();
            async move { Ok::<_, Infallible>(answer(router.call(request).await)) }
        });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // A broken connection is its peer's affair.
    let _peer_left = watcher.watch(connection.into_owned()).await;
}

/// A router answers everything; what it cannot is an answer too.
fn answer<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
