//! One admission request as Kyverno's rules see it, made from an [`Input`] or by a test runner.

use bumpalo::Bump;
use palisade_document::{SourceFile, Span};
use palisade_model::Origin;

use crate::datum::Datum;
use crate::fit::NamespaceLabels;
use crate::input::{Input, Operation, Subject, Supplied};

use super::stored;

/// Kinds that have no namespace.
const CLUSTER_WIDE: [&str; 40] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "StorageClass",
    "CustomResourceDefinition",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PriorityClass",
    "IngressClass",
    "RuntimeClass",
    "CSIDriver",
    "CSINode",
    "VolumeAttachment",
    "APIService",
    "FlowSchema",
    "PriorityLevelConfiguration",
    "CertificateSigningRequest",
    "ClusterPolicy",
    "ClusterCleanupPolicy",
    "PodSecurityPolicy",
    "ComponentStatus",
    "TokenReview",
    "SubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "ClusterTrustBundle",
    "DeviceClass",
    "ServiceCIDR",
    "IPAddress",
    "StorageVersion",
    "ResourceSlice",
    "VolumeAttributesClass",
    "SelfSubjectReview",
    "ClusterTrustBundles",
];

/// Group, version and kind of a request's resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gvk<'a> {
    /// API group; empty for the core group.
    pub(crate) group: &'a str,
    /// Version.
    pub(crate) version: &'a str,
    /// Kind.
    pub(crate) kind: &'a str,
}

impl<'a> Gvk<'a> {
    /// Reads `apiVersion` and `kind` of an object.
    pub(crate) fn of(object: Datum<'a>) -> Self {
        let text = |key| object.get(key).and_then(Datum::as_text).unwrap_or("");
        let api = text("apiVersion");
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        Self {
            group,
            version,
            kind: text("kind"),
        }
    }
}

/// A resource of the API by its plural name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gvr<'a> {
    /// API group; empty for the core group.
    pub(crate) group: &'a str,
    /// Version.
    pub(crate) version: &'a str,
    /// Plural name, such as `deployments`.
    pub(crate) resource: &'a str,
}

/// What is asked: an object is to be made, changed, removed or connected to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The new object; `None` for a `DELETE`.
    pub(crate) object: Option<Datum<'a>>,
    /// The object before: of an `UPDATE`, and the object that goes of a `DELETE`.
    pub(crate) old_object: Option<Datum<'a>>,
    /// The object as it is written, which says where it stands.
    pub(crate) written: Datum<'a>,
    /// What is done.
    pub(crate) operation: Operation,
    /// Kubernetes' `userInfo` (`username`, `uid`, `groups`, `extra`); `Null` if unknown.
    pub(crate) user_info: Datum<'a>,
    /// Names of the user's roles (`namespace:name`), as far as they are known.
    pub(crate) roles: &'a [&'a str],
    /// Names of the user's cluster roles, as far as they are known.
    pub(crate) cluster_roles: &'a [&'a str],
    /// Labels that the resource's namespace is declared with; `None` if nobody supplied it.
    pub(crate) declared_labels: Option<Datum<'a>>,
    /// Kind of the resource.
    pub(crate) gvk: Gvk<'a>,
    /// Subresource, such as `status` or `scale`; empty for the resource itself.
    pub(crate) subresource: &'a str,
    /// Plural resource name, where the request says it.
    pub(crate) resource: &'a str,
    /// The resource that is asked for, where the request says it. What is sent to a subresource is
    /// of another kind, such as `PodExecOptions` for `pods/exec`.
    pub(crate) target: Option<Gvr<'a>>,
    /// Name of the resource.
    pub(crate) name: &'a str,
    /// Namespace; empty for cluster-wide resources.
    pub(crate) namespace: &'a str,
    /// Whether nothing is to be stored.
    pub(crate) dry_run: bool,
    /// The whole `request` of an AdmissionReview, where one was given.
    pub(crate) review: Option<Datum<'a>>,
    /// Facts that policies may look up.
    pub(crate) supplied: Supplied<'a>,
    /// Values of variables by their dotted names, as a test file gives them; they win over
    /// looked-up ones.
    pub(crate) variables: &'a [(&'a str, Datum<'a>)],
    /// Values of variables for one rule each, by the rule's name, as a test file gives them.
    pub(crate) rule_variables: &'a [(&'a str, Datum<'a>)],
    /// Objects by which look-ups are answered, besides those of `supplied`.
    pub(crate) objects: &'a [Datum<'a>],
}

impl<'a> Request<'a> {
    /// An object that is made, with nothing around it.
    pub(crate) fn create(object: Datum<'a>) -> Self {
        let metadata = |key| {
            let metadata = object.get("metadata")?;
            metadata.get(key)?.as_text()
        };
        Self {
            object: Some(object),
            old_object: None,
            written: object,
            operation: Operation::Create,
            user_info: Datum::Null,
            roles: &[],
            cluster_roles: &[],
            declared_labels: None,
            gvk: Gvk::of(object),
            subresource: "",
            resource: "",
            target: None,
            name: metadata("name")
                .or_else(|| metadata("generateName"))
                .unwrap_or(""),
            namespace: metadata("namespace").unwrap_or(""),
            dry_run: false,
            review: None,
            supplied: Supplied::default(),
            variables: &[],
            rule_variables: &[],
            objects: &[],
        }
    }

