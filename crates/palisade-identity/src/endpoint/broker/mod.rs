//! The SPIFFE Broker Endpoint: documents on behalf of another process or pod.
//!
//! A broker, such as a gateway in a process of its own, shows its X509-SVID over mutual TLS and
//! refers to a workload. Nothing that it says about the workload is believed: the workload is
//! attested here. Source: SPIFFE Broker Endpoint and Broker API standards.

mod api;
mod details;
mod reference;
mod tls;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic_health::server::HealthReporter;

use self::api::Api;
use self::tls::{Handshake, Shown};
use super::EndpointError;
use super::limits::{self, Ledger};
use super::proto::spiffe::broker::api_server::{ApiServer, SERVICE_NAME};
use super::server::{self, Shared};
use super::services::{Common, Counted, LARGEST_REQUEST, admitted, infallible, service_of};
use crate::{Holdings, SpiffeId};
use palisade_http::strangers::{Stranger, Strangers};

/// The most connections of all brokers together.
const MOST_CONNECTIONS: usize = 256;
/// The most connections at a time of whom no broker is proven.
const MOST_STRANGERS: usize = 256;
/// The longest time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The longest connection of somebody who is no broker.
const STRANGER: Duration = Duration::from_secs(10);
/// How often it is looked whether a broker is still proven, beside every change of a bundle.
const LOOK: Duration = Duration::from_secs(30);
/// How long accepting rests when the system has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// Gives an endpoint its own documents, anew for every connection.
pub trait OwnDocuments: Send + Sync {
    /// What the endpoint holds now: the first document is shown, the bundles prove brokers.
    /// Nothing while there is none; nobody gets in then.
    fn holdings(&self) -> Option<Arc<Holdings>>;
}

impl OwnDocuments for watch::Receiver<Arc<Holdings>> {
    fn holdings(&self) -> Option<Arc<Holdings>> {
        Some(Arc::clone(&self.borrow()))
    }
}

/// Who serves and who may ask.
#[derive(Clone)]
pub struct BrokerAccess {
    /// The endpoint's own documents.
    pub own: Arc<dyn OwnDocuments>,
    /// Who may ask for others; everybody else is refused.
    pub brokers: BTreeSet<SpiffeId>,
}

/// Where brokers connect.
#[derive(Debug)]
pub enum BrokerListener {
    /// A socket of this machine.
    Unix(UnixListener),
    /// The network: process ids mean nothing there and are refused.
    Tcp(TcpListener),
}

/// What can be read and written.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Where a reference comes from, which says what it may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Machine,
    Network,
}

impl BrokerListener {
    async fn accept(&self) -> io::Result<(Pin<Box<dyn Wire>>, Origin)> {
        match self {
            Self::Unix(listener) => {
                let (socket, _) = listener.accept().await?;
                Ok((Box::pin(socket), Origin::Machine))
            }
            Self::Tcp(listener) => {
                let (socket, _) = listener.accept().await?;
                Ok((Box::pin(socket), Origin::Network))
            }
        }
    }
}

/// What every connection is given.
#[derive(Clone)]
struct Server {
    shared: Arc<Shared>,
    access: BrokerAccess,
    ledger: Arc<Ledger>,
    common: Common,
}

/// Serves until `stop` is ready.
pub(super) async fn serve(
    shared: Shared,
    access: BrokerAccess,
    listener: BrokerListener,
    stop: impl Future<Output = ()>,
) -> Result<(), EndpointError> {
    let server = Server {
        ledger: Ledger::new(shared.settings.limits),
        common: Common::new(HealthReporter::new(), &[SERVICE_NAME]),
        shared: Arc::new(shared),
        access,
    };
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let strangers = Strangers::new(MOST_STRANGERS);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((wire, origin)) => {
                let (server, room) = (server.clone(), Arc::clone(&room));
                let stranger = strangers.come();
                connections.spawn(connection(server, wire, origin, (room, stranger)));
            }
            Err(error) if server::is_passing(&error) => tokio::time::sleep(REST).await,
            Err(error) => return Err(EndpointError::Accept(error)),
        }
    }
}

async fn connection(
    server: Server,
    wire: Pin<Box<dyn Wire>>,
    origin: Origin,
    (room, mut stranger): (Arc<Semaphore>, Stranger),
) {
    let clock = Arc::clone(&server.shared.clock);
    let own = server.access.own.holdings();
    let Some(handshake) = own.and_then(|own| Handshake::new(&own, clock.now())) else {
        return;
    };
    let handshake = tokio::time::timeout(HANDSHAKE, handshake.accept(wire));
    let Some(Ok(Some((stream, shown)))) = stranger.during(handshake).await else {
        return;
    };
    let id = shown.id.clone();
    let Some(account) = server.ledger.connect(id.to_string()) else {
        return;
    };
    let may = server.access.brokers.contains(&id);
    let api = Api::new(Arc::clone(&server.shared), origin, id.clone());
    let ended = end_of_proof(
        Arc::clone(&server.shared),
        Arc::clone(&server.access.own),
        shown,
    );
    let services = Services {
        broker: may.then(|| ApiServer::new(api).max_decoding_message_size(LARGEST_REQUEST)),
        account: Arc::new(account),
        common: server.common,
        id,
    };
    let service = hyper::service::service_fn(move |request| services.clone().call(request));
    let served = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(server.shared.settings.streams_per_connection)
        .max_header_list_size(server::MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let served = async {
        if may {
            drop(stranger);
            // Brokers are few; one that comes when there is no room is sent away.
            let Ok(_permit) = room.try_acquire_owned() else {
                return;
            };
            drop(served.await);
        } else {
            // Long enough to be told that one is no broker.
            let served = tokio::time::timeout(STRANGER, served);
            drop(stranger.during(served).await);
        }
    };
    tokio::select! {
        () = served => {}
        () = ended => {}
    }
}

/// Is ready when what a broker showed proves it no longer: it has ended, or who signed it is not
/// trusted any more.
async fn end_of_proof(shared: Arc<Shared>, own: Arc<dyn OwnDocuments>, shown: Shown) {
    let mut changes = shared.issuer.bundles();
    let mut is_told = true;
    loop {
        let left = shown.ends.duration_since(shared.clock.now());
        let left = Duration::try_from(left).unwrap_or_default();
        tokio::select! {
            changed = changes.changed(), if is_told => is_told = changed.is_ok(),
            () = tokio::time::sleep(left.min(LOOK)) => {}
        }
        let holdings = own.holdings();
        let now = shared.clock.now();
        if !holdings.is_some_and(|holdings| shown.is_good(&holdings, now)) {
            return;
        }
    }
}

/// The services of one broker.
#[derive(Clone)]
struct Services {
    /// Nothing for a caller who is no broker.
    broker: Option<ApiServer<Api>>,
    account: Arc<limits::Connection>,
    common: Common,
    id: SpiffeId,
}

impl Services {
    async fn call(mut self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let counted = match self.account.stream() {
            Ok(counted) => counted,
            Err(status) => return Ok(status.into_http()),
        };
        if let Err(status) = admitted(&request, "broker.spiffe.io") {
            return Ok(status.into_http());
        }
        let response = match (&mut self.broker, service_of(&request)) {
            (None, _) => Status::permission_denied(format!(
                "`{}` is no broker: add it to the brokers of this endpoint",
                self.id
            ))
            .into_http(),
            (Some(broker), SERVICE_NAME) => infallible(broker.call(request).await),
            (Some(_), _) => self.common.call(request).await,
        };
        Ok(response.map(|body| Body::new(Counted { body, counted })))
    }
}
