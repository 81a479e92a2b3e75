//! Containers of a workload: their runtime rights, environment, volumes and resources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Port, Protocol};
use crate::by_name::ByName;
use crate::data::{ImageRef, SecretKind};
use crate::origin::{Fact, Origin};
use crate::rare::Rare;

/// Capabilities that the baseline Pod Security Standard lets a container add.
pub const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Runtime rights of a pod as a whole; `None` is "not said".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodSecurity {
    /// Node's network namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_network: Option<Fact<bool>>,
    /// Node's process namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_pid: Option<Fact<bool>>,
    /// Node's IPC namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ipc: Option<Fact<bool>>,
    /// Own user namespace when false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_users: Option<Fact<bool>>,
    /// Processes of containers see each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_process_namespace: Option<Fact<bool>>,
    /// What containers inherit.
    pub context: SecurityContext,
    /// Supplemental group that owns volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<Fact<i64>>,
    /// `sysctls` by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<Fact<String>>,
}

/// `securityContext` of a pod or container; `None` is "not said".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityContext {
    /// The block itself, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// All of the node's devices and capabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<Fact<bool>>,
    /// More rights than the parent process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_privilege_escalation: Option<Fact<bool>>,
    /// Root filesystem cannot be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_root_filesystem: Option<Fact<bool>>,
    /// The kubelet refuses to start as user 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_non_root: Option<Fact<bool>>,
    /// User id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<Fact<i64>>,
    /// Group id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<Fact<i64>>,
    /// Capabilities added and dropped, names without `CAP_`, in capitals.
    pub capabilities: Capabilities,
    /// Seccomp profile type: `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Fact<String>>,
    /// AppArmor profile type: `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_armor: Option<Fact<String>>,
    /// SELinux type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selinux_type: Option<Fact<String>>,
    /// SELinux user or role that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selinux_user_or_role: Option<Fact<String>>,
    /// `procMount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proc_mount: Option<Fact<String>>,
    /// Windows host process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_process: Option<Fact<bool>>,
}

/// Linux capabilities of a container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Fact<String>>,
    /// Dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Fact<String>>,
}

/// When a container runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerRole {
    /// For the life of the pod.
    Main,
    /// Before the main ones.
    Init,
    /// An init container that stays (`restartPolicy: Always`).
    Sidecar,
    /// Added to a running pod for debugging.
    Ephemeral,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// When it runs.
    pub role: ContainerRole,
    /// Its image; `None` where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Fact<ImageRef>>,
    /// `imagePullPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<Fact<String>>,
    /// Program and arguments, as one list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Fact<String>>,
    /// Declared ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// `envFrom` sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<Fact<EnvSource>>,
    /// Mounted volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Runtime rights.
    pub security: Rare<SecurityContext>,
    /// Requested resources.
    pub requests: ResourceAmounts,
    /// Resource limits.
    pub limits: ResourceAmounts,
    /// Liveness probe, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Probe>,
    /// Readiness probe, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Probe>,
    /// Where it stands.
    pub origin: Origin,
}

/// A port that a container listens on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerPort {
    /// Name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number.
    pub port: Port,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port on the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<Port>,
    /// Where it stands.
    pub origin: Origin,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvVar {
    /// Name.
    pub name: String,
    /// Where its value comes from.
    pub source: EnvSource,
    /// Where it stands.
    pub origin: Origin,
}

/// Where environment comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum EnvSource {
    /// A value in the manifest.
    Literal {
        /// The value; `None` when it is, or may be, a secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        /// What kind of secret it is, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<SecretKind>,
    },
    /// A Secret.
    Secret {
        /// Its name.
        name: String,
        /// The key; `None` takes every key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A ConfigMap.
    ConfigMap {
        /// Its name.
        name: String,
        /// The key; `None` takes every key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// The pod's own fields or resources.
    Downward,
}

/// A mounted volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// Where it is mounted.
    pub path: String,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// A volume of a pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Name.
    pub name: String,
    /// What it is.
    pub source: VolumeSource,
    /// Where it stands.
    pub origin: Origin,
}

/// What a volume is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum VolumeSource {
    /// A path of the node.
    HostPath {
        /// The path.
        path: String,
    },
    /// A Secret.
    Secret {
        /// Its name.
        name: String,
    },
    /// A ConfigMap.
    ConfigMap {
        /// Its name.
        name: String,
    },
    /// A claim, by name (also from `volumeClaimTemplates`).
    Claim {
        /// The claim's name.
        name: String,
    },
    /// Lives as long as the pod.
    EmptyDir,
    /// Projected sources.
    Projected {
        /// Service-account tokens.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tokens: Vec<ProjectedToken>,
        /// Secrets by name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// A CSI driver, such as `secrets-store.csi.k8s.io` or `csi.spiffe.io`.
    Csi {
        /// The driver.
        driver: String,
    },
    /// The files of an image.
    Image {
        /// The image.
        image: Fact<ImageRef>,
    },
    /// Anything else, by its field name.
    Other {
        /// The field.
        field: String,
    },
}

/// A projected service-account token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectedToken {
    /// Audience; `None` is the API server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Lifetime in seconds; `None` is the default of 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
    /// Where it stands.
    pub origin: Origin,
}

/// Amounts by resource name (`cpu`, `memory`), as written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceAmounts {
    /// Each amount with its place.
    pub amounts: ByName<Fact<String>>,
}

/// A probe, with the shell command it runs if it runs one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What it asks: `httpGet`, `tcpSocket`, `grpc` or `exec`.
    pub kind: String,
    /// Where it stands.
    pub origin: Origin,
}
