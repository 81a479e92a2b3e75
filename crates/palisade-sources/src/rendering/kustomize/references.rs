//! Which fields hold the names of which objects (Kustomize 5.5, name references).

use super::resource::Id;

/// A kind of object, and who refers to objects of it.
#[derive(Debug)]
pub(super) struct Target {
    /// API group; empty for any.
    group: &'static str,
    /// API version; empty for any.
    version: &'static str,
    /// Kind.
    pub(super) kind: &'static str,
    /// Fields that hold its name.
    pub(super) references: &'static [Reference],
}

/// Fields of objects of some kinds.
#[derive(Debug)]
pub(super) enum Reference {
    /// Fields of the pods that these kinds make.
    Pods(&'static [&'static str], &'static [&'static str]),
    /// One field of the objects of one kind.
    Field(&'static str, &'static str),
    /// One field of the objects of one kind of one group.
    Grouped(&'static str, &'static str, &'static str),
}

impl Target {
    /// Whether a name is that of such an object.
    pub(super) fn is(&self, id: &Id) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(self.group, &id.group) && fits(self.version, &id.version) && self.kind == id.kind
    }
}

impl Reference {
    /// The paths of its fields in objects of a kind of a group.
    pub(super) fn paths(&self, kind: &str, group: &str) -> Vec<String> {
        match self {
            Self::Pods(kinds, fields) if kinds.contains(&kind) => {
                let pods = pods_of(kind);
                fields
                    .iter()
                    .map(|field| format!("{pods}/{field}"))
                    .collect()
            }
            Self::Field(of, path) if *of == kind => vec![(*path).to_owned()],
            Self::Grouped(in_group, of, path) if *of == kind && *in_group == group => {
                vec![(*path).to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// Where the pods of a kind are specified.
fn pods_of(kind: &str) -> &'static str {
    match kind {
        "Pod" => "spec",
        "PodTemplate" => "template/spec",
        "CronJob" => "spec/jobTemplate/spec/template/spec",
        _ => "spec/template/spec",
    }
}

const CONFIG_USERS: &[&str] = &[
    "Pod",
    "PodTemplate",
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "CronJob",
];
const ACCOUNT_USERS: &[&str] = &[
    "Pod",
    "StatefulSet",
    "Deployment",
    "ReplicationController",
    "CronJob",
    "Job",
    "DaemonSet",
];

const RBAC: &str = "rbac.authorization.k8s.io";
const SCALER: &[Reference] = &[Reference::Field(
    "HorizontalPodAutoscaler",
    "spec/scaleTargetRef/name",
)];

/// Every kind that is referred to by name.
pub(super) const TARGETS: &[Target] = &[
    Target {
        group: "",
        version: "",
        kind: "Deployment",
        references: SCALER,
    },
    Target {
        group: "",
        version: "",
        kind: "ReplicationController",
        references: SCALER,
    },
    Target {
        group: "",
        version: "",
        kind: "ReplicaSet",
        references: SCALER,
    },
    Target {
        group: "",
        version: "",
        kind: "StatefulSet",
        references: SCALER,
    },
    Target {
        group: "",
        version: "v1",
        kind: "ConfigMap",
        references: &[
            Reference::Pods(
                CONFIG_USERS,
                &[
                    "volumes/configMap/name",
                    "containers/env/valueFrom/configMapKeyRef/name",
                    "initContainers/env/valueFrom/configMapKeyRef/name",
                    "containers/envFrom/configMapRef/name",
                    "initContainers/envFrom/configMapRef/name",
                    "volumes/projected/sources/configMap/name",
                ],
            ),
            Reference::Field("Node", "spec/configSource/configMap"),
            Reference::Field("Role", "rules/resourceNames"),
            Reference::Field("ClusterRole", "rules/resourceNames"),
            Reference::Field(
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
            ),
        ],
    },
    Target {
        group: "",
        version: "v1",
        kind: "Secret",
        references: &[
            Reference::Pods(
                CONFIG_USERS,
                &[
                    "volumes/secret/secretName",
                    "containers/env/valueFrom/secretKeyRef/name",
                    "initContainers/env/valueFrom/secretKeyRef/name",
                    "containers/envFrom/secretRef/name",
                    "initContainers/envFrom/secretRef/name",
                    "imagePullSecrets/name",
                    "volumes/projected/sources/secret/name",
                ],
            ),
            Reference::Field("Ingress", "spec/tls/secretName"),
            Reference::Field(
                "Ingress",
                "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
            ),
            Reference::Field(
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
            ),
            Reference::Field(
                "Ingress",
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
            ),
            Reference::Field("ServiceAccount", "imagePullSecrets/name"),
            Reference::Field("StorageClass", "parameters/secretName"),
            Reference::Field("StorageClass", "parameters/adminSecretName"),
            Reference::Field("StorageClass", "parameters/userSecretName"),
            Reference::Field("StorageClass", "parameters/secretRef"),
            Reference::Field("Role", "rules/resourceNames"),
            Reference::Field("ClusterRole", "rules/resourceNames"),
            Reference::Grouped(
                "serving.knative.dev",
                "Service",
                "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            ),
            Reference::Field("PersistentVolume", "spec/azureFile/secretName"),
        ],
    },
    Target {
        group: "",
        version: "v1",
        kind: "Service",
        references: &[
            Reference::Grouped("apps", "StatefulSet", "spec/serviceName"),
            Reference::Field("Ingress", "spec/rules/http/paths/backend/serviceName"),
            Reference::Field("Ingress", "spec/backend/serviceName"),
            Reference::Field("Ingress", "spec/rules/http/paths/backend/service/name"),
            Reference::Field("Ingress", "spec/defaultBackend/service/name"),
            Reference::Grouped("apiregistration.k8s.io", "APIService", "spec/service/name"),
            Reference::Grouped(
                "admissionregistration.k8s.io",
                "ValidatingWebhookConfiguration",
                "webhooks/clientConfig/service",
            ),
            Reference::Grouped(
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration",
                "webhooks/clientConfig/service",
            ),
        ],
    },
    Target {
        group: RBAC,
        version: "",
        kind: "Role",
        references: &[Reference::Grouped(RBAC, "RoleBinding", "roleRef/name")],
    },
    Target {
        group: RBAC,
        version: "",
        kind: "ClusterRole",
        references: &[
            Reference::Grouped(RBAC, "RoleBinding", "roleRef/name"),
            Reference::Grouped(RBAC, "ClusterRoleBinding", "roleRef/name"),
        ],
    },
    Target {
        group: "",
        version: "v1",
        kind: "ServiceAccount",
        references: &[
            Reference::Grouped(RBAC, "RoleBinding", "subjects"),
            Reference::Grouped(RBAC, "ClusterRoleBinding", "subjects"),
            Reference::Pods(ACCOUNT_USERS, &["serviceAccountName"]),
        ],
    },
    Target {
        group: "",
        version: "v1",
        kind: "PersistentVolumeClaim",
        references: &[Reference::Pods(
            ACCOUNT_USERS,
            &["volumes/persistentVolumeClaim/claimName"],
        )],
    },
    Target {
        group: "",
        version: "v1",
        kind: "PersistentVolume",
        references: &[
            Reference::Field("PersistentVolumeClaim", "spec/volumeName"),
            Reference::Field("ClusterRole", "rules/resourceNames"),
        ],
    },
    Target {
        group: "storage.k8s.io",
        version: "v1",
        kind: "StorageClass",
        references: &[
            Reference::Field("PersistentVolume", "spec/storageClassName"),
            Reference::Field("PersistentVolumeClaim", "spec/storageClassName"),
            Reference::Field(
                "StatefulSet",
                "spec/volumeClaimTemplates/spec/storageClassName",
            ),
        ],
    },
    Target {
        group: "scheduling.k8s.io",
        version: "v1",
        kind: "PriorityClass",
        references: &[Reference::Pods(ACCOUNT_USERS, &["priorityClassName"])],
    },
    Target {
        group: "admissionregistration.k8s.io",
        version: "",
        kind: "ValidatingAdmissionPolicy",
        references: &[Reference::Grouped(
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding",
            "spec/policyName",
        )],
    },
];
