//! Config maps as subjects of findings.

use palisade_model::{ConfigObject, NodeId, NodeKind};

/// The id of a ConfigMap that holds a secret: it is judged as a place where a secret is kept.
pub(crate) fn config_id(config: &ConfigObject) -> NodeId {
    let name = format!("{}/{}[ConfigMap]", config.namespace, config.name);
    NodeId::new(NodeKind::Secret, &name)
}
