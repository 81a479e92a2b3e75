//! What is attested of a pod and of a container in it.

use super::objects::{ContainerStatus, Pod};
use crate::{AttributeError, Attributes};

/// The most labels that become attributes.
const MOST_LABELS: usize = 128;

impl Pod {
    /// Adds what is attested of everything in the pod.
    ///
    /// # Errors
    /// There is too much.
    pub fn add_to(&self, attributes: &mut Attributes) -> Result<(), AttributeError> {
        attributes.add("k8s.namespace", &*self.namespace)?;
        attributes.add("k8s.service-account", &*self.service_account)?;
        attributes.add("k8s.pod-name", &*self.name)?;
        attributes.add("k8s.pod-uid", &*self.uid)?;
        if !self.node.is_empty() {
            attributes.add("k8s.node-name", &*self.node)?;
        }
        if let Some((kind, name)) = &self.owner {
            attributes.add("k8s.owner", format!("{}/{name}", kind.to_lowercase()))?;
        }
        for (label, value) in self.labels.iter().take(MOST_LABELS) {
            // A label that does not fit is not attested, and nothing matches by it.
            attributes
                .add(&format!("k8s.pod-label.{label}"), &**value)
                .ok();
        }
        Ok(())
    }
}

impl ContainerStatus {
    /// Adds what is attested of the container.
    ///
    /// # Errors
    /// There is too much.
    pub fn add_to(&self, attributes: &mut Attributes) -> Result<(), AttributeError> {
        attributes.add("k8s.container-name", &*self.name)?;
        if let Some(image) = &self.image {
            attributes.add("k8s.image", &**image)?;
        }
        if let Some(digest) = &self.image_digest {
            attributes.add("k8s.image-digest", &**digest)?;
        }
        Ok(())
    }
}
