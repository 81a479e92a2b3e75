//! The node's key and document, and what proves the node the first time.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, SigningKey as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::admin::AgentStatus;
use crate::nodes::{PIN_LENGTH, Pin};
use crate::spiffe::{X509Svid, leaf_identity};

/// The largest file of state.
const LARGEST: u64 = 64 << 10;

/// Why an agent cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A file cannot be used.
    #[error("cannot use `{}`: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key cannot be made or used.
    #[error("the node's key cannot be used")]
    Key,
    /// Nothing proves the node.
    #[error(
        "nothing proves this node to the server: give a join token of `palisade identity token create` with --join-token, the node's certificate with --node-cert and --node-key, or the token of its service account with --kubernetes-token"
    )]
    NoCredential,
    /// A join token without the server's pin.
    #[error("a join token is `TOKEN.PIN` as `palisade identity token create` prints it")]
    Token,
}

/// Where a server is and what it is known by.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    /// Host and port.
    pub address: String,
    /// The digest of its key.
    pub pin: Pin,
}

/// What proves a node the first time.
#[derive(Clone)]
pub enum Credential {
    /// A token that is redeemed once.
    JoinToken(Zeroizing<String>),
    /// The file with the token of the agent's service account, projected for the audience
    /// `palisade`; read each time, because Kubernetes renews it.
    KubernetesToken(PathBuf),
    /// A certificate of the node with its key (PKCS#8).
    Certificate {
        /// The leaf first; DER.
        chain: Vec<Vec<u8>>,
        /// PKCS#8 in DER.
        key: Zeroizing<Vec<u8>>,
    },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::JoinToken(_) => "JoinToken",
            Self::KubernetesToken(_) => "KubernetesToken",
            Self::Certificate { .. } => "Certificate",
        })
    }
}

impl Credential {
    /// Whether it can be used again and again.
    pub(super) fn is_lasting(&self) -> bool {
        !matches!(self, Self::JoinToken(_))
    }

    /// Reads a join token together with the pin of the server that made it.
    ///
    /// # Errors
    /// The text is not `TOKEN.PIN`.
    pub fn token(text: &str) -> Result<(Self, Pin), NodeError> {
        let (token, pin) = text.trim().split_once('.').ok_or(NodeError::Token)?;
        if token.is_empty() || pin.len() != PIN_LENGTH {
            return Err(NodeError::Token);
        }
        let pin = Pin::from_str(pin).map_err(|_| NodeError::Token)?;
        Ok((Self::JoinToken(Zeroizing::new(token.to_owned())), pin))
    }
}

/// The node.
pub(super) struct Node {
    pub(super) key: KeyPair,
    folder: PathBuf,
    credential: Option<Credential>,
    document: Mutex<Option<Document>>,
}

/// The agent's own document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) id: String,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) attested: Timestamp,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Node {
    pub(super) fn open(folder: &Path, credential: Option<Credential>) -> Result<Self, NodeError> {
        let path = folder.join("node.key");
        let key = if let Some(pkcs8) = read(&path)? {
            let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice()));
            KeyPair::try_from(&der).map_err(|_| NodeError::Key)?
        } else {
            let key = KeyPair::generate().map_err(|_| NodeError::Key)?;
            write(&path, &Zeroizing::new(key.serialize_der()))?;
            key
        };
        let node = Self {
            key,
            folder: folder.to_owned(),
            credential,
            document: Mutex::new(None),
        };
        if node.credential.is_none() && node.known_id()?.is_none() {
            return Err(NodeError::NoCredential);
        }
        Ok(node)
    }

    fn document_lock(&self) -> MutexGuard<'_, Option<Document>> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn document(&self) -> Option<Document> {
        self.document_lock().clone()
    }

    pub(super) fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// The id under which the server knows the node's key, if it was attested before.
    pub(super) fn known_id(&self) -> Result<Option<String>, NodeError> {
        let id = read(&self.folder.join("node.id"))?;
        Ok(id.map(|id| String::from_utf8_lossy(&id).trim().to_owned()))
    }

    /// Takes the document that the server gave.
    pub(super) fn attested(
        &self,
        id: String,
        chain: Vec<Vec<u8>>,
        now: Timestamp,
    ) -> Result<(), NodeError> {
        let leaf = chain.first().ok_or(NodeError::Key)?;
        let identity = leaf_identity(leaf).map_err(|_| NodeError::Key)?;
        if self.known_id()?.as_deref() != Some(&id) {
            write(&self.folder.join("node.id"), id.as_bytes())?;
        }
        *self.document_lock() = Some(Document {
            id,
            chain,
            attested: now,
            not_before: identity.not_before,
            not_after: identity.not_after,
        });
        Ok(())
    }

    /// The agent's own document with its key, if there is one.
    pub(super) fn svid(&self) -> Option<X509Svid> {
        let document = self.document()?;
        let key = Zeroizing::new(self.key.serialize_der());
        Some(X509Svid {
            id: document.id.parse().ok()?,
            chain: document.chain.into_iter().map(Arc::from).collect(),
            key: Arc::new(key),
            not_before: document.not_before,
            not_after: document.not_after,
            hint: String::new(),
        })
    }

    /// Has the node attested anew before anything else.
    pub(super) fn forget_document(&self) {
        *self.document_lock() = None;
    }

    /// A request for a document, signed by the node's key.
    pub(super) fn request(&self) -> Result<Vec<u8>, NodeError> {
        request(&self.key)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NodeError> {
        self.key.sign(message).map_err(|_| NodeError::Key)
    }

    pub(super) fn status(&self) -> Option<AgentStatus> {
        let document = self.document()?;
        Some(AgentStatus {
            id: document.id,
            method: "self".to_owned(),
            attested: document.attested,
            expires: document.not_after,
            banned: false,
        })
    }
}

/// PKCS#10 for a key; who the document is for is the server's to say.
pub(super) fn request(key: &KeyPair) -> Result<Vec<u8>, NodeError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(key).map_err(|_| NodeError::Key)?;
    Ok(request.der().to_vec())
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, NodeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(path, &error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(path, &error))?;
    Ok(Some(bytes))
}

/// The whole or nothing, for the owner alone.
fn write(path: &Path, bytes: &[u8]) -> Result<(), NodeError> {
    let beside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().map_err(|error| wrong(path, &error))
}

fn wrong(path: &Path, error: &std::io::Error) -> NodeError {
    NodeError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
