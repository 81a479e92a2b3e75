//! What one file says, before the files are put together.

use std::collections::BTreeMap;

use palisade_document::Limits;
use palisade_model::{Backend, Cidr, Diagnostic, DiagnosticLevel, Fact, Model, Origin, Workload};

use crate::documents::ReadDocument;
use crate::formats::falco::Response;
use crate::formats::kubernetes::admission::{PolicyBinding, UnboundPolicy};
use crate::formats::kubernetes::cilium::NamedPeer;
use crate::formats::kubernetes::entries::{GatewayListener, IngressClass, Route};
use crate::formats::kubernetes::linkerd::ServerSelection;

/// Facts of one or more files; the model in it is neither sorted nor linked yet.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Nodes as read, in source order; [`crate::build`] sorts, merges and links them.
    pub(crate) model: Model,
    /// Pods that have an owner; those of one owner become one workload.
    pub(crate) owned_pods: Vec<Workload>,
    /// What is wrong with the texts.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The mesh's root namespace, which decides how far some mesh policies reach.
    pub(crate) mesh_root: String,
    /// Bounds on each text.
    pub(crate) limits: Limits,
    /// Storage classes by name, and whether they say that they encrypt.
    pub(crate) storage_classes: BTreeMap<String, Fact<bool>>,
    /// The storage class of claims that name none.
    pub(crate) default_storage_class: Option<Fact<String>>,
    /// Claims (namespace, name) that a snapshot or backup object names; an empty name means all.
    pub(crate) backups: Vec<Fact<(String, String)>>,
    /// Text values of config maps, kept only while reading, to find declared flows.
    pub(crate) config_values: Vec<ConfigValue>,
    /// References across namespaces that somebody allowed.
    pub(crate) allowed_references: Vec<ReferencePermission>,
    /// Where objects of a kind and name stand in files, for the places of rendered ones.
    pub(crate) declared: BTreeMap<(String, String), Vec<Origin>>,
    /// Routes that wait for the gateway that they are attached to.
    pub(crate) routes: Vec<Route>,
    /// What the listeners of gateways admit, by namespace and name of the gateway.
    pub(crate) gateway_listeners: BTreeMap<(String, String), Vec<GatewayListener>>,
    /// Where rules without hosts lead, by namespace and name; others hand requests to them.
    pub(crate) delegated: BTreeMap<(String, String), Vec<Backend>>,
    /// Classes of ingresses.
    pub(crate) ingress_classes: Vec<IngressClass>,
    /// Admission policies that hold only where a binding says so.
    pub(crate) unbound_policies: Vec<UnboundPolicy>,
    /// Peers of network policies that stand under a name in another object.
    pub(crate) named_peers: Vec<NamedPeer>,
    /// Groups of addresses by name.
    pub(crate) address_groups: BTreeMap<String, Vec<Cidr>>,
    /// Servers of Linkerd by the namespace and name of the routes that are attached to them.
    pub(crate) server_routes: BTreeMap<(String, String), Vec<String>>,
    /// Authorizations of Linkerd for the servers with some labels.
    pub(crate) server_selections: Vec<ServerSelection>,
    /// What is done on detections.
    pub(crate) responses: Vec<Response>,
    /// Bindings that put admission policies in force.
    pub(crate) policy_bindings: Vec<PolicyBinding>,
    /// Whether documents are kept for policies.
    pub(crate) keeps_documents: bool,
    /// Documents that policies judge.
    pub(crate) documents: Vec<ReadDocument>,
    /// Kinds that were met and are not read, so that each is told once per file.
    pub(crate) unread_kinds: BTreeMap<(String, String), Origin>,
}

/// One value of a config map that is not a secret.
#[derive(Debug)]
pub(crate) struct ConfigValue {
    /// Namespace of the config map.
    pub(crate) namespace: String,
    /// Name of the config map.
    pub(crate) name: String,
    /// Key.
    pub(crate) key: String,
    /// Value with its place.
    pub(crate) value: Fact<String>,
}

