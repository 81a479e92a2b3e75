//! Accepts agents within bounds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::codegen::Service as _;

use super::peers::Agents;
use super::proto::nodes_server::NodesServer;
use super::service::{Connection, PeerAgent};
use super::{EXPORTER, LARGEST_MESSAGE, Nodes};
use crate::spiffe::leaf_identity;
use crate::store::StoreError;
use palisade_http::strangers::Strangers;

/// Most connections of agents at a time.
const MOST_CONNECTIONS: usize = 10_000;
/// Most connections at a time of whom no agent is proven.
const MOST_STRANGERS: usize = 1_024;
/// The longest connection without an agent's certificate: long enough to attest.
const STRANGER: Duration = Duration::from_secs(30);
/// Most calls of one agent at a time.
const MOST_CALLS: u32 = 256;
/// The largest request: what was attested of a caller, and its keys.
const LARGEST_REQUEST: usize = 4 << 20;
/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often a silent agent is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Why agents cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum NodesError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The servers' key cannot be used.
    #[error("the key that agents know the server by cannot be used")]
    Key,
    /// TLS cannot be set up.
    #[error("TLS for agents cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

pub(super) async fn serve(
    nodes: Arc<Nodes>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), NodesError> {
    let acceptor = TlsAcceptor::from(Arc::new(config(&nodes)?));
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let strangers = Strangers::new(MOST_STRANGERS);
    let mut connections = tokio::task::JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (nodes, acceptor) = (Arc::clone(&nodes), acceptor.clone());
        let (room, mut stranger) = (Arc::clone(&room), strangers.come());
        connections.spawn(async move {
            let _no_delay = stream.set_nodelay(true);
            let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
            let Some(Ok(Ok(stream))) = stranger.during(handshake).await else {
                return;
            };
            let is_agent = stream.get_ref().1.peer_certificates().is_some();
            let served = connection(nodes, stream);
            if is_agent {
                drop(stranger);
                let Ok(_permit) = room.try_acquire_owned() else {
                    return;
                };
                served.await;
            } else {
                let served = tokio::time::timeout(STRANGER, served);
                let _ended = stranger.during(served).await;
            }
        });
    }
}

fn config(nodes: &Nodes) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let agents = Arc::new(Agents {
        server: Arc::clone(&nodes.server),
        provider: Arc::clone(&provider),
    });
    let certificates = vec![nodes.key.certificate.clone()];
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(agents)
        .with_single_cert(certificates, nodes.key.private())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would keep an agent that is no longer one.
    config.send_tls13_tickets = 0;
    Ok(config)
}

async fn connection(nodes: Arc<Nodes>, stream: TlsStream<TcpStream>) {
    let (_, tls) = stream.get_ref();
    let leaf = tls.peer_certificates().and_then(|chain| chain.first());
    let agent = leaf.and_then(|leaf| PeerAgent::of(leaf, leaf_identity(leaf).ok()?));
    let Ok(exporter) = tls.export_keying_material([0; 32], EXPORTER, None) else {
        return;
    };
    let service = NodesServer::new(Connection {
        nodes,
        agent,
        exporter,
    })
    .max_decoding_message_size(LARGEST_REQUEST)
    .max_encoding_message_size(LARGEST_MESSAGE);
    let service = hyper::service::service_fn(move |request| {
        let mut service = service.clone();
        async move {
            let Ok(answer) = service.call(request).await;
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_CALLS)
        .keep_alive_interval(KEEP_ALIVE);
    // A broken connection is its agent's affair.
    let _ended = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
