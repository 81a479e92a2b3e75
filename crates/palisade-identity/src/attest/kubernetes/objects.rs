//! What is read of a pod.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::{Api, ApiError};

/// The most bytes of a name in Kubernetes.
const LONGEST_NAME: usize = 253;
/// The most containers that are looked at.
const MOST_CONTAINERS: usize = 128;

/// A pod that exists and runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid, which no other pod ever has.
    pub uid: String,
    /// The node that it runs on; empty before it is scheduled.
    pub node: String,
    /// Its service account.
    pub service_account: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Kind and name of what it belongs to directly.
    pub owner: Option<(String, String)>,
    /// Its containers that have started.
    pub containers: Vec<ContainerStatus>,
    /// Whether it is being deleted: it still runs, and ends soon.
    pub is_ending: bool,
}

/// A container that has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerStatus {
    /// Its name in the pod.
    pub name: String,
    /// Its id in the runtime, without the runtime's name.
    pub id: String,
    /// Where its image comes from, without a tag: a tag says nothing about what runs.
    pub image: Option<String>,
    /// The digest of its image.
    pub image_digest: Option<String>,
}

/// Why there is no pod.
#[derive(Debug, thiserror::Error)]
pub enum PodError {
    /// There is none of that name or uid.
    #[error("there is no pod {0}")]
    Missing(String),
    /// There is another one of that name.
    #[error("pod `{name}` has uid `{found}` now, not `{wanted}`: it was replaced")]
    Replaced {
        /// The pod.
        name: String,
        /// The uid that was asked for.
        wanted: String,
        /// The uid of the pod that is there.
        found: String,
    },
    /// It is going, or has ended.
    #[error("pod `{0}` is being deleted or has ended")]
    Ended(String),
    /// It is something else than was said of it.
    #[error("pod `{name}` {what}")]
    Different {
        /// The pod.
        name: String,
        /// What is different.
        what: String,
    },
    /// A name that Kubernetes does not have.
    #[error("`{0}` is not a name in Kubernetes")]
    Name(String),
    /// The API server gives no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Api {
    /// The pod of this name.
    ///
    /// # Errors
    /// There is none, it has ended or is ending, or the API server gives no answer.
    pub async fn pod(&self, namespace: &str, name: &str) -> Result<Pod, PodError> {
        let (space, pod) = (checked(namespace)?, checked(name)?);
        match self
            .get(&format!("/api/v1/namespaces/{space}/pods/{pod}"))
            .await
        {
            Ok(object) => staying(running(&object)?),
            Err(error) if error.is_not_found() => Err(PodError::Missing(format!(
                "`{name}` in namespace `{namespace}`"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// The pod of this name and uid.
    ///
    /// # Errors
    /// There is none, it was replaced, it has ended or is ending, or the API server gives no answer.
    pub async fn pod_with_uid(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> Result<Pod, PodError> {
        let pod = self.pod(namespace, name).await?;
        if pod.uid == uid {
            return Ok(pod);
        }
        Err(PodError::Replaced {
            name: pod.name,
            wanted: uid.to_owned(),
            found: pod.uid,
        })
    }

    /// The pods of a node that have not ended.
    ///
    /// # Errors
    /// The API server gives no answer.
    pub async fn pods_of(&self, node: &str) -> Result<Vec<Pod>, PodError> {
        let node = checked(node)?;
        let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
        let list = self.get(&path).await?;
        let pods = list.get("items").and_then(Value::as_array);
        let pods = pods.into_iter().flatten();
        Ok(pods.filter_map(|pod| running(pod).ok()).collect())
    }
}

/// A pod that is not ending.
pub(super) fn staying(pod: Pod) -> Result<Pod, PodError> {
    if pod.is_ending {
        return Err(PodError::Ended(pod.name));
    }
    Ok(pod)
}

/// A name that may stand in a path: Kubernetes has no other.
fn checked(name: &str) -> Result<&str, PodError> {
    let legal = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let dots = name.bytes().all(|byte| byte == b'.');
    if name.len() > LONGEST_NAME || dots || !name.bytes().all(legal) {
        return Err(PodError::Name(name.chars().take(80).collect()));
    }
    Ok(name)
}

fn running(object: &Value) -> Result<Pod, PodError> {
    let pod = read(object);
    let phase = text(object, "/status/phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(PodError::Ended(pod.name));
    }
    if pod.uid.is_empty() || pod.namespace.is_empty() {
        return Err(PodError::Missing(format!(
            "in what was answered for `{}`",
            pod.name
        )));
    }
    Ok(pod)
}

fn read(object: &Value) -> Pod {
    let field = |path| text(object, path).to_owned();
    Pod {
        namespace: field("/metadata/namespace"),
        name: field("/metadata/name"),
        uid: field("/metadata/uid"),
        node: field("/spec/nodeName"),
        service_account: field("/spec/serviceAccountName"),
        labels: labels(object),
        owner: owner(object),
        containers: containers(object),
        is_ending: object.pointer("/metadata/deletionTimestamp").is_some(),
    }
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn owner(object: &Value) -> Option<(String, String)> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let controls = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
    let owner = owners.iter().find(controls).or_else(|| owners.first())?;
    Some((
        text(owner, "/kind").to_owned(),
        text(owner, "/name").to_owned(),
    ))
}

fn containers(object: &Value) -> Vec<ContainerStatus> {
    let lists = [
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
    ];
    let statuses = lists.iter().filter_map(|list| {
        let status = object.get("status")?;
        status.get(list)?.as_array()
    });
    statuses
        .flatten()
        .take(MOST_CONTAINERS)
        .filter_map(container)
        .collect()
}

fn container(status: &Value) -> Option<ContainerStatus> {
    let (_, id) = text(status, "/containerID").split_once("://")?;
    let image_id = text(status, "/imageID");
    let image_id = image_id.split_once("://").map_or(image_id, |(_, id)| id);
    // `registry/name@sha256:…`; without a digest the runtime has only its own number for it.
    let (image, digest) = image_id.rsplit_once('@').unzip();
    Some(ContainerStatus {
        name: text(status, "/name").to_owned(),
        id: id.to_owned(),
        image: image.map(str::to_owned),
        image_digest: digest.map(str::to_owned),
    })
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
