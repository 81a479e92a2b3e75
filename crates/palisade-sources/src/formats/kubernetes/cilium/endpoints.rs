//! Endpoint selectors: labels with a source prefix, and namespaces among the labels.

use palisade_document::Value;
use palisade_model::{NetworkPeer, Operator, PolicySubject, Requirement, Selector};

use super::everything;
use crate::facts::Facts;
use crate::object::Object;

/// Label that holds the name of a pod's namespace.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// Prefix of labels that hold a label of the pod's namespace.
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";

/// How far a policy reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Its own namespace.
    Namespace,
    /// Every namespace.
    Cluster,
}

/// An endpoint selector, taken apart.
struct Parts {
    names: Option<Vec<String>>,
    namespaces: Vec<Requirement>,
    pods: Selector,
}

fn parts<'d>(object: &Object<'d>, value: Value<'d>, facts: &mut Facts) -> Option<Parts> {
    let selector = object.selector(value, facts)?;
    let (mut names, mut namespaces, mut pods) = (None, Vec::new(), Vec::new());
    for mut requirement in selector.requirements {
        let key = requirement.key.as_str();
        let key = ["k8s:", "any:", "k8s.", "any."]
            .iter()
            .find_map(|prefix| key.strip_prefix(prefix))
            .unwrap_or(key);
        if key == NAMESPACE && requirement.operator == Operator::In {
            names = Some(requirement.values);
        } else if key == NAMESPACE {
            "kubernetes.io/metadata.name".clone_into(&mut requirement.key);
            namespaces.push(requirement);
        } else if let Some(label) = key.strip_prefix(NAMESPACE_LABELS) {
            requirement.key = label.to_string();
            namespaces.push(requirement);
        } else {
            requirement.key = key.to_string();
            pods.push(requirement);
        }
    }
    Some(Parts {
        names,
        namespaces,
        pods: Selector::new(pods),
    })
}

/// The pods that a policy is about.
pub(super) fn subject<'d>(
    object: &Object<'d>,
    owner: Owner,
    value: Value<'d>,
    facts: &mut Facts,
) -> Option<PolicySubject> {
    let parts = parts(object, value, facts)?;
    let mut namespaces = parts.namespaces;
    let namespace = match (owner, parts.names) {
        (Owner::Namespace, _) => Some(object.namespace().to_owned()),
        (Owner::Cluster, None) => None,
        (Owner::Cluster, Some(names)) => {
            let mut names = names.into_iter();
            match (names.next(), names.next()) {
                (Some(only), None) => Some(only),
                (first, second) => {
                    namespaces.push(Requirement {
                        key: "kubernetes.io/metadata.name".to_owned(),
                        operator: Operator::In,
                        values: first.into_iter().chain(second).chain(names).collect(),
                    });
                    None
                }
            }
        }
    };
    Some(PolicySubject {
        namespace,
        namespace_selector: Selector::new(namespaces),
        pods: parts.pods,
    })
}

/// The pods at the other end.
pub(super) fn peer<'d>(
    object: &Object<'d>,
    owner: Owner,
    value: Value<'d>,
    facts: &mut Facts,
) -> NetworkPeer {
    let Some(parts) = parts(object, value, facts) else {
        return NetworkPeer::Unknown {
            text: object.file.slice(value.span()).trim().to_owned(),
        };
    };
    let namespaces = match (owner, parts.namespaces.is_empty()) {
        (_, false) => Some(Selector::new(parts.namespaces)),
        (Owner::Namespace, true) => None,
        (Owner::Cluster, true) => parts.names.is_none().then(everything),
    };
    NetworkPeer::Pods {
        namespaces,
        namespace_names: parts.names.unwrap_or_default(),
        pods: parts.pods,
    }
}
