//! Accepts connections, attests who connected, and hands calls to the services.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::alarm::{Alarm, SecurityEvent};
use super::broker::{self, BrokerAccess, BrokerListener};
use super::challenge::Challenge;
use super::limits::{Ledger, Limits};
use super::peer::Peer;
use super::services::{Common, Services, WORKLOAD_SERVICES};
use super::subject::Subject as _;
use super::transport::Transport;
use crate::attest::kubernetes::Node;
use crate::attest::{Digests, Process};
use crate::{Clock, Issuer};

/// The most header bytes of a request.
pub(crate) const MOST_HEADERS: u32 = 16 * 1024;
/// How long accepting rests when the system has no descriptors left.
const REST: Duration = Duration::from_millis(100);
/// How long calls that have begun may take when the endpoint stops.
const GRACE: Duration = Duration::from_secs(5);

/// Descriptors that one connection takes: its socket, its process, and one more to watch that.
const DESCRIPTORS_PER_CONNECTION: u64 = 4;
/// Descriptors that the rest of the process needs.
const OTHER_DESCRIPTORS: u64 = 256;

/// What can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The longest random wait before a change is pushed.
    pub jitter: Duration,
    /// How long a process may take to answer on its own connection.
    pub challenge: Duration,
    /// The most calls of one connection at a time.
    pub streams_per_connection: u32,
    /// How much one caller may take.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jitter: Duration::from_millis(200),
            challenge: Duration::from_secs(10),
            streams_per_connection: 200,
            limits: Limits::default(),
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
    pub(crate) node: Option<Arc<Node>>,
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
                node: None,
                alarm: None,
            },
        }
    }

    /// Tells this of every sign of an attack.
    pub fn with_alarm(mut self, alarm: Alarm) -> Self {
        self.shared.alarm = Some(alarm);
        self
    }

    /// Attests processes in pods by what the API server knows of this node.
    pub fn with_node(mut self, node: Arc<Node>) -> Self {
        self.shared.node = Some(node);
        self
    }

    /// Serves brokers, not workloads, until `stop` is ready.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn serve_brokers(
        self,
        listener: BrokerListener,
        access: BrokerAccess,
        stop: impl Future<Output = ()>,
    ) -> Result<(), EndpointError> {
        broker::serve(self.shared, access, listener, stop).await
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
        let server = Server::new(self.shared);
        let mut health = JoinSet::new();
        health.spawn(health_of(
            Arc::clone(&server.shared),
            server.reporter.clone(),
        ));
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
                        let server = server.clone();
                        connections.spawn(connection(server, socket, stopped.clone()));
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

/// What every connection is given.
#[derive(Clone)]
struct Server {
    shared: Arc<Shared>,
    ledger: Arc<Ledger>,
    reporter: HealthReporter,
    common: Common,
}

impl Server {
    fn new(shared: Shared) -> Self {
        let reporter = HealthReporter::new();
        Self {
            ledger: Ledger::new(within_descriptors(shared.settings.limits)),
            common: Common::new(reporter.clone(), &WORKLOAD_SERVICES),
            reporter,
            shared: Arc::new(shared),
        }
    }
}

/// Lets the process open as many descriptors as it may, and keeps the limits below that.
fn within_descriptors(mut limits: Limits) -> Limits {
    let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return limits;
    };
    if setrlimit(Resource::RLIMIT_NOFILE, most, most).is_err() {
        return limits;
    }
    let room = most.saturating_sub(OTHER_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION;
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    limits.all_connections = limits.all_connections.min(room);
    limits.connections = limits.connections.min(limits.all_connections.div_ceil(2));
    limits
}

/// Says that the endpoint serves while the issuer has a bundle.
async fn health_of(shared: Arc<Shared>, reporter: HealthReporter) {
    let mut bundles = shared.issuer.bundles();
    loop {
        let status = if bundles.borrow_and_update().is_empty() {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        };
        for service in ["", WORKLOAD_SERVICES[0], WORKLOAD_SERVICES[1]] {
            reporter.set_service_status(service, status).await;
        }
        if bundles.changed().await.is_err() {
            return;
        }
    }
}

/// Whether an error is of one connection, or will pass.
pub(crate) fn is_passing(error: &io::Error) -> bool {
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

/// Serves one connection to its end.
async fn connection(server: Server, socket: UnixStream, mut stopped: watch::Receiver<bool>) {
    if setsockopt(&socket, sockopt::PassCred, &true).is_err() {
        return;
    }
    let Ok(process) = Process::of_peer(&socket) else {
        return;
    };
    let Some(account) = server.ledger.connect(process.quota()) else {
        return;
    };
    let Server { shared, common, .. } = server;
    let challenge = Arc::new(Challenge::default());
    let transport = Transport::new(socket, process.pid(), Arc::clone(&challenge));
    let account = Arc::new(account);
    let peer = Arc::new(Peer::new(Arc::clone(&shared), process, challenge, account));
    let services = Services::new(&peer, common);
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
