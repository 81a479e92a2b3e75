//! The socket of the operator.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tower_service::Service as _;

/// Most connections at a time.
const MOST_CONNECTIONS: usize = 16;
/// Longest life of a connection.
const LIFE: Duration = Duration::from_mins(1);

/// Answers on a socket that lies in a folder of its owner, until `stop` is ready.
///
/// # Errors
/// The socket's file cannot be made the owner's alone.
pub async fn serve(
    listener: UnixListener,
    path: &Path,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(path)?.uid();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let permit = tokio::select! {
            () = &mut stop => return Ok(()),
            permit = Arc::clone(&room).acquire_owned() => permit,
        };
        let (Ok((stream, _)), Ok(permit)) = (accepted, permit) else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let allowed = stream
            .peer_cred()
            .is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0);
        if allowed {
            let router = router.clone();
            drop(tokio::spawn(async move {
                let _permit = permit;
                let _ended = tokio::time::timeout(LIFE, connection(stream, router)).await;
            }));
        }
    }
}

async fn connection(stream: UnixStream, router: Router) {
    let service = hyper::service::service_fn(move |request| {
        let mut router = router.clone();
        async move {
            let Ok(answer) = router.call(request).await;
            Ok::<_, Infallible>(answer)
        }
    });
    // A broken connection is its peer's affair.
    let _ended = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
