//! Attests nodes: by a join token, by the key of an agent that is known, by a certificate.

use std::sync::Arc;

use jiff::SignedDuration;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use tonic::Status;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::proto::{AttestRequest, Attested, Certificate, attest_request::Method};
use super::service::Connection;
use super::to_prove;
#[cfg(target_os = "linux")]
use crate::attest::kubernetes::ReviewError;
use crate::authority::X509Request;
use crate::server::AGENTS;
use crate::store::{Change, KeptAgent, StoreError};
use crate::{Attributes, SpiffeId};

/// How long an agent's document lives.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// The method of agents that joined with a token.
const TOKEN: &str = "join-token";
/// Whom the tokens of agents' service accounts are for.
const AUDIENCE: &str = "palisade";
/// The longest chain of a node's certificate.
const LONGEST_CHAIN: usize = 8;

/// Who a node is, and how that was found out.
struct Node {
    id: SpiffeId,
    method: &'static str,
    attributes: Attributes,
}

pub(super) async fn attest(
    connection: &Connection,
    request: AttestRequest,
) -> Result<Attested, Status> {
    let server = &connection.nodes.server;
    let message = to_prove(&connection.exporter, &request.csr);
    let public_key = proven(&request, &message)?;
    let node = match request.method {
        Some(Method::JoinToken(token)) => by_token(connection, &token).await?,
        Some(Method::Known(id)) => by_key(connection, &id, &public_key).await?,
        Some(Method::Certificate(certificate)) => {
            by_certificate(connection, &certificate, &message)?
        }
        Some(Method::KubernetesToken(token)) => by_pod(connection, &token).await?,
        None => return Err(refused("no method of attestation was named")),
    };
    let known = server
        .store()
        .agent(node.id.as_str())
        .await
        .map_err(|error| away(&error))?;
    if known.as_ref().is_some_and(|known| known.banned) {
        return Err(refused(
            "this agent is banned: an operator can evict it, and attest it anew",
        ));
    }
    let asked = X509Request {
        lifetime: Some(LIFETIME),
        ..X509Request::new(&node.id)
    };
    let signed = server.authority().sign_csr(&request.csr, &asked);
    let chain = signed
        .map_err(|error| Status::unavailable(error.to_string()))?
        .document;
    let agent = KeptAgent {
        id: node.id.to_string(),
        method: node.method.to_owned(),
        attributes: serde_json::to_string(&node.attributes).unwrap_or_default(),
        public_key,
        attested: server.now(),
        expires: chain.not_after,
        banned: false,
    };
    let is_same = known.is_some_and(|known| known.public_key == agent.public_key);
    if is_same {
        server
            .store()
            .renewed(&agent)
            .await
            .map_err(|error| away(&error))?;
    } else {
        let change = [Change::PutAgent(agent)];
        server
            .store()
            .change(None, &change)
            .await
            .map_err(|error| away(&error))?;
        server
            .reload()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
    }
    Ok(Attested {
        id: node.id.to_string(),
        chain: chain.chain.iter().map(|der| der.to_vec()).collect(),
    })
}

/// The key of the request, which signed it and what only this connection knows.
fn proven(request: &AttestRequest, message: &[u8]) -> Result<Vec<u8>, Status> {
    let wrong = || refused("the node did not prove its key on this connection");
    let Ok(([], csr)) = X509CertificationRequest::from_der(&request.csr) else {
        return Err(wrong());
    };
    let key = &csr.certification_request_info.subject_pki;
    proves(key, &csr.signature_algorithm, message, &request.proof).ok_or_else(wrong)?;
    Ok(key.raw.to_vec())
}

fn proves(
    key: &SubjectPublicKeyInfo<'_>,
    algorithm: &AlgorithmIdentifier<'_>,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    let bits = x509_parser::der_parser::asn1_rs::BitString::new(0, signature);
    verify_signature(key, algorithm, &bits, message).ok()
}

async fn by_token(connection: &Connection, token: &str) -> Result<Node, Status> {
    let server = &connection.nodes.server;
    let redeemed = server.store().redeem(token, server.now()).await;
    let id = redeemed.map_err(|error| match error {
        StoreError::Token => refused(&error.to_string()),
        other => away(&other),
    })?;
    let id = id
        .parse()
        .map_err(|_| refused("the token is for no agent"))?;
    Ok(Node {
        id,
        method: TOKEN,
        attributes: Attributes::default(),
    })
}

async fn by_key(connection: &Connection, id: &str, key: &[u8]) -> Result<Node, Status> {
    let store = connection.nodes.server.store();
    let unknown = || {
        refused(
            "this agent is not known, or has another key: attest it anew, with a join token or as its node",
        )
    };
    let known = store
        .agent(id)
        .await
        .map_err(|error| away(&error))?
        .ok_or_else(unknown)?;
    if known.public_key != key {
        return Err(unknown());
    }
    if known.method != TOKEN {
        // What proved it once may have ended; it is asked for again each time.
        return Err(refused("this agent proves its node, not its own key"));
    }
    Ok(Node {
        id: known.id.parse().map_err(|_| unknown())?,
        method: TOKEN,
        attributes: serde_json::from_str(&known.attributes).unwrap_or_default(),
    })
}

