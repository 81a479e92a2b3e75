//! Accepts connections within bounds and ends them gracefully.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::strangers::{Stranger, Strangers};

/// The largest head of a request.
const MOST_HEAD_BYTES: usize = 64 * 1024;
/// How long the listener rests when the machine cannot accept.
const REST: Duration = Duration::from_millis(20);

/// What peers may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time on which nothing was asked yet; the oldest goes when another comes.
    pub silent: usize,
    /// Connections at a time from one address; more are closed at once.
    pub of_one_peer: usize,
    /// Requests at a time on one connection of HTTP/2.
    pub streams: u32,
    /// The time for a TLS handshake, and for the head of a request.
    pub head: Duration,
    /// The time for a request, its body, and the answer.
    pub request: Duration,
    /// How long a connection may be open without a request.
    pub idle: Duration,
    /// The life of a connection: after it no new request is taken on it.
    pub life: Duration,
    /// The time that open requests get at the end of a connection and of the server.
    pub drain: Duration,
}

/// Serves a router until `stop` ends. Every connection asks for its acceptor; `None` is plain HTTP.
pub async fn serve(
    listener: TcpListener,
    acceptor: impl Fn() -> Option<TlsAcceptor> + Clone + Send + 'static,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let room = Arc::new(Semaphore::new(bounds.connections));
    let (peers, strangers) = (Peers::default(), Strangers::new(bounds.silent));
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (Ok(permit), Ok((stream, peer))) = (permit, accepted) else {
            // Out of file handles, or the peer went away: neither ends the server.
            tokio::time::sleep(REST).await;
            continue;
        };
        let Some(place) = peers.enter(peer.ip(), bounds.of_one_peer) else {
            continue;
        };
        let (acceptor, router, stopped) = (acceptor.clone(), router.clone(), stopped.clone());
        let stranger = strangers.come();
        drop(tokio::spawn(async move {
            let _held = (permit, place);
            let served = Served {
                router,
                stopped,
                bounds,
            };
            served.one(stream, acceptor(), stranger).await;
        }));
    }
    stopping.send_replace(true);
    let all = u32::try_from(bounds.connections).unwrap_or(u32::MAX);
    let _timed_out = tokio::time::timeout(bounds.drain, room.acquire_many(all)).await;
}

/// What one connection is served with.
struct Served {
    router: Router,
    stopped: watch::Receiver<bool>,
    bounds: Bounds,
}

impl Served {
    async fn one(self, stream: TcpStream, acceptor: Option<TlsAcceptor>, mut stranger: Stranger) {
        let _no_delay = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else {
            return self.speak(stream, stranger).await;
        };
        let handshake = tokio::time::timeout(self.bounds.head, acceptor.accept(stream));
        if let Some(Ok(Ok(stream))) = stranger.during(handshake).await {
            self.speak(stream, stranger).await;
        }
    }

    async fn speak<S>(self, stream: S, mut stranger: Stranger)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            router,
            mut stopped,
            bounds,
        } = self;
        let seen = Arc::new(Activity::default());
        let activity = Arc::clone(&seen);
        let service =
            hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let (mut router, open) = (router.clone(), activity.begin());
                async move {
                    let answered = tokio::time::timeout(bounds.request, router.call(request)).await;
                    let response = match answered {
                        Ok(answered) => answer(answered),
                        Err(_late) => StatusCode::REQUEST_TIMEOUT.into_response(),
                    };
                    drop(open);
                    Ok::<_, Infallible>(response)
                }
            });
        let builder = builder(&bounds);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection.into_owned());
        let first = async {
            tokio::select! {
                // A broken connection is its peer's affair.
                _peer_left = connection.as_mut() => false,
                () = tokio::time::sleep(bounds.head) => false,
                () = seen.first.notified() => true,
                _stopping = stopped.wait_for(|is_stopped| *is_stopped) => true,
            }
        };
        // One on which nothing is asked is owed nothing.
        if stranger.during(first).await != Some(true) {
            return;
        }
        drop(stranger);
        tokio::select! {
            _peer_left = connection.as_mut() => return,
            () = seen.idleness(bounds.idle) => {}
            () = tokio::time::sleep(bounds.life) => {}
            _stopping = stopped.wait_for(|is_stopped| *is_stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _timed_out = tokio::time::timeout(bounds.drain, connection).await;
    }
}

fn builder(bounds: &Bounds) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_buf_size(MOST_HEAD_BYTES)
        .header_read_timeout(bounds.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.streams)
        .max_header_list_size(u32::try_from(MOST_HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

/// A router answers everything; what it cannot is an answer too.
fn answer<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What is asked on one connection.
#[derive(Debug, Default)]
struct Activity {
    /// Told once something is asked.
    first: Notify,
    begun: AtomicUsize,
    open: AtomicUsize,
}

/// One request that is not answered yet.
struct Open(Arc<Activity>);

impl Activity {
    fn begin(self: &Arc<Self>) -> Open {
        if self.begun.fetch_add(1, Ordering::AcqRel) == 0 {
            self.first.notify_one();
        }
        self.open.fetch_add(1, Ordering::AcqRel);
        Open(Arc::clone(self))
    }

    /// Ends after a time without a request.
    async fn idleness(&self, time: Duration) {
        loop {
            let before = self.begun.load(Ordering::Acquire);
            tokio::time::sleep(time).await;
            let is_idle = self.open.load(Ordering::Acquire) == 0;
            if is_idle && self.begun.load(Ordering::Acquire) == before {
                return;
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many connections each address has.
#[derive(Debug, Clone, Default)]
struct Peers(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// The place of one connection, given back when it ends.
struct Place {
    peers: Peers,
    address: IpAddr,
}

impl Peers {
    fn enter(&self, address: IpAddr, most: usize) -> Option<Place> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            peers: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = peers.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.address);
            }
        }
    }
}
