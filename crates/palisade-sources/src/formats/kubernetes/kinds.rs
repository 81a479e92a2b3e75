//! The one table of kinds that are read.

use super::{
    admission, cilium, config, delivery, detection, disruption, entries, istio, linkerd,
    namespaces, network, rbac, services, storage, workloads,
};
use crate::facts::Facts;
use crate::object::Object;

/// Turns one object into facts.
type Read = fn(&Object<'_>, &mut Facts);

/// API group, kind, and what reads it. Versions of a group are read alike.
const KINDS: &[(&str, &str, Read)] = &[
    ("", "ConfigMap", config::config_map),
    ("", "LimitRange", disruption::limits),
    ("", "Namespace", namespaces::namespace),
    ("", "PersistentVolumeClaim", storage::claim),
    ("", "Pod", workloads::pod),
    ("", "ReplicationController", workloads::controller),
    ("", "ResourceQuota", disruption::quota),
    ("", "Secret", config::secret),
    ("", "Service", services::service),
    ("", "ServiceAccount", rbac::service_account),
    ("apps", "DaemonSet", workloads::controller),
    ("apps", "Deployment", workloads::controller),
    ("apps", "ReplicaSet", workloads::controller),
    ("apps", "StatefulSet", workloads::controller),
    (
        "autoscaling",
        "HorizontalPodAutoscaler",
        disruption::autoscaler,
    ),
    ("batch", "CronJob", workloads::cron_job),
    ("batch", "Job", workloads::controller),
    ("bitnami.com", "SealedSecret", config::managed_secret),
    ("extensions", "DaemonSet", workloads::controller),
    ("extensions", "Deployment", workloads::controller),
    ("extensions", "NetworkPolicy", network::namespaced),
    ("extensions", "ReplicaSet", workloads::controller),
    (
        "external-secrets.io",
        "ExternalSecret",
        config::managed_secret,
    ),
    ("networking.k8s.io", "NetworkPolicy", network::namespaced),
    ("policy", "PodDisruptionBudget", disruption::budget),
    (
        "policy.networking.k8s.io",
        "AdminNetworkPolicy",
        network::admin,
    ),
    (
        "policy.networking.k8s.io",
        "BaselineAdminNetworkPolicy",
        network::baseline,
    ),
    (
        "policy.networking.k8s.io",
        "ClusterNetworkPolicy",
        network::cluster,
    ),
    (
        "rbac.authorization.k8s.io",
        "ClusterRole",
        rbac::cluster_role,
    ),
    (
        "rbac.authorization.k8s.io",
        "ClusterRoleBinding",
        rbac::cluster_binding,
    ),
    ("rbac.authorization.k8s.io", "Role", rbac::role),
    ("rbac.authorization.k8s.io", "RoleBinding", rbac::binding),
    (
        "secrets-store.csi.x-k8s.io",
        "SecretProviderClass",
        config::managed_secret,
    ),
    (
        "snapshot.storage.k8s.io",
        "VolumeSnapshot",
        storage::snapshot,
    ),
    ("storage.k8s.io", "StorageClass", storage::storage_class),
    ("velero.io", "Backup", storage::backup),
    ("velero.io", "Schedule", storage::backup_schedule),
    ("extensions", "Ingress", entries::ingress),
    (
        "gateway.networking.k8s.io",
        "GRPCRoute",
        entries::gateway_api_route,
    ),
    (
        "gateway.networking.k8s.io",
        "Gateway",
        entries::gateway_api_gateway,
    ),
    (
        "gateway.networking.k8s.io",
        "HTTPRoute",
        entries::gateway_api_route,
    ),
    (
        "gateway.networking.k8s.io",
        "ReferenceGrant",
        entries::reference_grant,
    ),
    (
        "gateway.networking.k8s.io",
        "TCPRoute",
        entries::gateway_api_route,
    ),
    (
        "gateway.networking.k8s.io",
        "TLSRoute",
        entries::gateway_api_route,
    ),
    (
        "gateway.networking.k8s.io",
        "UDPRoute",
        entries::gateway_api_route,
    ),
    (
        "networking.istio.io",
        "DestinationRule",
        istio::destination_rule,
    ),
    ("networking.istio.io", "Gateway", istio::gateway),
    ("networking.istio.io", "ServiceEntry", istio::service_entry),
    ("networking.istio.io", "Sidecar", istio::sidecar),
    (
        "networking.istio.io",
        "VirtualService",
        istio::virtual_service,
    ),
    ("networking.k8s.io", "Ingress", entries::ingress),
    ("networking.k8s.io", "IngressClass", entries::ingress_class),
    (
        "policy.linkerd.io",
        "AuthorizationPolicy",
        linkerd::authorization_policy,
    ),
    (
        "policy.linkerd.io",
        "MeshTLSAuthentication",
        linkerd::mesh_tls_authentication,
    ),
    (
        "policy.linkerd.io",
        "NetworkAuthentication",
        linkerd::network_authentication,
    ),
    ("policy.linkerd.io", "HTTPRoute", linkerd::route),
    ("policy.linkerd.io", "Server", linkerd::server),
    (
        "policy.linkerd.io",
        "ServerAuthorization",
        linkerd::server_authorization,
    ),
    ("route.openshift.io", "Route", entries::openshift_route),
    (
        "security.istio.io",
        "AuthorizationPolicy",
        istio::authorization_policy,
    ),
    (
        "security.istio.io",
        "PeerAuthentication",
        istio::peer_authentication,
    ),
    (
        "security.istio.io",
        "RequestAuthentication",
        istio::request_authentication,
    ),
    ("telemetry.istio.io", "Telemetry", istio::telemetry),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        admission::policy,
    ),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        admission::binding,
    ),
    ("argoproj.io", "Application", delivery::application),
    ("argoproj.io", "ApplicationSet", delivery::application_set),
    ("audit.k8s.io", "Policy", detection::audit_policy),
    ("cilium.io", "TracingPolicy", detection::tracing_policy),
    (
        "cilium.io",
        "TracingPolicyNamespaced",
        detection::tracing_policy,
    ),
    (
        "helm.toolkit.fluxcd.io",
        "HelmRelease",
        delivery::helm_release,
    ),
    (
        "kustomize.toolkit.fluxcd.io",
        "Kustomization",
        delivery::kustomization,
    ),
    ("kyverno.io", "ClusterPolicy", admission::kyverno),
    ("kyverno.io", "Policy", admission::kyverno),
    (
        "policies.kyverno.io",
        "ImageValidatingPolicy",
        admission::kyverno_validating,
    ),
    (
        "policies.kyverno.io",
        "ValidatingPolicy",
        admission::kyverno_validating,
    ),
    (
        "policy.sigstore.dev",
        "ClusterImagePolicy",
        admission::image_policy,
    ),
    (
        "artifact.falcosecurity.dev",
        "Rulesfile",
        detection::named_rule,
    ),
    (
        "cilium.io",
        "CiliumClusterwideNetworkPolicy",
        cilium::clusterwide,
    ),
    ("cilium.io", "CiliumCIDRGroup", cilium::address_group),
    ("cilium.io", "CiliumNetworkPolicy", cilium::namespaced),
    (
        "monitoring.coreos.com",
        "PrometheusRule",
        detection::prometheus_rule,
    ),
    (
        "policies.kyverno.io",
        "NamespacedImageValidatingPolicy",
        admission::kyverno_validating,
    ),
    (
        "policies.kyverno.io",
        "NamespacedValidatingPolicy",
        admission::kyverno_validating,
    ),
    (
        "security.kubearmor.com",
        "KubeArmorPolicy",
        detection::kubearmor,
    ),
];

