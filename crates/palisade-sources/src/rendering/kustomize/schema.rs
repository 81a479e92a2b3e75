//! Which lists of built-in kinds are merged item by item, and by which keys.

use super::Refusal;

/// How a patch meets a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListMerge {
    /// The patch's list takes the place of the other one.
    Replace,
    /// Items with equal keys are merged.
    Keyed(&'static [&'static str]),
    /// Scalars that are missing are added.
    Set,
}

/// Lists in a pod's specification that are merged (Kubernetes OpenAPI, `x-kubernetes-patch-*`);
/// `*` is any of the lists of containers.
const POD_LISTS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("*/ports", &["containerPort", "protocol"]),
    ("*/env", &["name"]),
    ("*/volumeMounts", &["mountPath"]),
    ("*/volumeDevices", &["devicePath"]),
    ("volumes", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    (
        "topologySpreadConstraints",
        &["topologyKey", "whenUnsatisfiable"],
    ),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
];

/// Lists of other objects that are merged.
const OBJECT_LISTS: &[(&str, &str, &[&str])] = &[
    ("Service", "spec/ports", &["port", "protocol"]),
    ("ServiceAccount", "secrets", &["name"]),
    ("ServiceAccount", "imagePullSecrets", &["name"]),
    ("MutatingWebhookConfiguration", "webhooks", &["name"]),
    ("ValidatingWebhookConfiguration", "webhooks", &["name"]),
];

/// Where pods are specified, by group and kind.
const PODS: &[(&str, &str, &str)] = &[
    ("", "Pod", "spec/"),
    ("", "PodTemplate", "template/spec/"),
    ("", "ReplicationController", "spec/template/spec/"),
    ("apps", "Deployment", "spec/template/spec/"),
    ("apps", "ReplicaSet", "spec/template/spec/"),
    ("apps", "DaemonSet", "spec/template/spec/"),
    ("apps", "StatefulSet", "spec/template/spec/"),
    ("batch", "Job", "spec/template/spec/"),
    ("batch", "CronJob", "spec/jobTemplate/spec/template/spec/"),
];

/// Groups whose kinds have no list that is merged, but those above; other groups of Kubernetes
/// itself are not known well enough here.
const PLAIN_GROUPS: &[&str] = &[
    "",
    "apps",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "discovery.k8s.io",
    "coordination.k8s.io",
];

/// The kind whose lists are met.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    group: String,
    version: String,
    kind: String,
}

impl Schema {
    /// The schema of a kind.
    pub(super) fn of(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// How a patch meets the list at a path of keys.
    pub(super) fn list(&self, path: &[&str]) -> Result<ListMerge, Refusal> {
        let is_own = !self.group.contains('.') || self.group.ends_with(".k8s.io");
        if !is_own {
            // What has no schema is replaced.
            return Ok(ListMerge::Replace);
        }
        let joined = path.join("/");
        match joined.as_str() {
            "metadata/finalizers" => return Ok(ListMerge::Set),
            "metadata/ownerReferences" => return Ok(ListMerge::Keyed(&["uid"])),
            _ => {}
        }
        let pods = PODS
            .iter()
            .find(|(group, kind, _)| *group == self.group && *kind == self.kind);
        let is_webhook = self.kind.ends_with("WebhookConfiguration");
        if !PLAIN_GROUPS.contains(&self.group.as_str()) && !is_webhook {
            return Err(self.unknown(&joined));
        }
        let known_version = if is_webhook || pods.is_some() || self.kind.starts_with("Service") {
            self.version == "v1"
        } else {
            self.version == "v1" || self.version == "v2"
        };
        if !known_version {
            return Err(self.unknown(&joined));
        }
        let of_object = OBJECT_LISTS
            .iter()
            .find(|(kind, at, _)| *kind == self.kind && *at == joined);
        if let Some((_, _, keys)) = of_object {
            return Ok(ListMerge::Keyed(keys));
        }
        let Some(inside) = pods.and_then(|(_, _, base)| joined.strip_prefix(base)) else {
            return Ok(ListMerge::Replace);
        };
        let generic = ["containers/", "initContainers/", "ephemeralContainers/"]
            .iter()
            .find_map(|list| inside.strip_prefix(list))
            .map(|rest| format!("*/{rest}"));
        let inside = generic.as_deref().unwrap_or(inside);
        let found = POD_LISTS.iter().find(|(at, _)| *at == inside);
        Ok(found.map_or(ListMerge::Replace, |(_, keys)| ListMerge::Keyed(keys)))
    }

    fn unknown(&self, path: &str) -> Refusal {
        Refusal(format!(
            "it is not known here how a patch meets the list `{path}` of `{}/{}` `{}`",
            self.group, self.version, self.kind
        ))
    }
}
