//! Namespaces.

use palisade_model::{Fact, NodeId, NodeKind, Zone, ZoneKind};

use crate::facts::Facts;
use crate::object::Object;

/// The label that every namespace has, whatever its manifest says.
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Reads a Namespace.
pub(super) fn namespace(object: &Object<'_>, facts: &mut Facts) {
    let mut labels = object.own_labels();
    labels.insert(NAME_LABEL.to_owned(), object.name.clone());
    let label_facts = object
        .at(&["metadata", "labels"])
        .map(|written| {
            written
                .entries()
                .filter_map(|entry| {
                    let pair = (entry.key.to_owned(), entry.value.to_text()?);
                    let span = entry.key_span.to(entry.value.span());
                    Some(Fact::new(pair, object.origin(span)))
                })
                .collect()
        })
        .unwrap_or_default();
    facts.model.zones.push(Zone {
        id: NodeId::new(NodeKind::Zone, &format!("namespace/{}", object.name)),
        name: object.name.clone(),
        kind: ZoneKind::Namespace,
        labels,
        annotations: object.own_annotations(),
        label_facts,
        declared: true,
        origin: object.whole(),
        content: object.content(),
    });
}
