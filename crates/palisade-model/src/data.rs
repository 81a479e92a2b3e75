//! Data, secrets, configuration and images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::origin::{Fact, Origin};
use crate::tag::TagKind;

/// How harmful it is when data leaks; from `palisade.toml` or the label `palisade.dev/classification`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Classification {
    /// Meant for everybody.
    Public,
    /// For the organisation.
    Internal,
    /// For few.
    Confidential,
    /// Regulated: personal, payment or health data.
    Restricted,
}

/// What holds a dataset.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetKind {
    /// A persistent volume claim.
    Volume,
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A queue or log.
    Queue,
    /// Objects or files.
    ObjectStore,
}

/// Data that is worth protecting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// `dataset:namespace/name`.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// What holds it.
    pub kind: DatasetKind,
    /// The workload that serves it, for databases, caches and queues in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<NodeId>,
    /// Classification, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Fact<Classification>>,
    /// Whether the storage class says that it encrypts; `None` is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Fact<bool>>,
    /// Whether a snapshot or backup object names it; `None` is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backed_up: Option<Fact<bool>>,
    /// Storage class by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<Fact<String>>,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// What kind of credential a secret is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// A password.
    Password,
    /// A token or API key.
    Token,
    /// A private key.
    PrivateKey,
    /// A cloud provider's access key.
    CloudKey,
    /// A URL with credentials in it.
    ConnectionString,
    /// Registry credentials.
    RegistryCredential,
    /// A TLS key pair.
    TlsKeyPair,
    /// A service-account token that does not expire.
    ServiceAccountToken,
    /// Of a kind that cannot be told.
    Opaque,
}

/// How a secret is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// Its value stands in the code.
    Literal,
    /// Sealed or encrypted in the code, or fetched from a vault.
    Managed,
    /// Only a reference or an empty object is in the code.
    Reference,
}

/// A credential. Its value is never held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// `secret:namespace/name`, or `secret:file:line/name` for a literal outside a Secret object.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Namespace, for Secret objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What kind.
    pub kind: SecretKind,
    /// How it is kept.
    pub form: SecretForm,
    /// Kubernetes type, such as `Opaque`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Keys and where they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Fact<String>>,
    /// The service account of a non-expiring token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// A ConfigMap: its keys, and which of them hold a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigObject {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Keys that hold something secret, and what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<(Fact<String>, SecretKind)>,
    /// Where it stands.
    pub origin: Origin,
    /// Digest of the declaration's content.
    pub content: String,
}

/// An image reference, taken apart as the distribution specification does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageRef {
    /// As written.
    pub text: String,
    /// Registry host; `docker.io` when not written.
    pub registry: String,
    /// Repository path; `library/` is added for bare names of `docker.io`.
    pub repository: String,
    /// Tag, where written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Digest, where written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl ImageRef {
    /// How much of a version its tag names.
    pub fn tag_kind(&self) -> TagKind {
        TagKind::of(self.tag.as_deref())
    }

    /// Whether it names no digest, and no tag or one that moves with each release.
    pub fn is_mutable(&self) -> bool {
        self.digest.is_none() && self.tag_kind().moves()
    }

    /// Takes a reference apart; `None` for an empty text or one with a placeholder (`$`, `{`).
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(['$', '{', ' ', '<']) {
            return None;
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let after_slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest
            .get(after_slash..)
            .and_then(|last| last.split_once(':'))
        {
            Some((last, tag)) => (
                format!("{}{last}", rest.get(..after_slash)?),
                Some(tag.to_owned()),
            ),
            None => (rest.to_owned(), None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
                (host.to_owned(), path.to_owned())
            }
            Some(_) => ("docker.io".to_owned(), name),
            None => ("docker.io".to_owned(), format!("library/{name}")),
        };
        Some(Self {
            text: text.to_owned(),
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// Who names an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum ImageUse {
    /// A workload's container.
    Container {
        /// The workload.
        workload: NodeId,
        /// The container's name.
        container: String,
    },
    /// A volume of a workload, which holds the image's files.
    Volume {
        /// The workload.
        workload: NodeId,
        /// The volume's name.
        volume: String,
    },
    /// The base of a build stage.
    Base {
        /// The build file's pipeline node.
        pipeline: NodeId,
    },
}

/// An image that something names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// `image:REFERENCE` with the registry and repository written out.
    pub id: NodeId,
    /// The reference.
    pub reference: ImageRef,
    /// Every use, with its place.
    pub uses: Vec<Fact<ImageUse>>,
    /// The first use.
    pub origin: Origin,
}
