//! The pods of this node, to find the one that a process is in.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::api::Api;
use super::objects::{Pod, PodError, staying};
use crate::{Attribute, AttributeError, Attributes};

/// How long a list of pods is used. What it says of a pod's containers does not change, and a
/// process that runs shows by itself that its pod has not ended.
const FRESH: Duration = Duration::from_secs(5);
/// How soon the list is read again when something is not in it.
const AGAIN: Duration = Duration::from_millis(500);

/// The node of this agent.
#[derive(Debug)]
pub struct Node {
    api: Api,
    name: String,
    pods: Mutex<Option<Listed>>,
}

#[derive(Debug)]
struct Listed {
    at: Instant,
    pods: Vec<Pod>,
}

/// Why a process in a pod is not attested.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The pod is not there.
    #[error(transparent)]
    Pod(#[from] PodError),
    /// There is too much to take in.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

impl Node {
    /// The node of this name.
    pub fn new(api: Api, name: String) -> Self {
        Self {
            api,
            name,
            pods: Mutex::default(),
        }
    }

    /// The API server.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The pod, if it runs on this node.
    ///
    /// # Errors
    /// It runs elsewhere, or nowhere yet.
    pub fn own(&self, pod: Pod) -> Result<Pod, PodError> {
        if pod.node == self.name {
            return Ok(pod);
        }
        let (space, name) = (&pod.namespace, &pod.name);
        Err(PodError::Missing(format!(
            "`{space}/{name}` on node `{}`",
            self.name
        )))
    }

    /// Adds what is attested of the pod and the container that a process is in; nothing for a
    /// process that is in no pod.
    ///
    /// # Errors
    /// The process is in a pod that this node does not have, or the API server gives no answer.
    pub async fn add_to(&self, attributes: &mut Attributes) -> Result<(), NodeError> {
        let Some(uid) = one(attributes, "unix.pod-uid") else {
            return Ok(());
        };
        let id = one(attributes, "unix.container");
        let pod = self.find(&uid, id.as_deref()).await?;
        pod.add_to(attributes)?;
        if let Some(container) = container_of(&pod, id.as_deref()) {
            container.add_to(attributes)?;
        }
        Ok(())
    }

    /// The pod of this uid on this node, which is not ending.
    ///
    /// # Errors
    /// There is none, or the API server gives no answer.
    pub async fn pod(&self, uid: &str) -> Result<Pod, PodError> {
        let pods = self.api.pods_of(&self.name).await?;
        let pod = pods.into_iter().find(|pod| pod.uid == uid);
        staying(pod.ok_or_else(|| self.missing(uid))?)
    }

    async fn find(&self, uid: &str, container: Option<&str>) -> Result<Pod, PodError> {
        let mut listed = self.pods.lock().await;
        if let Some(known) = &*listed {
            let age = known.at.elapsed();
            let pod = known.pods.iter().find(|pod| pod.uid == uid);
            let is_whole = pod.is_some_and(|pod| container_of(pod, container).is_some());
            if age < AGAIN || (is_whole && age < FRESH) {
                return pod.cloned().ok_or_else(|| self.missing(uid));
            }
        }
        let pods = self.api.pods_of(&self.name).await?;
        let pod = pods.iter().find(|pod| pod.uid == uid).cloned();
        *listed = Some(Listed {
            at: Instant::now(),
            pods,
        });
        pod.ok_or_else(|| self.missing(uid))
    }

    fn missing(&self, uid: &str) -> PodError {
        PodError::Missing(format!("of uid `{uid}` on node `{}`", self.name))
    }
}

fn container_of<'a>(pod: &'a Pod, id: Option<&str>) -> Option<&'a super::ContainerStatus> {
    let id = id?;
    pod.containers.iter().find(|container| container.id == id)
}

/// The only value of an attribute.
fn one(attributes: &Attributes, name: &str) -> Option<String> {
    let name = Attribute::new(name).ok()?;
    attributes.get(&name)?.first().cloned()
}