    /// The request that an input is; `None` for documents that Kyverno does not judge.
    ///
    /// An object of a file is taken as a server would hold it; what a server sent is taken as sent.
    pub(crate) fn of(arena: &'a Bump, input: &Input<'a>) -> Option<Self> {
        let mut request = match input.subject {
            Subject::KubernetesObject => {
                let held = |object: Datum<'a>| match input.request {
                    Some(_) => object,
                    None => stored::as_stored(arena, object),
                };
                let mut request = Self::create(held(input.document.into()));
                request.written = input.document.into();
                request.old_object = input.old.map(|old| held(old.into()));
                request.operation = input.operation;
                if input.operation == Operation::Delete {
                    request.old_object = request.object.take();
                }
                request
            }
            Subject::AdmissionReview => Self::of_review(Datum::from(input.document))?,
            _ => return None,
        };
        if let Some(asked) = input.request {
            request.describe(asked.into());
            // The document may be what policies before made of the request's object.
            if input.subject == Subject::KubernetesObject && request.object.is_some() {
                request.object = Some(input.document.into());
                request.written = input.document.into();
            }
        }
        if let Some(user) = input.user {
            request.user_info = user.into();
        }
        request.supplied = input.supplied;
        request.declared_labels = request.find_namespace_labels();
        Some(request)
    }

    fn of_review(review: Datum<'a>) -> Option<Self> {
        let body = review.get("request")?;
        let mut request = Self::create(Datum::Null);
        request.describe(body);
        Some(request)
    }

    /// Takes what the `request` of an AdmissionReview says.
    fn describe(&mut self, body: Datum<'a>) {
        let request = self;
        let present = |key| body.get(key).filter(|value| value.is_map());
        let text = |key| body.get(key).and_then(Datum::as_text);
        let (object, old) = (present("object"), present("oldObject"));
        *request = Self::create(object.or(old).unwrap_or(Datum::Null));
        request.object = object;
        request.old_object = old;
        request.operation = match text("operation") {
            Some("UPDATE") => Operation::Update,
            Some("DELETE") => Operation::Delete,
            Some("CONNECT") => Operation::Connect,
            _ => Operation::Create,
        };
        request.user_info = body.get("userInfo").unwrap_or(Datum::Null);
        let part = |of: &str, key: &str| body.get(of)?.get(key)?.as_text();
        if let Some(kind) = part("kind", "kind") {
            request.gvk = Gvk {
                group: part("kind", "group").unwrap_or(""),
                version: part("kind", "version").unwrap_or(""),
                kind,
            };
        }
        request.resource = part("resource", "resource").unwrap_or("");
        request.subresource = text("subResource").unwrap_or("");
        if !request.resource.is_empty() {
            request.target = Some(Gvr {
                group: part("resource", "group").unwrap_or(""),
                version: part("resource", "version").unwrap_or(""),
                resource: request.resource,
            });
        }
        request.name = text("name").unwrap_or(request.name);
        request.namespace = text("namespace").unwrap_or(request.namespace);
        request.dry_run = body.get("dryRun").and_then(Datum::as_bool).unwrap_or(false);
        request.review = Some(body);
    }

    /// The objects by which look-ups are answered.
    pub(crate) fn known_objects(&self) -> impl Iterator<Item = Datum<'a>> + use<'a> {
        let supplied = self.supplied.objects.iter().copied().map(Datum::from);
        self.objects.iter().copied().chain(supplied)
    }

    /// Where a value of the request stands, if it comes from a text.
    pub(crate) fn place(value: Datum<'a>) -> Option<Origin> {
        match value {
            Datum::Document(value) => {
                let file: &SourceFile = value.document().file();
                let span: Span = value.span();
                Some(Origin::new(file, span))
            }
            _ => None,
        }
    }

    /// The labels of the namespace that the resource is in. A file that does not say it goes
    /// wherever it is applied, which is `default` where nobody says otherwise.
    pub(crate) fn namespace_labels(&self) -> NamespaceLabels<'a> {
        NamespaceLabels {
            name: self.home(),
            declared: self.declared_labels,
        }
    }

    fn home(&self) -> &'a str {
        let kind = self.gvk.kind;
        let says_nothing = self.namespace.is_empty() && self.review.is_none() && !kind.is_empty();
        if says_nothing && !is_cluster_wide(kind) {
            return "default";
        }
        self.namespace
    }

    fn find_namespace_labels(&self) -> Option<Datum<'a>> {
        let home = self.home();
        let found = self.known_objects().find(|object| {
            let name = object.get("metadata").and_then(|meta| meta.get("name"));
            object.get("kind").and_then(Datum::as_text) == Some("Namespace")
                && name.and_then(Datum::as_text) == Some(home)
        })?;
        let labels = found.get("metadata").and_then(|meta| meta.get("labels"));
        Some(labels.unwrap_or(Datum::Null))
    }
}

/// Whether resources of a kind are in no namespace.
pub(crate) fn is_cluster_wide(kind: &str) -> bool {
    CLUSTER_WIDE.contains(&kind) || kind.starts_with("Cluster")
}
