//! Access to the API server of a cluster: proofs of agents, and the pods of this node.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use palisade_identity::attest::kubernetes::{Access, Api, Node};
use palisade_identity::server::Cluster;

use crate::failure::UsageError;

/// Where Kubernetes puts what a pod needs to talk to the API server.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The pods of this node, where it belongs to a cluster.
pub(super) type Pods = Option<Arc<Node>>;

/// What is asked of the API server, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Kubernetes")]
pub(super) struct KubernetesArguments {
    /// Name of this node: attests the pods that workloads run in (`k8s.*`)
    #[arg(
        long = "kubernetes-node",
        value_name = "NAME",
        env = "PALISADE_KUBERNETES_NODE",
        hide_env_values = true
    )]
    node: Option<String>,
    /// Service accounts of agents, as `namespace/name`, whose pods prove their nodes to a server
    #[arg(
        long = "kubernetes-agents",
        value_name = "ACCOUNT",
        value_delimiter = ',',
        requires = "listen"
    )]
    agents: Vec<String>,
    /// Address of the API server
    #[arg(
        long = "kubernetes-api",
        value_name = "HOST:PORT",
        default_value = "kubernetes.default.svc:443"
    )]
    api: String,
    /// Folder with `ca.crt` and `token` for the API server
    #[arg(long = "kubernetes-account", value_name = "DIR", default_value = ACCOUNT)]
    account: PathBuf,
}

impl KubernetesArguments {
    /// The pods of this node, if it was named.
    pub(super) fn pods(&self) -> anyhow::Result<Pods> {
        let Some(name) = &self.node else {
            return Ok(None);
        };
        if name.is_empty() || name.len() > 253 {
            let error = UsageError::new("`--kubernetes-node` is the name of a node");
            return Err(error.into());
        }
        Ok(Some(Arc::new(Node::new(self.api()?, name.clone()))))
    }

    /// What proves agents by their pods, if accounts were named.
    pub(super) fn cluster(&self) -> anyhow::Result<Option<Cluster>> {
        if self.agents.is_empty() {
            return Ok(None);
        }
        Ok(Some(Cluster {
            api: self.api()?,
            accounts: self.agents.iter().cloned().collect(),
        }))
    }

    fn api(&self) -> anyhow::Result<Api> {
        let parts = self.api.rsplit_once(':');
        let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| {
            UsageError::new("`--kubernetes-api` is a host and a port, such as `10.0.0.1:443`")
        })?;
        Ok(Api::new(Access {
            host: host.to_owned(),
            port,
            authorities: self.account.join("ca.crt"),
            token: self.account.join("token"),
        })?)
    }
}