/// A Gateway API ReferenceGrant: what in one namespace objects of another may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReferencePermission {
    /// Namespace that is referred from.
    pub(crate) from_namespace: String,
    /// Kind that refers, such as `HTTPRoute`.
    pub(crate) from_kind: String,
    /// Namespace of the grant, and so of the target.
    pub(crate) to_namespace: String,
    /// Kind of the target, such as `Service`.
    pub(crate) to_kind: String,
    /// Name of the target; `None` allows every one.
    pub(crate) to_name: Option<String>,
}

impl Facts {
    /// No facts yet; `mesh_root` is the mesh's root namespace.
    pub(crate) fn new(mesh_root: &str) -> Self {
        Self {
            mesh_root: mesh_root.to_owned(),
            ..Self::default()
        }
    }

    /// Says that something was not read, so that the verdict is incomplete.
    pub(crate) fn error(&mut self, origin: Origin, message: impl Into<String>) {
        self.report(DiagnosticLevel::Error, origin, message.into());
    }

    /// Says that a text is doubtful at this place.
    pub(crate) fn warn(&mut self, origin: Origin, message: impl Into<String>) {
        self.report(DiagnosticLevel::Warning, origin, message.into());
    }

    /// Says something worth knowing about this place.
    pub(crate) fn note(&mut self, origin: Origin, message: impl Into<String>) {
        self.report(DiagnosticLevel::Note, origin, message.into());
    }

    fn report(&mut self, level: DiagnosticLevel, origin: Origin, message: String) {
        self.diagnostics.push(Diagnostic {
            level,
            message,
            origin: Some(origin),
            help: None,
        });
    }

    /// Adds the facts of another file after these.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        let (model, more) = (&mut self.model, &mut other.model);
        model.zones.append(&mut more.zones);
        model.workloads.append(&mut more.workloads);
        model
            .other_declarations
            .append(&mut more.other_declarations);
        model.services.append(&mut more.services);
        model.entry_points.append(&mut more.entry_points);
        model.identities.append(&mut more.identities);
        model.roles.append(&mut more.roles);
        model.bindings.append(&mut more.bindings);
        model.datasets.append(&mut more.datasets);
        model.secrets.append(&mut more.secrets);
        model.config.append(&mut more.config);
        model.images.append(&mut more.images);
        model.pipelines.append(&mut more.pipelines);
        model.controls.append(&mut more.controls);
        model.actors.append(&mut more.actors);
        model.edges.append(&mut more.edges);
        self.owned_pods.append(&mut other.owned_pods);
        self.diagnostics.append(&mut other.diagnostics);
        self.storage_classes.append(&mut other.storage_classes);
        if self.default_storage_class.is_none() {
            self.default_storage_class = other.default_storage_class;
        }
        self.backups.append(&mut other.backups);
        self.config_values.append(&mut other.config_values);
        self.documents.append(&mut other.documents);
        self.routes.append(&mut other.routes);
        for (key, mut origins) in other.declared {
            self.declared.entry(key).or_default().append(&mut origins);
        }
        for (key, listeners) in other.gateway_listeners {
            self.gateway_listeners.entry(key).or_insert(listeners);
        }
        for (key, backends) in other.delegated {
            self.delegated.entry(key).or_insert(backends);
        }
        self.ingress_classes.append(&mut other.ingress_classes);
        self.unbound_policies.append(&mut other.unbound_policies);
        self.named_peers.append(&mut other.named_peers);
        for (name, blocks) in other.address_groups {
            self.address_groups.entry(name).or_insert(blocks);
        }
        for (key, servers) in other.server_routes {
            self.server_routes.entry(key).or_insert(servers);
        }
        self.server_selections.append(&mut other.server_selections);
        self.responses.append(&mut other.responses);
        self.policy_bindings.append(&mut other.policy_bindings);
        self.allowed_references
            .append(&mut other.allowed_references);
    }
}