/// Kinds that say nothing about security here, and are passed over in silence.
const SILENT: &[(&str, &str)] = &[
    ("", "Endpoints"),
    ("", "Event"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("apps", "ControllerRevision"),
    ("coordination.k8s.io", "Lease"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "Event"),
    ("node.k8s.io", "RuntimeClass"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("argoproj.io", "AppProject"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("source.toolkit.fluxcd.io", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "OCIRepository"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
];

/// Groups whose objects say where requests go.
const ROUTING: &[&str] = &[
    "extensions",
    "gateway.networking.k8s.io",
    "networking.istio.io",
    "networking.k8s.io",
    "route.openshift.io",
];

/// Kinds whose objects have no name.
const NAMELESS: &[(&str, &str)] = &[("audit.k8s.io", "Policy")];

/// Reads an object of any kind.
pub(super) fn read(object: &Object<'_>, facts: &mut Facts) {
    let is = |(group, kind): (&str, &str)| group == object.group && kind == object.kind;
    let reader = KINDS.iter().find(|(group, kind, _)| is((group, kind)));
    // Gatekeeper makes a kind of its own for each template.
    let constraint = object.group == "constraints.gatekeeper.sh";
    let reader = match reader {
        Some((_, _, reader)) => *reader,
        None if constraint => admission::gatekeeper,
        None => return unknown(object, facts),
    };
    if object.name.is_empty() && !NAMELESS.iter().copied().any(is) {
        let message = format!(
            "this {} has no `metadata.name`, so it was left out",
            object.kind
        );
        facts.warn(object.whole(), message);
        return;
    }
    reader(object, facts);
    if ROUTING.contains(&object.group.as_str()) && object.kind != "NetworkPolicy" {
        entries::tell_ports(object, facts);
    }
}

fn unknown(object: &Object<'_>, facts: &mut Facts) {
    let is = |(group, kind): &(&str, &str)| *group == object.group && *kind == object.kind;
    if SILENT.iter().any(is) || workloads::custom(object, facts) {
        return;
    }
    let key = (object.group.clone(), object.kind.clone());
    facts
        .unread_kinds
        .entry(key)
        .or_insert_with(|| object.whole());
}
