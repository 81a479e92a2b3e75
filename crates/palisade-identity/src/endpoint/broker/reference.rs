//! Finds the workload that a broker refers to, by this machine's own means.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tonic::Status;

use super::Origin;
use crate::Attributes;
use crate::attest::kubernetes::{Node, Pod, PodError};
use crate::attest::{AttestationError, Process};
use crate::endpoint::peer::{self, denied, denied_pod};
use crate::endpoint::proto::spiffe::broker::{
    KubernetesObjectReference, WorkloadPidReference, WorkloadReference,
};
use crate::endpoint::server::Shared;
use crate::endpoint::subject::{Later, Subject};

const PID: &str = "type.googleapis.com/spiffe.broker.WorkloadPIDReference";
const KUBERNETES: &str = "type.googleapis.com/spiffe.broker.KubernetesObjectReference";
/// How often it is looked whether a pod is still there.
const LOOK: Duration = Duration::from_secs(10);
/// The longest uid, in bytes.
const LONGEST_UID: usize = 64;

/// The workload of a reference.
pub(super) async fn resolve(
    shared: &Arc<Shared>,
    origin: Origin,
    reference: Option<WorkloadReference>,
) -> Result<Arc<dyn Subject>, Status> {
    let reference = reference.and_then(|reference| reference.reference);
    let reference = reference.ok_or_else(|| invalid("`reference` is missing: name a workload"))?;
    match reference.type_url.as_str() {
        PID => process(shared, origin, read(&reference.value)?),
        KUBERNETES => object(shared, &read(&reference.value)?).await,
        _ => Err(invalid(
            "this type of reference is not known: refer to a process id or to a Kubernetes object",
        )),
    }
}

fn read<M: Message + Default>(bytes: &[u8]) -> Result<M, Status> {
    M::decode(bytes).map_err(|_| invalid("the reference does not read as what its type says"))
}

fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}

fn process(
    shared: &Arc<Shared>,
    origin: Origin,
    reference: WorkloadPidReference,
) -> Result<Arc<dyn Subject>, Status> {
    if origin == Origin::Network {
        return Err(invalid(
            "a process id means something only on its own machine: use the endpoint's Unix socket",
        ));
    }
    let pid = u32::try_from(reference.pid).ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or_else(|| invalid(format!("`{}` is no process id", reference.pid)))?;
    let process = Process::of_number(pid).map_err(|error| match error {
        AttestationError::Ended => Status::not_found(format!("there is no process {pid}")),
        other => denied(&other),
    })?;
    Ok(Arc::new(Referred {
        shared: Arc::clone(shared),
        process: Arc::new(process),
    }))
}

/// A process that a broker refers to.
struct Referred {
    shared: Arc<Shared>,
    process: Arc<Process>,
}

impl Subject for Referred {
    fn attest(&self) -> Later<'_, Result<Attributes, Status>> {
        Box::pin(async {
            let seen = peer::attributes(&self.shared, &self.process).await;
            let mut seen = seen.map_err(|error| match error {
                AttestationError::Ended => {
                    Status::not_found(format!("process {} has ended", self.process.pid()))
                }
                other => denied(&other),
            })?;
            peer::add_pod(&self.shared, &mut seen).await?;
            Ok(seen)
        })
    }

    fn ended(&self) -> Later<'_, ()> {
        Box::pin(peer::end_of(&self.process))
    }
}

async fn object(
    shared: &Arc<Shared>,
    reference: &KubernetesObjectReference,
) -> Result<Arc<dyn Subject>, Status> {
    let node = shared.node.as_ref().ok_or_else(|| {
        invalid("this endpoint belongs to no cluster: start it with access to Kubernetes")
    })?;
    let kind = reference.r#type.as_ref();
    let kind = kind.map(|kind| (kind.plural.as_str(), kind.group.as_str()));
    if kind != Some(("pods", "core")) {
        return Err(invalid(
            "only pods are known: set `type` to plural `pods` of group `core`",
        ));
    }
    if reference.uid.len() > LONGEST_UID {
        return Err(invalid("`uid` is no uid of Kubernetes"));
    }
    let key = reference.key.as_ref();
    let wanted = Wanted {
        key: key.map(|key| (key.namespace.clone(), key.name.clone())),
        uid: Some(reference.uid.clone()).filter(|uid| !uid.is_empty()),
    };
    let incomplete = |(space, name): &(String, String)| space.is_empty() || name.is_empty();
    if wanted.key.as_ref().is_some_and(incomplete) {
        return Err(invalid("`key` of a pod has a namespace and a name"));
    }
    // INVARIANT: the uid that is found first is the only one that is answered for later.
    let pod = wanted.find(node).await.map_err(|error| found(&error))?;
    Ok(Arc::new(ReferredPod {
        wanted: Wanted {
            key: Some((pod.namespace, pod.name)),
            uid: Some(pod.uid),
        },
        node: Arc::clone(node),
    }))
}

fn found(error: &PodError) -> Status {
    match error {
        PodError::Name(_) => invalid(error.to_string()),
        PodError::Missing(_) | PodError::Replaced { .. } | PodError::Ended(_) => {
            Status::not_found(error.to_string())
        }
        other => denied_pod(other),
    }
}

/// A pod by name, uid or both.
struct Wanted {
    key: Option<(String, String)>,
    uid: Option<String>,
}

impl Wanted {
    async fn find(&self, node: &Node) -> Result<Pod, PodError> {
        let pod = match (&self.key, &self.uid) {
            (Some((space, name)), Some(uid)) => node.api().pod_with_uid(space, name, uid).await,
            (Some((space, name)), None) => node.api().pod(space, name).await,
            (None, Some(uid)) => node.pod(uid).await,
            (None, None) => Err(PodError::Name(String::new())),
        };
        // INVARIANT: what runs on another node is for the endpoint of that node to attest.
        node.own(pod?)
    }
}

/// A pod that a broker refers to.
struct ReferredPod {
    wanted: Wanted,
    node: Arc<Node>,
}

impl Subject for ReferredPod {
    fn attest(&self) -> Later<'_, Result<Attributes, Status>> {
        Box::pin(async {
            let pod = self.wanted.find(&self.node).await;
            let pod = pod.map_err(|error| found(&error))?;
            let mut attributes = Attributes::default();
            let added = pod.add_to(&mut attributes);
            added.map_err(|error| Status::permission_denied(error.to_string()))?;
            Ok(attributes)
        })
    }

    fn ended(&self) -> Later<'_, ()> {
        Box::pin(async {
            loop {
                tokio::time::sleep(LOOK).await;
                match self.wanted.find(&self.node).await {
                    // An API server that is away says nothing about the pod.
                    Ok(_) | Err(PodError::Api(_)) => {}
                    Err(_) => return,
                }
            }
        })
    }
}
