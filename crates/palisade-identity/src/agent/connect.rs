//! One connection to a server that is known by its key.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, Error};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::body::Body;
use tower_service::Service;

use super::ServerAddress;
use super::node::{Document, Node};
use crate::nodes::proto::nodes_client::NodesClient;
use crate::nodes::{EXPORTER, LARGEST_MESSAGE, Pin};
use crate::tls::signatures_by_provider;

/// How long a connection may take to stand.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent server is asked whether it is there, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Sends calls on a connection.
#[derive(Debug, Clone)]
pub(super) struct Channel(SendRequest<Body>);

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// A connection that stands.
pub(super) struct Connected {
    pub(super) client: NodesClient<Channel>,
    pub(super) exporter: [u8; 32],
}

/// Connects; with the agent's document where it has one.
pub(super) async fn connect(
    server: &ServerAddress,
    node: &Node,
    document: Option<&Document>,
) -> Result<Connected, String> {
    let connecting = stand(server, node, document);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(format!("`{}` does not answer", server.address)),
    }
}

async fn stand(
    server: &ServerAddress,
    node: &Node,
    document: Option<&Document>,
) -> Result<Connected, String> {
    let told = |error: &dyn std::fmt::Display| format!("`{}`: {error}", server.address);
    let stream = TcpStream::connect(&server.address)
        .await
        .map_err(|error| told(&error))?;
    stream.set_nodelay(true).map_err(|error| told(&error))?;
    let config = config(server, node, document).map_err(|error| told(&error))?;
    let name = ServerName::try_from("palisade").map_err(|error| told(&error))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| told(&error))?;
    let (_, tls) = stream.get_ref();
    let exporter = tls
        .export_keying_material([0; 32], EXPORTER, None)
        .map_err(|error| told(&error))?;
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| told(&error))?;
    drop(tokio::spawn(connection));
    let origin = http::Uri::from_static("https://palisade");
    let client = NodesClient::with_origin(Channel(sender), origin)
        .max_decoding_message_size(LARGEST_MESSAGE);
    Ok(Connected { client, exporter })
}

fn config(
    server: &ServerAddress,
    node: &Node,
    document: Option<&Document>,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Pinned {
        pin: server.pin.clone(),
        provider: Arc::clone(&provider),
    });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match document {
        None => builder.with_no_client_auth(),
        Some(document) => {
            let chain = document
                .chain
                .iter()
                .map(|der| CertificateDer::from(der.clone()));
            let key = PrivatePkcs8KeyDer::from(node.key.serialize_der());
            builder.with_client_auth_cert(chain.collect(), PrivateKeyDer::Pkcs8(key))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Takes a server for proven when it holds the key of the pin. Its certificate says nothing else,
/// so no clock can keep an agent away.
#[derive(Debug)]
struct Pinned {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if Pin::of(parsed.public_key().raw).is(&self.pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General(
                "the server has another key than the pin says: it is another server, or its database was begun anew".to_owned(),
            ))
        }
    }

    signatures_by_provider!();
}
