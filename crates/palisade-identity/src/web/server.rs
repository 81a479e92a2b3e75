//! Accepts connections within bounds and ends them gracefully.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use super::WebError;
use super::tls::{ServerIdentity, ServerTls};
use crate::strangers::Strangers;

/// Most connections at a time; the oldest one goes when another comes.
const MOST_CONNECTIONS: usize = 1024;
/// Longest time for a TLS handshake, and for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest life of a connection: readers come back once in minutes.
const CONNECTION_LIFE: Duration = Duration::from_mins(5);
/// Longest time that open requests get when the server is told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves over HTTPS until `stop` ends.
///
/// # Errors
/// The server's own certificate cannot be had.
pub async fn serve(
    listener: TcpListener,
    identity: ServerIdentity,
    router: Router,
    stop: impl Future<Output = ()>,
) -> Result<(), WebError> {
    let tls = Arc::new(ServerTls::new(identity)?);
    let graceful = GracefulShutdown::new();
    let strangers = Strangers::new(MOST_CONNECTIONS);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file handles, or the peer went away: neither ends the server.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, router, watcher) = (Arc::clone(&tls), router.clone(), graceful.watcher());
        let mut stranger = strangers.come();
        drop(tokio::spawn(async move {
            let served = serve_one(stream, &tls, router, watcher);
            let served = tokio::time::timeout(CONNECTION_LIFE, served);
            let _ended = stranger.during(served).await;
        }));
    }
    let _timed_out = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    Ok(())
}

async fn serve_one(stream: TcpStream, tls: &ServerTls, router: Router, watcher: Watcher) {
    let _no_delay = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HEAD_TIMEOUT, tls.acceptor().accept(stream));
    let Ok(Ok(stream)) = handshake.await else {
        return;
    };
    let service =
        hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut router = router.clone();
            async move { Ok::<_, Infallible>(answer(router.call(request).await)) }
        });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_buf_size(64 * 1024)
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(32)
        .max_header_list_size(64 * 1024)
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
