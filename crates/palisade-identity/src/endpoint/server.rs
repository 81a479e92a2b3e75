//! Accepts connections, attests who connected, and hands calls to the services.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as _;

use super::alarm::{Alarm, SecurityEvent};
use super::challenge::Challenge;
use super::peer::Peer;
use super::proto::workload::spiffe_workload_api_server::SpiffeWorkloadApiServer;
use super::subject::Subject as _;
use super::transport::Transport;
use super::workload_api::WorkloadApi;
use crate::attest::{Digests, Process};
use crate::{Clock, Issuer};

/// The largest request message, in bytes: a token to validate is the longest thing that is sent.
const LARGEST_REQUEST: usize = 64 * 1024;
/// The most header bytes of a request.
const MOST_HEADERS: u32 = 16 * 1024;
/// How long accepting rests when the system has no descriptors left.
const REST: Duration = Duration::from_millis(100);
/// How long calls that have begun may take when the endpoint stops.
const GRACE: Duration = Duration::from_secs(5);

/// What can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The longest random wait before a change is pushed.
    pub jitter: Duration,
    /// How long a process may take to answer on its own connection.
    pub challenge: Duration,
    /// The most calls of one connection at a time.
    pub streams_per_connection: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jitter: Duration::from_millis(200),
            challenge: Duration::from_secs(10),
            streams_per_connection: 200,
        }
    }
}

/// Why the endpoint stops.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Nothing can be accepted any more.
    #[error("the socket accepts no connections any more")]
    Accept(#[source] io::Error),
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) issuer: Arc<dyn Issuer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) digests: Digests,
    alarm: Option<Alarm>,
}

impl Shared {
    /// Tells the operator.
    pub(crate) fn tell(&self, event: &SecurityEvent) {
        if let Some(alarm) = &self.alarm {
            alarm(event);
        }
    }
}

/// The Workload API endpoint.
pub struct Endpoint {
    shared: Shared,
}

impl Endpoint {
    /// An endpoint that answers with what this issuer gives.
    pub fn new(issuer: Arc<dyn Issuer>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self {
            shared: Shared {
                issuer,
                clock,
                settings,
                digests: Digests::default(),
                alarm: None,
            },
        }
    }

    /// Tells this of every sign of an attack.
    pub fn with_alarm(mut self, alarm: Alarm) -> Self {
        self.shared.alarm = Some(alarm);
        self
    }

    /// Serves until `stop` is ready; calls that have begun may end.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn serve(
        self,
        listener: UnixListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EndpointError> {
        let shared = Arc::new(self.shared);
        let mut stop = pin!(stop);
        // Connections take this over, so that no byte comes without the name of its writer.
        setsockopt(&listener, sockopt::PassCred, &true)
            .map_err(|error| EndpointError::Accept(error.into()))?;
        let mut connections = JoinSet::new();
        let (stopping, stopped) = watch::channel(false);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) => {
                        let shared = Arc::clone(&shared);
                        connections.spawn(connection(shared, socket, stopped.clone()));
                    }
                    Err(error) if is_passing(&error) => tokio::time::sleep(REST).await,
                    Err(error) => return Err(EndpointError::Accept(error)),
                },
            }
        }
        stopping.send_replace(true);
        let ended = async { while connections.join_next().await.is_some() {} };
        // Streams have no end of their own; what is left after the grace is cut off.
        drop(tokio::time::timeout(GRACE, ended).await);
        Ok(())
    }
}

/// Whether an error is of one connection, or will pass.
fn is_passing(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let passing = [
        Errno::EMFILE,
        Errno::ENFILE,
        Errno::ENOBUFS,
        Errno::ENOMEM,
        Errno::ECONNABORTED,
        Errno::EINTR,
        Errno::EPERM,
    ];
    let number = error.raw_os_error().map(Errno::from_raw);
    number.is_some_and(|number| passing.contains(&number))
}

async fn connection(shared: Arc<Shared>, socket: UnixStream, mut stopped: watch::Receiver<bool>) {
    if setsockopt(&socket, sockopt::PassCred, &true).is_err() {
        return;
    }
    let Ok(process) = Process::of_peer(&socket) else {
        return;
    };
    let challenge = Arc::new(Challenge::default());
    let transport = Transport::new(socket, process.pid(), Arc::clone(&challenge));
    let peer = Arc::new(Peer::new(Arc::clone(&shared), process, challenge));
    let services = Services::new(&shared, &peer);
    let service = hyper::service::service_fn(move |request| services.clone().call(request));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(shared.settings.streams_per_connection)
        .max_header_list_size(MOST_HEADERS);
    let mut served = pin!(builder.serve_connection(TokioIo::new(transport), service));
    tokio::select! {
        ended = &mut served => return drop(ended),
        () = peer.ended() => return,
        stopping = stopped.wait_for(|stopped| *stopped) => drop(stopping),
    }
    served.as_mut().graceful_shutdown();
    drop(served.await);
}

/// The services of one connection.
#[derive(Clone)]
struct Services {
    workload: SpiffeWorkloadApiServer<WorkloadApi>,
}

impl Services {
    fn new(shared: &Arc<Shared>, peer: &Arc<Peer>) -> Self {
        let workload = WorkloadApi {
            shared: Arc::clone(shared),
            peer: Arc::clone(peer),
        };
        Self {
            workload: SpiffeWorkloadApiServer::new(workload)
                .max_decoding_message_size(LARGEST_REQUEST),
        }
    }

    async fn call(mut self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path();
        if path.starts_with("/SpiffeWorkloadAPI/") {
            return match admitted(&request) {
                Ok(()) => self.workload.call(request).await,
                Err(status) => Ok(status.into_http()),
            };
        }
        Ok(Status::unimplemented("this endpoint has no such service").into_http())
    }
}

/// A request that was forged through somebody else's client lacks the key (Workload Endpoint, section 3).
fn admitted(request: &Request<Incoming>) -> Result<(), Status> {
    let mut values = request.headers().get_all("workload.spiffe.io").iter();
    if values.next().is_some_and(|value| value == "true") && values.next().is_none() {
        return Ok(());
    }
    Err(Status::invalid_argument(
        "the metadata `workload.spiffe.io: true` is missing: use a SPIFFE client, or send it with every call",
    ))
}
