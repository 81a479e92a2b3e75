//! Accepts connections within bounds and ends them gracefully.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use palisade_http::Bounds;
use tokio::net::TcpListener;

use super::WebError;
use super::tls::{ServerIdentity, ServerTls};

/// Readers of keys and bundles come back once in minutes.
const BOUNDS: Bounds = Bounds {
    connections: 1024,
    silent: 256,
    of_one_peer: 256,
    streams: 32,
    head: Duration::from_secs(10),
    request: Duration::from_secs(30),
    idle: Duration::from_mins(1),
    life: Duration::from_mins(5),
    drain: Duration::from_secs(10),
};

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
    palisade_http::serve(listener, move || Some(tls.acceptor()), router, BOUNDS, stop).await;
    Ok(())
}