/// The agent's pod runs on the node, under a service account that agents have.
#[cfg(target_os = "linux")]
async fn by_pod(connection: &Connection, token: &str) -> Result<Node, Status> {
    let cluster = connection.nodes.cluster.as_ref();
    let cluster = cluster.ok_or_else(|| {
        refused("this server asks no Kubernetes: start it with --kubernetes-agents")
    })?;
    let account = cluster
        .api
        .review(token, AUDIENCE)
        .await
        .map_err(|error| match error {
            ReviewError::Api(error) => Status::unavailable(error.to_string()),
            other => refused(&other.to_string()),
        })?;
    let name = format!("{}/{}", account.namespace, account.name);
    if !cluster.accounts.contains(&name) {
        return Err(refused(&format!(
            "the service account `{name}` is none of agents: name it with --kubernetes-agents"
        )));
    }
    let mut attributes = Attributes::default();
    for (key, value) in [
        ("agent.k8s-node", &account.pod.node),
        ("agent.k8s-service-account", &name),
        ("agent.k8s-pod", &account.pod.name),
    ] {
        let added = attributes.add(key, value.as_str());
        added.map_err(|error| refused(&error.to_string()))?;
    }
    let path = format!("{AGENTS}kubernetes/{}", account.pod.node);
    let id = connection.nodes.server.trust_domain().with_path(&path);
    Ok(Node {
        id: id.map_err(|error| refused(&error.to_string()))?,
        method: "kubernetes",
        attributes,
    })
}

#[cfg(not(target_os = "linux"))]
async fn by_pod(_: &Connection, _: &str) -> Result<Node, Status> {
    Err(refused("a server asks Kubernetes on Linux alone"))
}

/// The node holds the key of a certificate that the operator's authority signed.
fn by_certificate(
    connection: &Connection,
    certificate: &Certificate,
    message: &[u8],
) -> Result<Node, Status> {
    let server = &connection.nodes.server;
    let roots = connection.nodes.node_authorities.as_ref();
    let roots = roots.ok_or_else(|| {
        refused("this server takes no certificates of nodes: start it with --node-ca")
    })?;
    let wrong = |why: &str| refused(&format!("the certificate of the node is not taken: {why}"));
    let chain = &certificate.chain;
    let Some((leaf, intermediates)) = chain.split_first().filter(|_| chain.len() <= LONGEST_CHAIN)
    else {
        return Err(wrong("it has no chain, or one that is too long"));
    };
    verify_chain(roots, leaf, intermediates, server.now().as_second())
        .map_err(|error| wrong(&error))?;
    let parsed = x509_parser::parse_x509_certificate(leaf);
    let (_, parsed) = parsed.map_err(|_| wrong("it does not read"))?;
    let key = parsed.public_key();
    let algorithm =
        proof_algorithm(key).ok_or_else(|| wrong("its key is neither P-256 nor RSA"))?;
    proves(key, &algorithm, message, &certificate.proof)
        .ok_or_else(|| wrong("its key did not sign for this connection"))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, leaf);
    let fingerprint = data_encoding::HEXLOWER.encode(digest.as_ref());
    let mut attributes = Attributes::default();
    let add = |attributes: &mut Attributes, name: &str, value: &str| {
        attributes
            .add(name, value)
            .map_err(|error| wrong(&error.to_string()))
    };
    add(&mut attributes, "agent.x509-fingerprint", &fingerprint)?;
    for name in parsed
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
    {
        add(&mut attributes, "agent.x509-common-name", name)?;
    }
    let path = format!("{AGENTS}x509-pop/{fingerprint}");
    let id = server.trust_domain().with_path(&path);
    Ok(Node {
        id: id.map_err(|error| wrong(&error.to_string()))?,
        method: "x509-pop",
        attributes,
    })
}

fn verify_chain(
    roots: &Arc<RootCertStore>,
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    now: i64,
) -> Result<(), String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider)
        .build()
        .map_err(|error| error.to_string())?;
    let seconds = u64::try_from(now).map_err(|error| error.to_string())?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let others: Vec<CertificateDer<'_>> = intermediates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let verified = verifier.verify_client_cert(&CertificateDer::from(leaf), &others, now);
    verified.map(drop).map_err(|error| error.to_string())
}

/// A node signs by its kind of key: ECDSA with SHA-256, or RSA PKCS#1 with SHA-256.
fn proof_algorithm(key: &SubjectPublicKeyInfo<'_>) -> Option<AlgorithmIdentifier<'static>> {
    use x509_parser::oid_registry::{OID_PKCS1_SHA256WITHRSA, OID_SIG_ECDSA_WITH_SHA256};
    use x509_parser::public_key::PublicKey;
    let oid = match key.parsed().ok()? {
        PublicKey::EC(_) => OID_SIG_ECDSA_WITH_SHA256,
        PublicKey::RSA(_) => OID_PKCS1_SHA256WITHRSA,
        _ => return None,
    };
    Some(AlgorithmIdentifier::new(oid, None))
}

fn refused(sentence: &str) -> Status {
    Status::permission_denied(sentence.to_owned())
}

fn away(error: &StoreError) -> Status {
    Status::unavailable(error.to_string())
}
