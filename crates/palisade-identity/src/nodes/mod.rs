//! Between servers and agents: one long-lived connection over mutual TLS.
//!
//! The server is known by its key, whose digest (the pin) an agent is given together with its
//! first credential; no clock and no expired certificate can lock an agent out. An agent is known
//! by an X509-SVID below `/palisade/agent/`, and renews it by proving its key.

mod attest;
mod list;
mod listen;
mod peers;
pub(crate) mod pin;
pub(crate) mod proto;
mod service;
mod watching;

use std::sync::Arc;

use rustls::RootCertStore;
use tokio::net::TcpListener;

pub(crate) use list::{Held, Shelf, Unusable};
#[cfg(test)]
pub(crate) use list::{List, parts};
pub use listen::NodesError;
pub(crate) use pin::PIN_LENGTH;
pub use pin::Pin;

use crate::quota::Quotas;
use crate::server::Server;

/// What only both ends of a connection know (RFC 9266 names the label).
pub(crate) const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";
/// What a proof begins with, so that it is a proof of nothing else.
const PROOF: &[u8] = b"palisade node attestation 1\0";
/// The largest message: all bundles. Entries are split.
pub(crate) const LARGEST_MESSAGE: usize = 64 << 20;

/// Reported refusals of one agent that are kept at once, and in a second for ever.
const REPORTS: f64 = 512.0;
const REPORTS_A_SECOND: f64 = 4.0;
/// The most refusals of one report.
pub(crate) const MOST_REPORTED: usize = 256;

/// The bytes that a node signs to prove its key on this connection.
pub(crate) fn to_prove(exporter: &[u8; 32], csr: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, csr);
    [PROOF, exporter, digest.as_ref()].concat()
}

/// A cluster whose nodes are taken by the service account of their agent.
#[cfg(target_os = "linux")]
pub struct Cluster {
    /// Its API server.
    pub api: crate::attest::kubernetes::Api,
    /// The service accounts of agents: `namespace/name`.
    pub accounts: std::collections::BTreeSet<String>,
}

/// What proves nodes besides join tokens.
#[derive(Default)]
pub struct NodeProofs {
    /// Authorities whose certificates prove a node.
    pub authorities: Option<RootCertStore>,
    /// A cluster whose pods prove their node.
    #[cfg(target_os = "linux")]
    pub cluster: Option<Cluster>,
}

/// Serves agents.
pub struct Nodes {
    server: Arc<Server>,
    key: pin::ServerKey,
    node_authorities: Option<Arc<RootCertStore>>,
    lists: Shelf,
    reports: Quotas,
    #[cfg(target_os = "linux")]
    cluster: Option<Cluster>,
}

impl Nodes {
    /// Reads the servers' key from the store, or makes it.
    ///
    /// # Errors
    /// The store does not answer, or holds something else.
    pub async fn open(server: Arc<Server>, proofs: NodeProofs) -> Result<Self, NodesError> {
        let key = pin::ServerKey::open(server.store()).await?;
        Ok(Self {
            server,
            key,
            node_authorities: proofs.authorities.map(Arc::new),
            lists: Shelf::default(),
            reports: Quotas::new(REPORTS, REPORTS_A_SECOND),
            #[cfg(target_os = "linux")]
            cluster: proofs.cluster,
        })
    }

    /// What agents know the server by.
    pub fn pin(&self) -> &Pin {
        &self.key.pin
    }

    /// Serves until `stop` is ready.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), NodesError> {
        listen::serve(Arc::new(self), listener, stop).await
    }
}
