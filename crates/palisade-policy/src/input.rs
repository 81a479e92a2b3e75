//! What policies are asked about.

use palisade_document::Value;

/// What kind of document is judged; a language takes those that its ecosystem knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// One Kubernetes object.
    KubernetesObject,
    /// A Kubernetes AdmissionReview (`admission.k8s.io/v1`).
    AdmissionReview,
    /// A Terraform plan as `terraform show -json` prints it.
    TerraformPlan,
    /// A Dockerfile's instructions.
    Dockerfile,
    /// A software bill of materials.
    Sbom,
    /// A CI workflow.
    Workflow,
    /// The whole system, as [`Input::data`] holds it: for policies that ask about paths and grants
    /// rather than about one document. It is judged once per run.
    System,
    /// Any other document.
    Other,
}

/// What is being done with the document (Kubernetes admission's own words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Operation {
    /// It is made.
    #[default]
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// A connection to it is opened.
    Connect,
}

impl Operation {
    /// The word that AdmissionReview uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Facts that policies may look up, handed in by the caller in place of a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct Supplied<'a> {
    /// Kubernetes objects by which look-ups (namespaces, ConfigMaps, inventory) are answered.
    pub objects: &'a [Value<'a>],
    /// Answers of API calls, by path, such as `/api/v1/namespaces`.
    pub api_calls: &'a [(&'a str, Value<'a>)],
    /// Facts about images, by reference: digest, signatures, attestations, configuration.
    pub images: &'a [(&'a str, Value<'a>)],
    /// Values of variables, by name, as test files of the ecosystems give them.
    pub variables: Option<Value<'a>>,
}

/// One document to judge, with what surrounds it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What the document is.
    pub subject: Subject,
    /// The document; for a `DELETE` the object that goes.
    pub document: Value<'a>,
    /// The object before an update.
    pub old: Option<Value<'a>>,
    /// What is done.
    pub operation: Operation,
    /// Who does it: Kubernetes' `userInfo`.
    pub user: Option<Value<'a>>,
    /// The `request` of the AdmissionReview that asks, for what the fields above do not hold
    /// (resource, subresource, dry run).
    pub request: Option<Value<'a>>,
    /// The system: what Rego sees as `data.palisade` (model, paths, grants, outcomes).
    pub data: Option<Value<'a>>,
    /// Facts that policies may look up.
    pub supplied: Supplied<'a>,
}

impl<'a> Input<'a> {
    /// A document that is made, with nothing around it.
    pub fn new(subject: Subject, document: Value<'a>) -> Self {
        Self {
            subject,
            document,
            old: None,
            operation: Operation::Create,
            user: None,
            request: None,
            data: None,
            supplied: Supplied::default(),
        }
    }
}
