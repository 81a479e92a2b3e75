//! Labels and annotations that a kustomization adds, and where they go.

use super::Refusal;
use super::fields::{FieldPath, Missing, apply};
use super::resource::Resources;
use super::settings::LabelRule;
use crate::rendering::tree::Map;

/// The labels of the object itself.
const OWN: FieldPath = FieldPath::of("", "metadata/labels", true);

/// The labels of objects and of the pods and jobs that they make (Kustomize 5.5, metadata labels).
const TEMPLATES: &[FieldPath] = &[
    OWN,
    FieldPath::in_version(
        "v1",
        "ReplicationController",
        "spec/template/metadata/labels",
        true,
    ),
    FieldPath::of("Deployment", "spec/template/metadata/labels", true),
    FieldPath::of("ReplicaSet", "spec/template/metadata/labels", true),
    FieldPath::of("DaemonSet", "spec/template/metadata/labels", true),
    FieldPath::in_group("apps", "StatefulSet", "spec/template/metadata/labels", true),
    FieldPath::in_group("batch", "Job", "spec/template/metadata/labels", true),
    FieldPath::in_group("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
    FieldPath::in_group(
        "batch",
        "CronJob",
        "spec/jobTemplate/spec/template/metadata/labels",
        true,
    ),
    FieldPath::in_group(
        "apps",
        "StatefulSet",
        "spec/volumeClaimTemplates[]/metadata/labels",
        true,
    ),
];

const PREFERRED: &str =
    "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels";

/// Selectors that follow the labels (Kustomize 5.5, common labels), but for affinity.
const SELECTORS: &[FieldPath] = &[
    FieldPath::in_version("v1", "Service", "spec/selector", true),
    FieldPath::in_version("v1", "ReplicationController", "spec/selector", true),
    FieldPath::of("Deployment", "spec/selector/matchLabels", true),
    FieldPath::of("ReplicaSet", "spec/selector/matchLabels", true),
    FieldPath::of("DaemonSet", "spec/selector/matchLabels", true),
    FieldPath::in_group("apps", "StatefulSet", "spec/selector/matchLabels", true),
    FieldPath::in_group("batch", "Job", "spec/selector/matchLabels", false),
    FieldPath::in_group(
        "batch",
        "CronJob",
        "spec/jobTemplate/spec/selector/matchLabels",
        false,
    ),
    FieldPath::in_group(
        "policy",
        "PodDisruptionBudget",
        "spec/selector/matchLabels",
        false,
    ),
    FieldPath::in_group(
        "networking.k8s.io",
        "NetworkPolicy",
        "spec/podSelector/matchLabels",
        false,
    ),
    FieldPath::in_group(
        "networking.k8s.io",
        "NetworkPolicy",
        "spec/ingress/from/podSelector/matchLabels",
        false,
    ),
    FieldPath::in_group(
        "networking.k8s.io",
        "NetworkPolicy",
        "spec/egress/to/podSelector/matchLabels",
        false,
    ),
];

/// The annotations of objects and of the pods and jobs that they make.
const ANNOTATIONS: &[FieldPath] = &[
    FieldPath::of("", "metadata/annotations", true),
    FieldPath::in_version(
        "v1",
        "ReplicationController",
        "spec/template/metadata/annotations",
        true,
    ),
    FieldPath::of("Deployment", "spec/template/metadata/annotations", true),
    FieldPath::of("ReplicaSet", "spec/template/metadata/annotations", true),
    FieldPath::of("DaemonSet", "spec/template/metadata/annotations", true),
    FieldPath::of("StatefulSet", "spec/template/metadata/annotations", true),
    FieldPath::in_group("batch", "Job", "spec/template/metadata/annotations", true),
    FieldPath::in_group(
        "batch",
        "CronJob",
        "spec/jobTemplate/metadata/annotations",
        true,
    ),
    FieldPath::in_group(
        "batch",
        "CronJob",
        "spec/jobTemplate/spec/template/metadata/annotations",
        true,
    ),
];

/// How far labels reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The objects themselves.
    Objects,
    /// Objects and what they make.
    Templates,
    /// Objects, what they make, and what selects them.
    Selectors,
}

/// Adds labels.
pub(super) fn label(resources: &mut Resources, rule: &LabelRule) -> Result<(), Refusal> {
    match rule.reach {
        Reach::Objects => add(resources, &rule.pairs, &[OWN]),
        Reach::Templates => add(resources, &rule.pairs, TEMPLATES),
        Reach::Selectors => {
            add(resources, &rule.pairs, TEMPLATES)?;
            add(resources, &rule.pairs, SELECTORS)?;
            for kind in ["Deployment", "StatefulSet"] {
                affine(resources, &rule.pairs, kind)?;
            }
            Ok(())
        }
    }
}

/// Adds annotations.
pub(super) fn annotate(resources: &mut Resources, pairs: &Map) -> Result<(), Refusal> {
    add(resources, pairs, ANNOTATIONS)
}

/// Adds labels to the selectors of the affinity of a kind's pods.
fn affine(resources: &mut Resources, pairs: &Map, kind: &'static str) -> Result<(), Refusal> {
    let pods = "spec/template/spec";
    let mut paths = vec![format!(
        "{pods}/topologySpreadConstraints/labelSelector/matchLabels"
    )];
    for affinity in ["podAffinity", "podAntiAffinity"] {
        for rule in [PREFERRED, REQUIRED] {
            paths.push(format!("{pods}/affinity/{affinity}/{rule}"));
        }
    }
    for resource in &mut resources.list {
        if resource.kind() != kind || resource.group_version().0 != "apps" {
            continue;
        }
        for path in &paths {
            let keys: Vec<&str> = path.split('/').collect();
            super::fields::visit(&mut resource.tree, &keys, Missing::Stays, &mut |tree| {
                extend(tree, pairs)
            })?;
        }
    }
    Ok(())
}

fn add(resources: &mut Resources, pairs: &Map, fields: &[FieldPath]) -> Result<(), Refusal> {
    let Some((_, first)) = pairs.first() else {
        return Ok(());
    };
    let place = first.key.clone();
    for resource in &mut resources.list {
        for field in fields {
            apply(resource, field, Missing::Map(&place), &mut |tree| {
                extend(tree, pairs)
            })?;
        }
    }
    Ok(())
}

fn extend(tree: &mut crate::rendering::tree::Tree, pairs: &Map) -> Result<(), Refusal> {
    let map = tree
        .map_mut()
        .ok_or_else(|| Refusal::new("labels or annotations are no mapping"))?;
    for (key, field) in pairs {
        map.insert(key.clone(), field.clone());
    }
    Ok(())
}
